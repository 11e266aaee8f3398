// Command overhead measures what the client costs beside the raw stubs: streams of the scripted model, by turns with either,
// tokens per second.
//
//	../aded serve --model scripted --listen 127.0.0.1:50051      # passes that take no time
//	go run ./internal/overhead 127.0.0.1:50051 [STREAMS] [ROUNDS]
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	aded "aded.io/client-go"
	adedv1 "aded.io/client-go/gen/aded/v1"
)

// tokens of an answer: as many deltas, since nothing is drafted.
const tokens = 256

func main() {
	target, streams, rounds := os.Args[1], argument(2, 16), argument(3, 7)
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	client, err := aded.Dial(target)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	names := []string{"stubs", "client"}
	ways := []func() int{
		func() int { return withStubs(adedv1.NewInferenceServiceClient(conn)) },
		func() int { return withClient(client) },
	}
	speeds := make([][]float64, len(ways))
	for round := range rounds + 1 {
		for way := range ways {
			began := time.Now()
			counts := make([]int, streams)
			var all sync.WaitGroup
			for stream := range streams {
				all.Add(1)
				go func() {
					defer all.Done()
					counts[stream] = ways[way]()
				}()
			}
			all.Wait()
			sum := 0
			for _, count := range counts {
				sum += count
			}
			if round > 0 { // the first one warms up
				speeds[way] = append(speeds[way], float64(sum)/time.Since(began).Seconds())
			}
		}
	}
	for way, name := range names {
		fmt.Printf("%-8s %8.0f tokens/s, %.2f of the stubs\n", name, median(speeds[way]), median(speeds[way])/median(speeds[0]))
	}
}

func argument(at, otherwise int) int {
	if at < len(os.Args) {
		if value, err := strconv.Atoi(os.Args[at]); err == nil {
			return value
		}
	}
	return otherwise
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func withStubs(stub adedv1.InferenceServiceClient) int {
	options := &adedv1.GenerationOptions{
		MaxTokens: pointer[int32](tokens), IgnoreEnd: pointer(true),
		Sampling: &adedv1.Sampling{Temperature: pointer[float32](0)}, Draft: &adedv1.DraftPolicy{Mode: "off"},
	}
	stream, err := stub.Generate(context.Background(), &adedv1.GenerateRequest{
		Input: &adedv1.GenerateRequest_Prompt{Prompt: "Hello"}, Options: options,
	})
	if err != nil {
		log.Fatal(err)
	}
	count, text := 0, []byte{}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return count
		}
		if err != nil {
			log.Fatal(err)
		}
		count += len(response.GetDelta().GetTokens())
		text = append(text, response.GetDelta().GetText()...)
	}
}

func withClient(client *aded.Client) int {
	answer := client.Stream(context.Background(), "Hello",
		aded.MaxTokens(tokens), aded.IgnoreEnd(true), aded.Greedy(), aded.Draft("off"))
	count, text := 0, []byte{}
	for event, err := range answer.Events() {
		if err != nil {
			log.Fatal(err)
		}
		if delta, ok := event.(aded.Delta); ok {
			count += len(delta.Tokens)
			text = append(text, delta.Text...)
		}
	}
	return count
}

func pointer[T any](value T) *T { return &value }
