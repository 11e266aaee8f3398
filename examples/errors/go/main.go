// Command errors tells failures apart, and says what is tried again.
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

// What may pass is tried again by the client itself, here up to three times, no sooner than the server says.
var patient = aded.WithRetry(aded.RetryPolicy{Attempts: 3, Initial: 200 * time.Millisecond, Max: time.Second})

func attempt(what string, call func() (any, error)) {
	fmt.Println(what + ":")
	result, err := call()
	var failure *aded.Error
	switch {
	case err == nil:
		fmt.Println("  answered:", result)
	case !errors.As(err, &failure):
		log.Fatal(err)
	case failure.Kind == aded.InvalidRequest:
		for _, wrong := range failure.Violations { // all of them at once
			fmt.Println(" ", wrong.Field, wrong.Description)
		}
	case errors.Is(err, aded.Unavailable), errors.Is(err, aded.ResourceExhausted):
		fmt.Printf("  %s %s: %s; try again in %v\n", failure.Kind, failure.Reason, failure.Message, failure.RetryAfter)
	default:
		fmt.Printf("  %s %s: %s\n", failure.Kind, failure.Reason, failure.Message)
	}
}

func main() {
	ctx := context.Background()
	client, err := aded.Dial(os.Args[1], patient)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	attempt("values out of range", func() (any, error) {
		return client.Chat(ctx, "Hello", aded.Temperature(-1), aded.MaxTokens(-5))
	})
	attempt("a model that is not there", func() (any, error) { return client.Model(ctx, "no-such-model") })
	attempt("nothing to resume", func() (any, error) {
		return client.Converse(ctx, aded.WithID("never-there"), aded.RequireResume())
	})
	attempt("an ordinary question", func() (any, error) {
		answer, err := client.Chat(ctx, "Hello", aded.MaxTokens(8))
		return answer.Text, err
	})
	nobody, err := aded.Dial("localhost:1", patient)
	if err != nil {
		log.Fatal(err)
	}
	defer nobody.Close()
	attempt("a server that is not there", func() (any, error) { return nobody.Chat(ctx, "Hello") })
}
