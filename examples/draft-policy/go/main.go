// Command draft-policy answers one question under several draft policies: the same tokens, in more or fewer passes.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"

	aded "aded.io/client-go"
)

func main() {
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	var first []int32
	same := true
	for _, policy := range []struct {
		name string
		how  aded.AnswerOption
	}{
		{"off", aded.Draft("off")}, {"auto", aded.Draft("auto")}, {"prompt-lookup", aded.Draft("prompt-lookup")},
		{"aded, 12 nodes", aded.Options(aded.Draft("aded"), aded.DraftNodes(12))},
	} {
		answer, err := client.Chat(context.Background(), "Repeat three times: the quick brown fox jumps over the lazy dog.",
			aded.Greedy(), aded.MaxTokens(96), policy.how)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%-16s %3d tokens in %3d passes, %6.3f s\n", policy.name, len(answer.Tokens), answer.Finished.Speculation.NumSteps,
			answer.Finished.Usage.TotalTime.Seconds())
		if first == nil {
			first = answer.Tokens
		}
		same = same && slices.Equal(first, answer.Tokens)
	}
	fmt.Println("the same answer:", same, "(near ties of a quantised model may differ)")
}
