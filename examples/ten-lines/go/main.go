// Command ten-lines shows streaming, cancelling and a typed answer, in ten lines.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	aded "aded.io/client-go"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	// --- begin
	type verdict struct{ Right bool }
	client := must(aded.Dial(os.Args[1]))
	story := client.Stream(ctx, "Tell me a long story.")
	for text, err := range story.Texts() {
		fmt.Print(text)
		if err != nil || len(story.Partial().Text) > 60 {
			break // leaving the loop cancels
		}
	}
	fmt.Println(aded.Parse[verdict](ctx, client, "Is Rome in Italy?"))
	client.Close()
	// --- end
}
