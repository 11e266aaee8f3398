// Command hello asks a sidecar to edit a function, then asks about a text: answers that repeat much of what was said before.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	aded "aded.io/client-go"
)

const edit = `Rename the variable total to price, and repeat the whole function:

def invoice(items, rate):
    total = 0
    for item in items:
        total += item.count * item.unit_price
    total += total * rate
    return round(total, 2)
`

const text = "The harbour office will replace the floating pontoon at the east quay between the 4th and the 22nd of March. " +
	"Boats that lie there must be moved by the evening of the 3rd. The crane works on weekdays from seven to four. " +
	"Write to the office to book it.\n"

// report tells how many passes an answer took: one without a draft yields one token; what is above that was drafted and accepted.
func report(finished *aded.Finished) {
	fmt.Printf("\n[%s: %d tokens in %d passes]\n\n", finished.Reason, finished.Usage.CompletionTokens, finished.Speculation.NumSteps)
}

func main() {
	ctx := context.Background()
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	whole, err := client.Chat(ctx, edit, aded.MaxTokens(128), aded.Greedy())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(whole.Text)
	report(whole.Finished)

	conversation, err := client.Converse(ctx, aded.WithDefaults(aded.MaxTokens(128), aded.Greedy()))
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()
	fmt.Printf("%s, %d tokens of context\n", conversation.Info().Model, conversation.Info().ContextTokens)
	for _, question := range []string{text + "Quote the sentence that says when boats must be moved.", "Repeat the text."} {
		fmt.Println("> " + question)
		answer := conversation.Ask(ctx, question)
		for piece, err := range answer.Texts() {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(piece)
		}
		report(answer.Partial().Finished)
	}
}
