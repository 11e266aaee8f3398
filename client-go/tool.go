package aded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Tool is a function that the model may call; see [NewTool]. The zero value is none.
type Tool struct {
	name, description, parameters string
	strict                        *bool
	call                          func(ctx context.Context, arguments string) (string, error)
	err                           error
}

// NewTool makes a tool of a function. The model is told the name (1 to 64 characters of A-Z a-z 0-9 _ -), the
// description, and a JSON schema of the arguments, which are a struct; see [SchemaOf]. A result that is a string is sent
// as it is, any other as JSON; an error is told to the model, by its text.
func NewTool[A, R any](name, description string, function func(context.Context, A) (R, error)) Tool {
	schema, err := SchemaOf[A]()
	return Tool{name: name, description: description, parameters: schema, err: err,
		call: func(ctx context.Context, arguments string) (string, error) {
			var read A
			if arguments != "" {
				if err := json.Unmarshal([]byte(arguments), &read); err != nil {
					return "", fmt.Errorf("the arguments are not as they were declared: %w", err)
				}
			}
			result, err := function(ctx, read)
			if err != nil {
				return "", err
			}
			if text, ok := any(result).(string); ok {
				return text, nil
			}
			text, err := json.Marshal(result)
			return string(text), err
		}}
}

// DeclareTool is a tool that the caller carries out itself: its parameters are a JSON schema of an object, as JSON text,
// or empty.
func DeclareTool(name, description, parameters string) Tool {
	return Tool{name: name, description: description, parameters: parameters}
}

// Strict is the tool with it said whether the arguments of calls are kept valid under its schema. Servers do unless told
// not to.
func (t Tool) Strict(strict bool) Tool {
	t.strict = &strict
	return t
}

// Name is what the model calls it.
func (t Tool) Name() string { return t.name }

// CalledTool is a call that [RunTools] carried out.
type CalledTool struct {
	// Call is what the model wanted.
	Call ToolCall
	// Result is what the model was told.
	Result ToolResult
}

// RunTools asks, carries out the calls of the tools that the options or the conversation's defaults name, tells the model their results, and so on
// until it answers without a call. It gives the last answer, never nil, and all calls that were made. Tools run one after
// the other.
//
// A call of a tool that is not there, or whose function fails, is told to the model as an error. [FailedPrecondition]
// after [MaxToolRounds].
func RunTools(
	ctx context.Context, conversation *Conversation, prompt string, options ...AnswerOption,
) (*Answer, []CalledTool, error) {
	var called []CalledTool
	var next Prompt = userPrompt(prompt)
	for round := 0; ; round++ {
		how := collect(options)
		answer, err := conversation.answer(ctx, next, how).Answer()
		if err != nil || answer.Finished.Reason != FinishToolCalls {
			return answer, called, err
		}
		if round >= how.toolRound {
			return answer, called, &Error{Kind: FailedPrecondition, Reason: ReasonToolRounds, Partial: answer,
				Message: fmt.Sprintf("the model still calls tools after %d rounds", round)}
		}
		tools := how.tools
		if tools == nil {
			tools = conversation.defaultTools()
		}
		var results []Part
		for _, call := range answer.ToolCalls {
			result := run(ctx, tools, call)
			called = append(called, CalledTool{call, result})
			results = append(results, result)
		}
		next = Messages{{Role: "tool", Parts: results}}
	}
}

func (c *Conversation) defaultTools() []Tool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tools
}

func run(ctx context.Context, tools []Tool, call ToolCall) ToolResult {
	err := errors.New("there is no tool " + call.Name)
	text := ""
	for _, tool := range tools {
		if tool.name == call.Name && tool.call != nil {
			text, err = tool.call(ctx, call.Arguments)
		}
	}
	if err != nil {
		return ToolResult{CallID: call.ID, Name: call.Name, Content: err.Error(), IsError: true}
	}
	return ToolResult{CallID: call.ID, Name: call.Name, Content: text}
}
