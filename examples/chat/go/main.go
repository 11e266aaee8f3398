// Command chat is a chat at the terminal: a conversation that the server remembers.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"

	aded "aded.io/client-go"
)

func main() {
	ctx := context.Background()
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	conversation, err := client.Converse(ctx, aded.WithDefaults(aded.MaxTokens(200)))
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()
	fmt.Println(conversation.Info().Model + "; an empty line ends")
	// At a terminal what is typed, else two questions.
	questions := []string{"My name is Ada. Say hello to me.", "What is my name?"}
	info, _ := os.Stdin.Stat()
	null, _ := os.Stat(os.DevNull)
	typed := info.Mode()&os.ModeCharDevice != 0 && !os.SameFile(info, null)
	for input := bufio.NewScanner(os.Stdin); ; {
		question := ""
		if typed && input.Scan() {
			question = input.Text()
		} else if !typed && len(questions) > 0 {
			question, questions = questions[0], questions[1:]
		}
		if question == "" {
			return
		}
		for text, err := range conversation.Ask(ctx, question).Texts() {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Print(text)
		}
		fmt.Println()
	}
}
