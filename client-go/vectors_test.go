package aded

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

func vectors[T any](t *testing.T, name string) []T {
	t.Helper()
	text, err := os.ReadFile("../proto/vectors/" + name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the API's vectors are not beside this module")
	}
	var all []T
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil || len(all) == 0 {
		t.Fatalf("no vectors in %s: %v", name, err)
	}
	return all
}

func TestDecode_statusOfVector_isAsItSays(t *testing.T) {
	type vector struct {
		Name, Code, Message string
		Details             json.RawMessage
		Expect              struct {
			Kind, Reason string
			Violations   []Violation
			Retry        *float64 `json:"retry_after_seconds"`
		}
	}
	for _, v := range vectors[vector](t, "errors.json") {
		t.Run(v.Name, func(t *testing.T) {
			var code codes.Code
			if err := code.UnmarshalJSON([]byte(`"` + v.Code + `"`)); err != nil {
				t.Fatal(err)
			}
			message := &spb.Status{}
			text := fmt.Sprintf(`{"code": %d, "message": %q, "details": %s}`, code, v.Message, v.Details)
			if err := protojson.Unmarshal([]byte(text), message); err != nil {
				t.Fatal(err)
			}
			got := decode(status.FromProto(message).Err())
			if string(got.Kind) != v.Expect.Kind || got.Reason != v.Expect.Reason || got.Code != v.Code {
				t.Errorf("got %s, %q, %s", got.Kind, got.Reason, got.Code)
			}
			if len(got.Violations)+len(v.Expect.Violations) > 0 && !reflect.DeepEqual(got.Violations, v.Expect.Violations) {
				t.Errorf("violations %v, want %v", got.Violations, v.Expect.Violations)
			}
			want := time.Duration(0)
			if v.Expect.Retry != nil {
				want = time.Duration(*v.Expect.Retry * float64(time.Second))
			}
			if got.RetryAfter != want {
				t.Errorf("retry after %v, want %v", got.RetryAfter, want)
			}
			if !errors.Is(got, got.Kind) || errors.Is(got, Kind("ANOTHER")) {
				t.Error("errors.Is does not tell its kind")
			}
		})
	}
}

func TestAnswer_responsesOfVector_addUp(t *testing.T) {
	type vector struct {
		Name      string
		Responses []json.RawMessage
		Failure   string
		Answer    *struct {
			Text, Reasoning, Reason string
			Tokens                  []int32
			ToolCalls               []ToolCall `json:"tool_calls"`
			PromptTokens            int        `json:"prompt_tokens"`
			CachedPromptTokens      *int       `json:"cached_prompt_tokens"`
			CompletionTokens        int        `json:"completion_tokens"`
			TotalSeconds            float64    `json:"total_seconds"`
			Seed                    uint32
			MeanAcceptanceLength    float64 `json:"mean_acceptance_length"`
		}
	}
	for _, v := range vectors[vector](t, "answers.json") {
		t.Run(v.Name, func(t *testing.T) {
			client := connect(t, &Fake{Generating: func(_ int, _ *adedv1.GenerateRequest, to grpc.ServerStreamingServer[adedv1.GenerateResponse]) error {
				for _, text := range v.Responses {
					response := &adedv1.GenerateResponse{}
					if err := protojson.Unmarshal(text, response); err != nil {
						return err
					}
					if err := to.Send(response); err != nil {
						return err
					}
				}
				return nil
			}})
			got, err := client.Chat(background(t), "Hello")
			if v.Answer == nil {
				if !errors.Is(err, Kind(v.Failure)) {
					t.Errorf("failed with %v, want %s", err, v.Failure)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := v.Answer
			cached := -1
			if want.CachedPromptTokens != nil {
				cached = *want.CachedPromptTokens
			}
			end := got.Finished
			if got.Text != want.Text || got.Reasoning != want.Reasoning || string(end.Reason) != want.Reason ||
				end.Seed != want.Seed || end.Usage.PromptTokens != want.PromptTokens || end.Usage.CachedPromptTokens != cached ||
				end.Usage.CompletionTokens != want.CompletionTokens || end.Usage.TotalTime.Seconds() != want.TotalSeconds ||
				end.Speculation.MeanAcceptanceLength != want.MeanAcceptanceLength {
				t.Errorf("got %+v, %+v; want %+v", got, end, want)
			}
			if len(got.Tokens)+len(want.Tokens) > 0 && !reflect.DeepEqual(got.Tokens, want.Tokens) {
				t.Errorf("tokens %v, want %v", got.Tokens, want.Tokens)
			}
			if len(got.ToolCalls)+len(want.ToolCalls) > 0 && !reflect.DeepEqual(got.ToolCalls, want.ToolCalls) {
				t.Errorf("calls %v, want %v", got.ToolCalls, want.ToolCalls)
			}
		})
	}
}
