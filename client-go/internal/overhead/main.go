// Command overhead measures what the client costs beside the raw stubs: streams of the scripted model, tokens per second. The two
// take turns, and who begins changes from pair to pair; what is told is the median of the pairs' ratios, with its interval of 95 %.
//
//	../aded serve --model scripted --listen 127.0.0.1:50051      # passes that take no time
//	go run ./internal/overhead 127.0.0.1:50051 [STREAMS] [PAIRS]
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
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
const tokens = 512

func main() {
	target, streams, pairs := os.Args[1], argument(2, 16), argument(3, 41)
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
	ways := [2]func() int{
		func() int { return withStubs(adedv1.NewInferenceServiceClient(conn)) },
		func() int { return withClient(client) },
	}
	var speeds [2][]float64
	var ratios []float64
	for pair := -3; pair < pairs; pair++ { // the first ones warm up
		var speed [2]float64
		for turn := range 2 {
			way := (turn + pair + 4) % 2
			speed[way] = run(ways[way], streams)
		}
		if pair >= 0 {
			speeds[0], speeds[1] = append(speeds[0], speed[0]), append(speeds[1], speed[1])
			ratios = append(ratios, speed[1]/speed[0])
		}
	}
	slices.Sort(ratios)
	middle := float64(pairs-1) / 2
	low := max(0, int(middle-0.98*math.Sqrt(float64(pairs)))) // by the binomial distribution of what lies below a median
	fmt.Printf("client %.0f tokens/s, %.2f of the stubs' %.0f (95 %%: %.2f to %.2f, %d pairs)\n",
		median(speeds[1]), ratios[pairs/2], median(speeds[0]), ratios[low], ratios[pairs-1-low], pairs)
}

// run has all streams answered at once, and gives their tokens per second.
func run(way func() int, streams int) float64 {
	began := time.Now()
	counts := make([]int, streams)
	var all sync.WaitGroup
	for stream := range streams {
		all.Add(1)
		go func() {
			defer all.Done()
			counts[stream] = way()
		}()
	}
	all.Wait()
	sum := 0
	for _, count := range counts {
		sum += count
	}
	return float64(sum) / time.Since(began).Seconds()
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
			return counted(count, text)
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
	return counted(count, text)
}

// counted sees to it that the text was wanted.
func counted(tokens int, text []byte) int {
	if len(text) == 0 {
		log.Fatal("an answer without text")
	}
	return tokens
}

func pointer[T any](value T) *T { return &value }
