// Command rounds shows every draft-and-verify round: green was guessed and accepted, white the model added itself, grey was
// guessed in vain.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	aded "aded.io/client-go"
)

func main() {
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	text := ""
	stream := client.Stream(context.Background(), "Repeat three times: the quick brown fox jumps over the lazy dog.",
		aded.ReportRounds(true), aded.MaxTokens(96), aded.Greedy(), aded.Draft("aded"))
	for event, err := range stream.Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch event := event.(type) {
		case aded.Delta:
			text = event.Text
		case aded.Round:
			right, wrong, accepted, guessed := "", "", 0, 0
			for _, node := range event.Nodes {
				switch {
				case node.Parent < 0:
					continue
				case node.Accepted:
					right, accepted = right+node.Text, accepted+1
				default:
					wrong += " " + node.Text
				}
				guessed++
			}
			fmt.Printf("%3d %2d of %2d  %5.2f + %6.2f ms  \033[32m%s\033[0m%s \033[90m%s\033[0m\n", event.Index, accepted, guessed,
				event.DraftTime.Seconds()*1000, event.VerifyTime.Seconds()*1000, right, strings.TrimPrefix(text, right), wrong)
		case aded.Finished:
			fmt.Printf("%.2f tokens per round with a draft; %.0f %% of %d guesses were right\n",
				event.Speculation.MeanAcceptanceLength, event.Speculation.DraftAcceptanceRate*100, event.Speculation.NumDraftTokens)
		}
	}
}
