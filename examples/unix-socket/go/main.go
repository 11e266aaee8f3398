// Command unix-socket talks to a sidecar that nobody else on the machine can: `./aded serve --listen unix:/tmp/aded.sock`
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	aded "aded.io/client-go"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := client.WaitReady(ctx); err != nil { // also while the model is still loading
		log.Fatal(err)
	}
	model, err := client.Model(ctx, "")
	if err != nil {
		log.Fatal(err)
	}
	answer, err := client.Chat(ctx, "Name three rivers.", aded.MaxTokens(32))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %s\n%s\n", os.Args[1], model.Name, answer.Text)
}
