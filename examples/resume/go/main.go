// Command resume leaves a conversation and goes on over another connection, with its history, KV cache and drafter.
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

const name = "example-resume-go"

func ask(ctx context.Context, client *aded.Client, question string, options ...aded.ConversationOption) *aded.Answer {
	conversation, err := client.Converse(ctx, append(options, aded.WithID(name), aded.WithDefaults(aded.MaxTokens(32)))...)
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()
	if info := conversation.Info(); info.Resumed {
		fmt.Printf("[resumed %s with %d tokens]\n", info.ID, info.HistoryTokens)
	}
	answer, err := conversation.Ask(ctx, question).Answer()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	return answer
}

func main() {
	ctx := context.Background()
	for i, question := range []string{"My name is Ada.", "What is my name?"} {
		client, err := aded.Dial(os.Args[1], aded.WithClientID("examples"))
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		if i == 0 {
			ask(ctx, client, question, aded.Retention(time.Minute))
			continue
		}
		usage := ask(ctx, client, question, aded.RequireResume(), aded.Retention(0)).Finished.Usage
		fmt.Printf("[%d of %d tokens needed no computing]\n", usage.CachedPromptTokens, usage.PromptTokens)
		if _, err := client.Converse(ctx, aded.WithID("never-there"), aded.RequireResume()); errors.Is(err, aded.NotFound) {
			fmt.Printf("[%v]\n", err)
		}
	}
}
