// Command json-schema asks for a typed answer: the type's JSON schema constrains the model.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	aded "aded.io/client-go"
)

// Continent is one of a few, and says so itself.
type Continent string

// JSONSchema makes it an aded.Schemer.
func (Continent) JSONSchema() string {
	return `{"enum": ["Africa", "America", "Asia", "Europe", "Oceania"]}`
}

// City is what is asked for.
type City struct {
	Name      string    `json:"name" jsonschema:"in English"`
	Continent Continent `json:"continent"`
	Capital   bool      `json:"capital"`
}

func main() {
	client, err := aded.Dial(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	city, answer, err := aded.Parse[City](context.Background(), client, "Describe Rome.", aded.Greedy(), aded.MaxTokens(120))
	if errors.Is(err, aded.BadAnswer) { // only an answer that was cut short can break the schema
		fmt.Println(err, answer.Text)
		return
	} else if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%+v\n%d tokens in %d passes: what the schema leaves no choice about is not guessed, but known\n",
		city, answer.Finished.Usage.CompletionTokens, answer.Finished.Speculation.NumSteps)
}
