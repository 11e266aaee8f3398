package aded

import (
	adedv1 "aded.io/client-go/gen/aded/v1"
)

// Prompt is what an answer starts from. In a conversation every kind continues what was said before.
type Prompt interface {
	// generate, turn and count put the prompt into the request.
	generate(*adedv1.GenerateRequest)
	turn(*adedv1.Turn)
	count(*adedv1.CountTokensRequest) error
}

// Messages are put through the model's chat template, at least one. In a conversation only the new ones: it remembers
// the others.
type Messages []Message

// RawText is continued as it is, without a chat template. Not empty.
type RawText string

// TokenIDs are continued as they are: ids of the model's vocabulary, at least one.
type TokenIDs []int32

// Message is one message of a conversation.
type Message struct {
	// Role is system, user, assistant, tool or what else the model's chat template knows.
	Role string
	// Parts is what it consists of, in order.
	Parts []Part
}

// Part is a part of a message: [Text], [Reasoning], [ToolCall] or [ToolResult].
type Part interface{ part() *adedv1.ContentPart }

// Text is a text. Control tokens written out in it stay text.
type Text string

// Reasoning is what the model thought before an answer or a tool call. Only in messages of the assistant.
type Reasoning string

// ToolCall is a call that the model wants made. As a part only in messages of the assistant.
type ToolCall struct {
	// ID identifies the call within the conversation.
	ID string
	// Name is the tool's.
	Name string
	// Arguments is a JSON object, as JSON text.
	Arguments string
}

// ToolResult is what a call gave. Only in messages of the role tool.
type ToolResult struct {
	// CallID is the ID of the [ToolCall].
	CallID string
	// Name is the tool's; empty takes it from the call.
	Name string
	// Content is the result, as text; often JSON.
	Content string
	// IsError is whether the call failed. Content should say so too.
	IsError bool
}

// System is an instruction that stands above the conversation; usually the first message.
func System(content string) Message { return Message{"system", []Part{Text(content)}} }

// User is what the user says.
func User(content string) Message { return Message{"user", []Part{Text(content)}} }

// Assistant is what the model said, or is to be made to believe that it said.
func Assistant(content string) Message { return Message{"assistant", []Part{Text(content)}} }

// Message is the whole answer as a message of the assistant: its reasoning, text and tool calls.
func (a *Answer) Message() Message {
	var parts []Part
	if a.Reasoning != "" {
		parts = append(parts, Reasoning(a.Reasoning))
	}
	if a.Text != "" || (a.Reasoning == "" && len(a.ToolCalls) == 0) {
		parts = append(parts, Text(a.Text))
	}
	for _, call := range a.ToolCalls {
		parts = append(parts, call)
	}
	return Message{"assistant", parts}
}

func (t Text) part() *adedv1.ContentPart {
	return &adedv1.ContentPart{Part: &adedv1.ContentPart_Text{Text: string(t)}}
}

func (r Reasoning) part() *adedv1.ContentPart {
	return &adedv1.ContentPart{Part: &adedv1.ContentPart_Reasoning{Reasoning: string(r)}}
}

func (c ToolCall) part() *adedv1.ContentPart {
	call := &adedv1.ToolCall{Id: c.ID, Name: c.Name, Arguments: c.Arguments}
	return &adedv1.ContentPart{Part: &adedv1.ContentPart_ToolCall{ToolCall: call}}
}

func (r ToolResult) part() *adedv1.ContentPart {
	result := &adedv1.ToolResult{ToolCallId: r.CallID, Name: r.Name, Content: r.Content, IsError: r.IsError}
	return &adedv1.ContentPart{Part: &adedv1.ContentPart_ToolResult{ToolResult: result}}
}

func (m Messages) chat() *adedv1.Chat {
	chat := &adedv1.Chat{}
	for _, message := range m {
		sent := &adedv1.ChatMessage{Role: message.Role}
		if text, ok := onlyText(message.Parts); ok {
			// The plain field: every server takes it, while parts are optional.
			sent.Content = text
		} else {
			for _, part := range message.Parts {
				sent.Parts = append(sent.Parts, part.part())
			}
		}
		chat.Messages = append(chat.Messages, sent)
	}
	return chat
}

func onlyText(parts []Part) (string, bool) {
	all := ""
	for _, part := range parts {
		text, ok := part.(Text)
		if !ok {
			return "", false
		}
		all += string(text)
	}
	return all, true
}

func (m Messages) generate(request *adedv1.GenerateRequest) {
	request.Input = &adedv1.GenerateRequest_Chat{Chat: m.chat()}
}

func (m Messages) turn(turn *adedv1.Turn) { turn.Input = &adedv1.Turn_Chat{Chat: m.chat()} }

func (m Messages) count(request *adedv1.CountTokensRequest) error {
	request.Input = &adedv1.CountTokensRequest_Chat{Chat: m.chat()}
	return nil
}

func (t RawText) generate(request *adedv1.GenerateRequest) {
	request.Input = &adedv1.GenerateRequest_Text{Text: string(t)}
}

func (t RawText) turn(turn *adedv1.Turn) { turn.Input = &adedv1.Turn_Text{Text: string(t)} }

func (t RawText) count(request *adedv1.CountTokensRequest) error {
	request.Input = &adedv1.CountTokensRequest_Text{Text: string(t)}
	return nil
}

func (t TokenIDs) generate(request *adedv1.GenerateRequest) {
	request.Input = &adedv1.GenerateRequest_Tokens{Tokens: &adedv1.TokenIds{Ids: t}}
}

func (t TokenIDs) turn(turn *adedv1.Turn) {
	turn.Input = &adedv1.Turn_Tokens{Tokens: &adedv1.TokenIds{Ids: t}}
}

func (t TokenIDs) count(*adedv1.CountTokensRequest) error {
	return newError(InvalidRequest, ReasonInvalidOption, "token ids are counted already: there are len(ids) of them")
}

// userPrompt is one message of the user in its shortest form.
type userPrompt string

func (p userPrompt) generate(request *adedv1.GenerateRequest) {
	request.Input = &adedv1.GenerateRequest_Prompt{Prompt: string(p)}
}

func (p userPrompt) turn(turn *adedv1.Turn) { turn.Input = &adedv1.Turn_Prompt{Prompt: string(p)} }

func (p userPrompt) count(request *adedv1.CountTokensRequest) error {
	request.Input = &adedv1.CountTokensRequest_Prompt{Prompt: string(p)}
	return nil
}
