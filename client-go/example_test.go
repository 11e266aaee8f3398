package aded_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"time"

	"google.golang.org/grpc"

	aded "aded.io/client-go"
	adedv1 "aded.io/client-go/gen/aded/v1"
)

// target is where the sidecar of these examples listens; yours is localhost:50051. It answers by heart.
var target = func() string {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	send := func(to grpc.ServerStreamingServer[adedv1.GenerateResponse], texts ...string) error {
		for _, text := range texts {
			delta := &adedv1.Delta{Text: text}
			if err := to.Send(&adedv1.GenerateResponse{Event: &adedv1.GenerateResponse_Delta{Delta: delta}}); err != nil {
				return err
			}
		}
		end := &adedv1.Finished{Reason: adedv1.FinishReason_FINISH_REASON_STOP}
		return to.Send(&adedv1.GenerateResponse{Event: &adedv1.GenerateResponse_Finished{Finished: end}})
	}
	fake := &aded.Fake{
		Generating: func(_ int, request *adedv1.GenerateRequest, to grpc.ServerStreamingServer[adedv1.GenerateResponse]) error {
			if request.GetOptions().GetConstraint() != nil {
				return send(to, `{"city": "Rome",`, ` "country": "Italy"}`)
			}
			if request.GetPrompt() == "Tell me everything." {
				delta := &adedv1.Delta{Text: "In the beginning"}
				_ = to.Send(&adedv1.GenerateResponse{Event: &adedv1.GenerateResponse_Delta{Delta: delta}})
				<-to.Context().Done()
				return to.Context().Err()
			}
			return send(to, "Rhine, ", "Danube ", "and Elbe.")
		},
		Conversing: func(_ int, _ *adedv1.Open, with *aded.Talk) error {
			if err := with.Opened(&adedv1.Opened{}); err != nil {
				return err
			}
			return with.Echo()
		},
	}
	server := grpc.NewServer()
	fake.Register(server)
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String()
}()

func Example() {
	client, err := aded.Dial(target)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	for event, err := range client.Stream(context.Background(), "Name three rivers.").Events() {
		if err != nil {
			log.Fatal(err)
		}
		switch event := event.(type) {
		case aded.Delta:
			fmt.Print(event.Text)
		case aded.Finished:
			fmt.Println("\nended:", event.Reason)
		}
	}
	// Output:
	// Rhine, Danube and Elbe.
	// ended: STOP
}

func ExampleConversation() {
	ctx := context.Background()
	client, err := aded.Dial(target)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	conversation, err := client.Converse(ctx, aded.WithDefaults(aded.Greedy(), aded.Timeout(20*time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()
	for _, prompt := range []string{"First.", "Second."} {
		answer, err := conversation.Ask(ctx, prompt).Answer()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(answer.Text)
	}
	// Output:
	// First.
	// Second.
}

func ExampleParse() {
	type place struct {
		City    string `json:"city" jsonschema:"where it is"`
		Country string `json:"country"`
	}
	client, err := aded.Dial(target)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	where, _, err := aded.Parse[place](context.Background(), client, "Where is the Colosseum?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(where.City, "in", where.Country)
	// Output: Rome in Italy
}

func ExampleError() {
	client, err := aded.Dial(target)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	_, err = client.Chat(context.Background(), "Tell me everything.", aded.Timeout(time.Second))
	var failure *aded.Error
	if errors.As(err, &failure) {
		fmt.Println(failure.Kind, failure.Reason)
		fmt.Println("so far:", failure.Partial.Text)
	}
	// Output:
	// DEADLINE_EXCEEDED CLIENT_TIMEOUT
	// so far: In the beginning
}
