// Command cancellation stops an answer midway, and goes on with the conversation.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	aded "aded.io/client-go"
)

const long = "Tell me a long story about a lighthouse."

func main() {
	ctx := context.Background()
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	conversation, err := client.Converse(ctx, aded.WithDefaults(aded.MaxTokens(400)))
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()

	// Cancel: the server is asked to stop, and says what the part that came has cost.
	story, count := conversation.Ask(ctx, long), 0
	for event, err := range story.Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch event := event.(type) {
		case aded.Delta:
			fmt.Print(event.Text)
		case aded.Finished:
			fmt.Printf("\n[%s after %d tokens]\n\n", event.Reason, event.Usage.CompletionTokens)
		}
		if count++; count == 10 {
			story.Cancel()
		}
	}

	// Leaving the loop: no longer interested. The rest is dropped when the next question is asked.
	for event := range conversation.Ask(ctx, long).Events() {
		fmt.Printf("[closed after %+v]\n\n", event)
		break
	}
	answer, err := conversation.Ask(ctx, "What was the story about?", aded.MaxTokens(32)).Answer()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
}
