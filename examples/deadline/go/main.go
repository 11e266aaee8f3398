// Command deadline gives an answer a time limit, and keeps what came.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	aded "aded.io/client-go"
)

func main() {
	ctx := context.Background()
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	conversation, err := client.Converse(ctx, aded.WithDefaults(aded.Draft("off")))
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()
	answer, err := conversation.Ask(ctx, "Tell me everything about the sea.",
		aded.Timeout(500*time.Millisecond), aded.MaxTokens(4000)).Answer()
	fmt.Println(answer.Text) // whatever came
	if errors.Is(err, aded.DeadlineExceeded) {
		fmt.Printf("[%v]\n", err)
	}
	// The turn is over, the conversation is not.
	answer, err = conversation.Ask(ctx, "In one word, please.", aded.MaxTokens(8)).Answer()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
}
