// Command load is many callers at once: what each waits for its first token, and what all get together.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"
	"sync"
	"time"

	aded "aded.io/client-go"
)

const callers, calls = 16, 3

func main() {
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	var lock sync.Mutex
	var firsts []time.Duration
	tokens, began := 0, time.Now()
	var all sync.WaitGroup
	for caller := range callers {
		all.Add(1)
		go func() {
			defer all.Done()
			for call := range calls {
				prompt := fmt.Sprintf("Caller %d, question %d.", caller, call)
				asked, first := time.Now(), time.Duration(0)
				stream := client.Stream(context.Background(), prompt, aded.MaxTokens(48))
				for _, err := range stream.Events() {
					if err != nil { // a full queue was tried again before
						fmt.Printf("caller %d: %v\n", caller, err)
						return
					}
					if first == 0 {
						first = time.Since(asked)
					}
				}
				lock.Lock()
				firsts, tokens = append(firsts, first), tokens+len(stream.Partial().Tokens)
				lock.Unlock()
			}
		}()
	}
	all.Wait()
	slices.Sort(firsts)
	took := time.Since(began).Seconds()
	fmt.Printf("%d answers of %d callers in %.2f s, %.0f tokens/s\n", len(firsts), callers, took, float64(tokens)/took)
	if len(firsts) > 0 {
		fmt.Printf("first token after %v (median)\n", firsts[len(firsts)/2])
	}
}
