// Command tools offers functions to the model: schemas come from the arguments' types, and the loop runs until it answers.
package main

import (
	"context"
	"errors"
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
	weather := aded.NewTool("weather", "The weather in a city at the moment.", func(_ context.Context, in struct {
		City string `json:"city"`
	}) (map[string]any, error) {
		return map[string]any{"city": in.City, "temperature": 21, "sky": "clear"}, nil
	})
	divide := aded.NewTool("divide", "Divides a by b.", func(_ context.Context, in struct {
		A float64 `json:"a"`
		B float64 `json:"b"`
	}) (float64, error) {
		if in.B == 0 {
			return 0, errors.New("division by zero") // is told to the model as a failed call
		}
		return in.A / in.B, nil
	})
	conversation, err := client.Converse(ctx)
	if err != nil {
		log.Fatal(err)
	}
	defer conversation.Close()
	answer, calls, err := aded.RunTools(ctx, conversation, "How warm is it in Rome?", aded.Tools(weather, divide), aded.MaxTokens(200))
	if errors.Is(err, aded.Unsupported) {
		fmt.Println("this server serves no tools:", err)
		return
	} else if err != nil {
		log.Fatal(err)
	}
	for _, call := range calls {
		fmt.Printf("%s(%s) gave %s\n", call.Call.Name, call.Call.Arguments, call.Result.Content)
	}
	fmt.Println(answer.Text)
}
