// Command flow-control is a slow reader: the server waits for it and computes no further; nothing piles up in between.
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
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	began, count := time.Now(), 0
	stream := client.Stream(context.Background(), "Count to a thousand.", aded.MaxTokens(60), aded.Draft("off"))
	for text, err := range stream.Texts() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%5.1f s  %q\n", time.Since(began).Seconds(), text)
		if count++; count%20 == 0 {
			time.Sleep(time.Second) // something slow; what is not read stays with the server
		}
	}
	// A reader who stops for longer than 20 s (`aded serve --unread`) loses the answer: ResourceExhausted, NOT_READ.
}
