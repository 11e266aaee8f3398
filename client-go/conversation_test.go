package aded

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// echoing opens every conversation and answers with what was asked.
func echoing() *Fake {
	return &Fake{Conversing: func(_ int, open *adedv1.Open, with *Talk) error {
		if err := with.Opened(&adedv1.Opened{ConversationId: open.GetConversationId(), Model: "fake", ContextTokens: 100}); err != nil {
			return err
		}
		return with.Echo()
	}}
}

func converse(t *testing.T, fake *Fake, options ...ConversationOption) *Conversation {
	t.Helper()
	conversation, err := connect(t, fake).Converse(background(t), options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conversation.Close() })
	return conversation
}

func say(t *testing.T, conversation *Conversation, prompt string) string {
	t.Helper()
	answer, err := conversation.Ask(background(t), prompt).Answer()
	if err != nil {
		t.Fatal(err)
	}
	return answer.Text
}

func TestAsk_turnByTurn_answers(t *testing.T) {
	conversation := converse(t, echoing(), WithID("c"))
	if info := conversation.Info(); info.ID != "c" || info.Model != "fake" || info.ContextTokens != 100 {
		t.Errorf("got %+v", info)
	}
	for _, prompt := range []string{"one", "two", "three"} {
		if got := say(t, conversation, prompt); got != prompt {
			t.Errorf("got %q", got)
		}
	}
}

func TestAsk_whileRunning_isAWrongCall(t *testing.T) {
	conversation := converse(t, echoing())
	first := conversation.Ask(background(t), "ab")
	var failure *Error
	if _, err := conversation.Ask(background(t), "cd").Answer(); !errors.As(err, &failure) || failure.Kind != WrongCall || failure.Reason != ReasonTurnRunning {
		t.Errorf("got %v", err)
	}
	if answer, err := first.Answer(); err != nil || answer.Text != "ab" {
		t.Errorf("got %v, %v", answer, err)
	}
}

func TestAsk_timeIsUp_conversationGoesOn(t *testing.T) {
	conversation := converse(t, echoing(), WithDefaults(Timeout(300*time.Millisecond)))
	answer, err := conversation.Ask(background(t), "wait").Answer()
	var failure *Error
	if !errors.As(err, &failure) || failure.Reason != ReasonClientTimeout || answer.Text != "w" || failure.Partial.Text != "w" {
		t.Fatalf("got %v, %v", answer, err)
	}
	if answer, err := conversation.Ask(background(t), "next", Timeout(5*time.Second)).Answer(); err != nil || answer.Text != "next" {
		t.Errorf("got %v, %v", answer, err)
	}
}

func TestAsk_contextCancelled_conversationGoesOn(t *testing.T) {
	conversation := converse(t, echoing())
	ctx, cancel := context.WithCancel(background(t))
	defer cancel()
	stream := conversation.Ask(ctx, "wait")
	for _, err := range stream.Events() {
		if err != nil {
			if !errors.Is(err, Cancelled) {
				t.Errorf("got %v", err)
			}
			break
		}
		cancel()
	}
	if got := say(t, conversation, "next"); got != "next" {
		t.Errorf("got %q", got)
	}
}

func TestAsk_nobodyReads_timeIsUpAllTheSame(t *testing.T) {
	conversation := converse(t, echoing())
	stream := conversation.Ask(background(t), "wait", Timeout(20*time.Millisecond))
	// The turn is given up without its reader: the next one is answered.
	waitFor(t, func() bool {
		conversation.mu.Lock()
		defer conversation.mu.Unlock()
		return conversation.current == nil
	})
	if got := say(t, conversation, "next"); got != "next" {
		t.Errorf("got %q", got)
	}
	if _, err := stream.Answer(); !errors.Is(err, DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

func TestEvents_leftEarly_nextTurnWaitsForTheEnd(t *testing.T) {
	conversation := converse(t, echoing())
	for range conversation.Ask(background(t), "wait").Events() {
		break
	}
	if got := say(t, conversation, "next"); got != "next" {
		t.Errorf("got %q", got)
	}
}

func TestCancel_ofTurn_finishesAsCancelled(t *testing.T) {
	conversation := converse(t, echoing())
	stream := conversation.Ask(background(t), "wait")
	for event, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		switch event := event.(type) {
		case Delta:
			stream.Cancel()
		case Finished:
			if event.Reason != FinishCancelled {
				t.Errorf("got %v", event.Reason)
			}
		}
	}
	if text := stream.Partial().Text; text != "wlate" {
		t.Errorf("got %q", text)
	}
	if got := say(t, conversation, "next"); got != "next" {
		t.Errorf("got %q", got)
	}
}

func TestAsk_failedTurn_endsTheConversation(t *testing.T) {
	conversation := converse(t, echoing())
	for range 2 {
		var failure *Error
		if _, err := conversation.Ask(background(t), "fail").Answer(); !errors.As(err, &failure) || failure.Reason != "BROKEN" {
			t.Errorf("got %v", err)
		}
	}
}

func TestAsk_firstTurnRefused_isTriedInANewConversation(t *testing.T) {
	var updates int
	fake := &Fake{Conversing: func(call int, _ *adedv1.Open, with *Talk) error {
		if call == 1 {
			return failure(codes.Unavailable, "MODEL_LOADING", 0)
		}
		_ = with.Opened(&adedv1.Opened{})
		request, err := with.Recv()
		if err != nil {
			return err
		}
		if request.GetUpdate().GetOptions().GetMaxTokens() == 5 {
			updates++
		}
		if call == 2 {
			if _, err := with.Recv(); err != nil {
				return err
			}
			return failure(codes.ResourceExhausted, "QUEUE_FULL", 0)
		}
		return with.Echo()
	}}
	conversation := converse(t, fake)
	if err := conversation.Update(MaxTokens(5)); err != nil {
		t.Fatal(err)
	}
	if got := say(t, conversation, "hello"); got != "hello" || fake.count("Converse") != 3 || updates != 2 {
		t.Errorf("got %q after %d calls and %d updates", got, fake.count("Converse"), updates)
	}
	if got := say(t, conversation, "again"); got != "again" {
		t.Errorf("got %q", got)
	}
}

func TestAsk_laterTurnRefused_isTriedIfTheConversationIsKept(t *testing.T) {
	for _, kept := range []bool{true, false} {
		fake := &Fake{Conversing: func(call int, open *adedv1.Open, with *Talk) error {
			opened := &adedv1.Opened{ConversationId: open.GetConversationId(), Resumed: open.GetRequireResume()}
			if kept {
				opened.Retention = durationpb.New(time.Minute)
			}
			_ = with.Opened(opened)
			if call > 1 {
				if !open.GetRequireResume() {
					return failure(codes.Internal, "NOT_RESUMED", 0)
				}
				return with.Echo()
			}
			if _, err := with.Recv(); err != nil {
				return err
			}
			_ = with.Finished(adedv1.FinishReason_FINISH_REASON_STOP)
			if _, err := with.Recv(); err != nil {
				return err
			}
			return failure(codes.ResourceExhausted, "QUEUE_WAIT", 0)
		}}
		conversation := converse(t, fake, WithID("c"))
		say(t, conversation, "first")
		answer, err := conversation.Ask(background(t), "second").Answer()
		if kept && (err != nil || answer.Text != "second" || !conversation.Info().Resumed) {
			t.Errorf("kept: got %v, %v", answer, err)
		}
		if !kept && (!errors.Is(err, ResourceExhausted) || fake.count("Converse") != 1) {
			t.Errorf("not kept: got %v", err)
		}
	}
}

func TestFinish_runningTurn_isCompleted(t *testing.T) {
	halfClosed := make(chan error, 1)
	fake := &Fake{Conversing: func(_ int, _ *adedv1.Open, with *Talk) error {
		_ = with.Opened(&adedv1.Opened{})
		if _, err := with.Recv(); err != nil {
			return err
		}
		_, err := with.Recv()
		halfClosed <- err
		_ = with.Delta("all")
		return with.Finished(adedv1.FinishReason_FINISH_REASON_STOP)
	}}
	conversation := converse(t, fake)
	stream := conversation.Ask(background(t), "go")
	conversation.Finish()
	if answer, err := stream.Answer(); err != nil || answer.Text != "all" {
		t.Errorf("got %v, %v", answer, err)
	}
	if err := <-halfClosed; !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if _, err := conversation.Ask(background(t), "more").Answer(); !errors.Is(err, WrongCall) {
		t.Errorf("got %v", err)
	}
}

func TestConverse_serverEndsIt_isSaid(t *testing.T) {
	fake := &Fake{Conversing: func(_ int, _ *adedv1.Open, with *Talk) error { return with.Opened(&adedv1.Opened{}) }}
	conversation, err := connect(t, fake, WithRetry(NoRetry)).Converse(background(t))
	if err != nil {
		t.Fatal(err)
	}
	var failure *Error
	if _, err := conversation.Ask(background(t), "x").Answer(); !errors.As(err, &failure) || failure.Reason != ReasonConversationEnded {
		t.Errorf("got %v", err)
	}
}

func TestConverse_neverOpened_timeIsUp(t *testing.T) {
	fake := &Fake{Conversing: func(_ int, _ *adedv1.Open, with *Talk) error { <-with.Context().Done(); return nil }}
	_, err := connect(t, fake).Converse(background(t), OpenTimeout(30*time.Millisecond))
	var failure *Error
	if !errors.As(err, &failure) || failure.Kind != DeadlineExceeded || failure.Reason != ReasonClientTimeout {
		t.Errorf("got %v", err)
	}
}

func TestClose_runningTurn_isCancelled(t *testing.T) {
	conversation := converse(t, echoing())
	stream := conversation.Ask(background(t), "wait")
	for _, err := range stream.Events() {
		if err != nil {
			if !errors.Is(err, Cancelled) || !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			break
		}
		_ = conversation.Close()
	}
	if _, err := conversation.Ask(background(t), "x").Answer(); !errors.Is(err, WrongCall) {
		t.Errorf("got %v", err)
	}
}

func TestUpdate_withReset_namesWhatChanges(t *testing.T) {
	got := make(chan *adedv1.Update, 1)
	fake := &Fake{Conversing: func(_ int, _ *adedv1.Open, with *Talk) error {
		_ = with.Opened(&adedv1.Opened{})
		request, err := with.Recv()
		got <- request.GetUpdate()
		return err
	}}
	if err := converse(t, fake).Update(Reset("constraint"), Temperature(0.5), MaxTokens(9)); err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	for _, path := range (<-got).GetUpdateMask().GetPaths() {
		paths[path] = true
	}
	if len(paths) != 3 || !paths["constraint"] || !paths["sampling.temperature"] || !paths["max_tokens"] {
		t.Errorf("got %v", paths)
	}
}

type mood string

func (mood) JSONSchema() string { return `{"enum": ["calm", "curious"]}` }

type place struct {
	City   string   `json:"city" jsonschema:"the city's name"`
	Rivers []string `json:"rivers"`
	Mood   mood     `json:"mood,omitempty"`
}

func TestParse_structFromConversation_isAsked(t *testing.T) {
	var schema string
	fake := &Fake{Conversing: func(_ int, _ *adedv1.Open, with *Talk) error {
		_ = with.Opened(&adedv1.Opened{})
		for _, text := range []string{`{"city": "Rome", "rivers": ["Tiber"], "mood": "calm"}`, `{"city": "Ro`} {
			request, err := with.Recv()
			if err != nil {
				return err
			}
			schema = request.GetTurn().GetOptions().GetConstraint().GetJsonSchema()
			_ = with.Delta(text)
			_ = with.Finished(map[bool]adedv1.FinishReason{true: adedv1.FinishReason_FINISH_REASON_STOP, false: adedv1.FinishReason_FINISH_REASON_LENGTH}[len(text) > 20])
		}
		return nil
	}}
	conversation := converse(t, fake)
	value, _, err := Parse[place](background(t), conversation, "Where is the Colosseum?")
	if err != nil || value.City != "Rome" || value.Rivers[0] != "Tiber" || value.Mood != "calm" {
		t.Errorf("got %+v, %v", value, err)
	}
	want := `{"type":"object","properties":{"city":{"type":"string","description":"the city's name"},` +
		`"rivers":{"type":"array","items":{"type":"string"}},"mood":{"enum":["calm","curious"]}},` +
		`"required":["city","rivers"],"additionalProperties":false}`
	if schema != want {
		t.Errorf("got  %s\nwant %s", schema, want)
	}
	_, answer, err := Parse[place](background(t), conversation, "Once more")
	var failure *Error
	if !errors.As(err, &failure) || failure.Kind != BadAnswer || failure.Reason != ReasonCutShort || answer.Text != `{"city": "Ro` {
		t.Errorf("got %v", err)
	}
}

func TestRunTools_callsAndResults_goBackAndForth(t *testing.T) {
	fake := &Fake{Conversing: func(_ int, _ *adedv1.Open, with *Talk) error {
		_ = with.Opened(&adedv1.Opened{})
		first, err := with.Recv()
		if err != nil {
			return err
		}
		if tools := first.GetTurn().GetOptions().GetTools(); len(tools) != 1 || tools[0].GetName() != "divide" {
			return failure(codes.InvalidArgument, "NO_TOOLS", 0)
		}
		for index, arguments := range []string{`{"a": 6, "b": 2}`, `{"a": 1, "b": 0}`} {
			call := &adedv1.ToolCallDelta{Index: int32(index), Id: "id", Name: "divide", Arguments: arguments}
			_ = with.Send(&adedv1.ConverseResponse{Event: &adedv1.ConverseResponse_ToolCallDelta{ToolCallDelta: call}})
		}
		_ = with.Finished(adedv1.FinishReason_FINISH_REASON_TOOL_CALLS)
		second, err := with.Recv()
		if err != nil {
			return err
		}
		for _, part := range second.GetTurn().GetChat().GetMessages()[0].GetParts() {
			_ = with.Delta(part.GetToolResult().GetContent() + ";")
		}
		return with.Finished(adedv1.FinishReason_FINISH_REASON_STOP)
	}}
	divide := NewTool("divide", "Divides.", func(_ context.Context, in struct{ A, B int }) (int, error) {
		if in.B == 0 {
			return 0, errors.New("division by zero")
		}
		return in.A / in.B, nil
	})
	answer, calls, err := RunTools(background(t), converse(t, fake), "Go", Tools(divide))
	if err != nil || answer.Text != "3;division by zero;" || len(calls) != 2 || calls[0].Result.IsError || !calls[1].Result.IsError {
		t.Errorf("got %v, %+v, %v", answer, calls, err)
	}
}
