package aded

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schemer is a type that says its own JSON schema, as JSON text, such as a string that is one of a few:
//
//	func (Mood) JSONSchema() string { return `{"enum": ["calm", "curious"]}` }
type Schemer interface{ JSONSchema() string }

// SchemaOf makes a JSON schema of a Go type: of its fields, their json tags (omitempty and omitzero make a field
// optional), and their jsonschema tags, which are descriptions. Types that are a [Schemer] say their own.
func SchemaOf[T any]() (string, error) {
	return schemaOf(reflect.TypeFor[T]())
}

func schemaOf(root reflect.Type) (string, error) {
	own := map[reflect.Type]*jsonschema.Schema{}
	if err := schemers(root, own, map[reflect.Type]bool{}); err != nil {
		return "", &Error{Kind: WrongCall, Reason: ReasonInvalidOption, Message: err.Error(), cause: err}
	}
	schema, err := jsonschema.ForType(root, &jsonschema.ForOptions{TypeSchemas: own})
	if err != nil {
		return "", &Error{Kind: WrongCall, Reason: ReasonInvalidOption, Message: "no JSON schema: " + err.Error(), cause: err}
	}
	listsAreLists(schema)
	text, err := json.Marshal(schema)
	if err != nil {
		return "", &Error{Kind: WrongCall, Reason: ReasonInvalidOption, Message: "no JSON schema: " + err.Error(), cause: err}
	}
	return string(text), nil
}

// schemers finds the types below one that say their own schema.
func schemers(of reflect.Type, found map[reflect.Type]*jsonschema.Schema, seen map[reflect.Type]bool) error {
	if seen[of] {
		return nil
	}
	seen[of] = true
	if schemer, ok := reflect.New(of).Interface().(Schemer); ok && of.Kind() != reflect.Pointer {
		schema := &jsonschema.Schema{}
		if err := json.Unmarshal([]byte(schemer.JSONSchema()), schema); err != nil {
			return fmt.Errorf("the JSON schema of %v: %w", of, err)
		}
		found[of] = schema
		return nil
	}
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return schemers(of.Elem(), found, seen)
	case reflect.Struct:
		for i := range of.NumField() {
			if err := schemers(of.Field(i).Type, found, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// listsAreLists takes back that a list may be null, as a nil slice is written by Go: a model is not to write it.
func listsAreLists(schema *jsonschema.Schema) {
	if schema == nil {
		return
	}
	if len(schema.Types) == 2 && schema.Types[0] == "null" && schema.Types[1] == "array" {
		schema.Type, schema.Types = "array", nil
	}
	listsAreLists(schema.Items)
	listsAreLists(schema.AdditionalProperties)
	for _, property := range schema.Properties {
		listsAreLists(property)
	}
}

// Asker is who can be asked: a [Client], or a [Conversation] for its next turn.
type Asker interface {
	answer(ctx context.Context, prompt Prompt, how *answerOptions) *AnswerStream
}

// Parse asks for an answer of a Go type, by a JSON schema of it, and gives the value. The answer that it came from is
// there too, never nil. [BadAnswer] if the answer was cut short, such as at [MaxTokens].
func Parse[T any](ctx context.Context, from Asker, prompt string, options ...AnswerOption) (T, *Answer, error) {
	return ParsePrompt[T](ctx, from, userPrompt(prompt), options...)
}

// ParsePrompt is [Parse] for prompts of any kind.
func ParsePrompt[T any](ctx context.Context, from Asker, prompt Prompt, options ...AnswerOption) (T, *Answer, error) {
	var value T
	schema, err := SchemaOf[T]()
	if err != nil {
		return value, &Answer{}, err
	}
	how := collect(append([]AnswerOption{JSONSchema(schema)}, options...))
	answer, err := from.answer(ctx, prompt, how).Answer()
	if err != nil {
		return value, answer, err
	}
	if err := json.Unmarshal([]byte(answer.Text), &value); err != nil {
		failure := &Error{Kind: BadAnswer, Reason: ReasonNotOfType, Partial: answer, cause: err,
			Message: fmt.Sprintf("the answer is not a %T: %v", value, err)}
		if reason := answer.Finished.Reason; reason != FinishStop {
			failure.Reason, failure.Message = ReasonCutShort, fmt.Sprintf("the answer was cut short (%s)", reason)
		}
		return value, answer, failure
	}
	return value, answer, nil
}
