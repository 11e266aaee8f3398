// Command conformance is the driver by which ../../../conformance tries this client: it reads vectors, does what they
// say, and prints what it saw.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"

	aded "aded.io/client-go"
)

type vector struct {
	Vector string `json:"vector"`
	Client struct {
		Connect connect `json:"connect"`
		Steps   []step  `json:"steps"`
	} `json:"client"`
}

type connect struct {
	Target   string `json:"target"`
	Token    string `json:"token"`
	ClientID string `json:"client_id"`
	TLS      *struct {
		CA, Cert, Key string
	} `json:"tls"`
	Retry *struct {
		Attempts *int `json:"attempts"`
		Initial  *int `json:"initial_ms"`
	} `json:"retry"`
}

type step struct {
	Do       string
	Name     string
	Prompt   *string
	Messages []struct{ Role, Content string }
	Text     *string
	Tokens   []int32
	Options  *options
	Reset    []string
	Model    string
	Whole    bool

	Repeat          []any  `json:"prompt_repeat"`
	Millis          int    `json:"ms"`
	AskMeanwhile    bool   `json:"ask_meanwhile"`
	CancelMillis    int    `json:"cancel_after_ms"`
	EndAfter        *int   `json:"close_conversation_after"`
	TimeoutMillis   int    `json:"timeout_ms"`
	CancelAfter     *int   `json:"cancel_after"`
	CloseAfter      *int   `json:"close_after"`
	PauseMillis     int    `json:"pause_ms"`
	PauseAfter      int    `json:"pause_after"`
	ConversationID  string `json:"conversation_id"`
	RequireResume   bool   `json:"require_resume"`
	RetentionMillis *int   `json:"retention_ms"`
	Trace           *struct{ Trace, Span string }
}

type options struct {
	Sampling   *aded.SamplingSettings
	Draft      *aded.DraftSettings
	Constraint *struct {
		None       *struct{}
		Grammar    *string
		JSONSchema *string   `json:"json_schema"`
		JSONObject *struct{} `json:"json_object"`
		Expression *string   `json:"regular_expression"`
	}
	MaxTokens        *int32   `json:"max_tokens"`
	StopStrings      []string `json:"stop_strings"`
	StopTokens       []int32  `json:"stop_tokens"`
	IgnoreEnd        *bool    `json:"ignore_end"`
	LogProbabilities *int32   `json:"log_probabilities"`
	ReportRounds     *bool    `json:"report_rounds"`
	Priority         *int32
	PrefixSharing    *string `json:"prefix_sharing"`
	Tools            []struct {
		Name, Description, Parameters string
		Strict                        *bool
	}
	ToolChoice *struct{ Mode, Tool string } `json:"tool_choice"`
	Parallel   *bool                        `json:"parallel_tool_calls"`
	Reasoning  *struct {
		Budget  *int32
		Include *bool
	}
	Variables     map[string]any `json:"template_variables"`
	TimeoutMillis int            `json:"timeout_ms"`
	Reset         []string
}

func given[T any](all []aded.AnswerOption, value *T, option func(T) aded.AnswerOption) []aded.AnswerOption {
	if value == nil {
		return all
	}
	return append(all, option(*value))
}

func (s *step) answerOptions() []aded.AnswerOption {
	var all []aded.AnswerOption
	if s.TimeoutMillis > 0 && s.Do != "open" {
		all = append(all, aded.Timeout(millis(s.TimeoutMillis)))
	}
	if s.Model != "" {
		all = append(all, aded.Model(s.Model))
	}
	if len(s.Reset) > 0 {
		all = append(all, aded.Reset(s.Reset...))
	}
	o := s.Options
	if o == nil {
		return all
	}
	if o.TimeoutMillis > 0 {
		all = append(all, aded.Timeout(millis(o.TimeoutMillis)))
	}
	if len(o.Reset) > 0 {
		all = append(all, aded.Reset(o.Reset...))
	}
	all = given(all, o.Sampling, aded.Sampling)
	all = given(all, o.Draft, aded.DraftPolicy)
	if c := o.Constraint; c != nil {
		all = given(all, c.None, func(struct{}) aded.AnswerOption { return aded.Unconstrained() })
		all = given(all, c.Grammar, aded.Grammar)
		all = given(all, c.JSONSchema, aded.JSONSchema)
		all = given(all, c.JSONObject, func(struct{}) aded.AnswerOption { return aded.AnyJSON() })
		all = given(all, c.Expression, aded.RegularExpression)
	}
	all = given(all, o.MaxTokens, aded.MaxTokens)
	if len(o.StopStrings) > 0 {
		all = append(all, aded.StopStrings(o.StopStrings...))
	}
	if len(o.StopTokens) > 0 {
		all = append(all, aded.StopTokens(o.StopTokens...))
	}
	all = given(all, o.IgnoreEnd, aded.IgnoreEnd)
	all = given(all, o.LogProbabilities, aded.LogProbabilities)
	all = given(all, o.ReportRounds, aded.ReportRounds)
	all = given(all, o.Priority, aded.Priority)
	all = given(all, o.PrefixSharing, func(with string) aded.AnswerOption {
		return aded.PrefixSharing(aded.Sharing(with[len("PREFIX_SHARING_"):]))
	})
	if len(o.Tools) > 0 {
		var tools []aded.Tool
		for _, tool := range o.Tools {
			declared := aded.DeclareTool(tool.Name, tool.Description, tool.Parameters)
			if tool.Strict != nil {
				declared = declared.Strict(*tool.Strict)
			}
			tools = append(tools, declared)
		}
		all = append(all, aded.Tools(tools...))
	}
	if o.ToolChoice != nil {
		if o.ToolChoice.Tool != "" {
			all = append(all, aded.RequireTool(o.ToolChoice.Tool))
		} else {
			all = append(all, aded.ChooseTools(aded.ToolChoice(o.ToolChoice.Mode[len("TOOL_CHOICE_MODE_"):])))
		}
	}
	all = given(all, o.Parallel, aded.ParallelToolCalls)
	if o.Reasoning != nil {
		all = given(all, o.Reasoning.Budget, aded.ReasoningBudget)
		all = given(all, o.Reasoning.Include, aded.IncludeReasoning)
	}
	if o.Variables != nil {
		all = append(all, aded.TemplateVariables(o.Variables))
	}
	return all
}

func (s *step) prompt() aded.Prompt {
	switch {
	case len(s.Messages) > 0:
		var all aded.Messages
		for _, message := range s.Messages {
			all = append(all, aded.Message{Role: message.Role, Parts: []aded.Part{aded.Text(message.Content)}})
		}
		return all
	case s.Text != nil:
		return aded.RawText(*s.Text)
	case len(s.Tokens) > 0:
		return aded.TokenIDs(s.Tokens)
	}
	return nil
}

func millis(n int) time.Duration { return time.Duration(n) * time.Millisecond }

type object map[string]any

// driver does the steps of one vector.
type driver struct {
	client        *aded.Client
	conversations map[string]*aded.Conversation
	out           *bufio.Writer
	log           bytes.Buffer
	step          int
}

func (d *driver) print(line object) {
	text, err := json.Marshal(line)
	if err != nil {
		text = []byte(fmt.Sprintf(`{"step": %d, "skipped": %q}`, d.step, err))
	}
	_, _ = d.out.Write(append(text, '\n'))
	_ = d.out.Flush()
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var v vector
		d := &driver{out: out, conversations: map[string]*aded.Conversation{}}
		if err := json.Unmarshal(line, &v); err != nil {
			d.print(object{"step": 0, "skipped": "the vector cannot be read: " + err.Error()})
		} else {
			d.run(&v)
		}
		warnings := strings.Split(strings.TrimSuffix(d.log.String(), "\n"), "\n")
		d.print(object{"done": v.Vector, "warnings": slices.DeleteFunc(warnings, func(line string) bool { return line == "" })})
	}
}

func (d *driver) run(v *vector) {
	client, err := d.dial(&v.Client.Connect)
	for i := range v.Client.Steps {
		d.step = i
		if err != nil {
			d.print(failed(i, err))
			continue
		}
		d.client = client
		step := &v.Client.Steps[i]
		if len(step.Repeat) == 2 {
			long := strings.Repeat(step.Repeat[0].(string), int(step.Repeat[1].(float64)))
			step.Prompt = &long
		}
		result, failure := d.do(step)
		if failure != nil {
			d.print(failed(i, failure))
		} else {
			d.print(object{"step": i, "result": result})
		}
	}
	for _, conversation := range d.conversations {
		_ = conversation.Close()
	}
	if client != nil {
		_ = client.Close()
	}
}

func (d *driver) dial(c *connect) (*aded.Client, error) {
	all := []aded.ClientOption{aded.WithLogger(slog.New(slog.NewTextHandler(&d.log, nil)))}
	if c.Token != "" {
		all = append(all, aded.WithToken(c.Token))
	}
	if c.ClientID != "" {
		all = append(all, aded.WithClientID(c.ClientID))
	}
	if c.TLS != nil {
		all = append(all, aded.WithTLS(nil))
		if c.TLS.CA != "" {
			all = append(all, aded.WithAuthorities(c.TLS.CA))
		}
		if c.TLS.Cert != "" {
			all = append(all, aded.WithClientCertificate(c.TLS.Cert, c.TLS.Key))
		}
	}
	if c.Retry != nil {
		policy := aded.DefaultRetry
		if c.Retry.Attempts != nil {
			policy.Attempts = *c.Retry.Attempts
		}
		if c.Retry.Initial != nil {
			policy.Initial = millis(*c.Retry.Initial)
		}
		all = append(all, aded.WithRetry(policy))
	}
	return aded.Dial(c.Target, all...)
}

var errNotOpen = errors.New("no conversation of this name is open")

func failed(step int, err error) object {
	if errors.Is(err, errNotOpen) {
		return object{"step": step, "error": object{"kind": "NOT_OPEN_HERE", "message": err.Error()}}
	}
	var failure *aded.Error
	if !errors.As(err, &failure) {
		return object{"step": step, "error": object{"kind": "INTERNAL", "message": "not an error of the client's: " + err.Error()}}
	}
	violations := []object{}
	for _, wrong := range failure.Violations {
		violations = append(violations, object{"field": wrong.Field, "description": wrong.Description})
	}
	told := object{
		"kind": failure.Kind, "code": failure.Code, "reason": failure.Reason, "message": failure.Message,
		"violations": violations, "retry_after_seconds": nil, "text": "",
	}
	if failure.RetryAfter > 0 {
		told["retry_after_seconds"] = failure.RetryAfter.Seconds()
	}
	if failure.Partial != nil {
		told["text"] = failure.Partial.Text
	}
	return object{"step": step, "error": told}
}

func (d *driver) do(s *step) (any, error) {
	ctx, err := s.context()
	if err != nil {
		return nil, err
	}
	name := s.Name
	if name == "" {
		name = "c"
	}
	conversation := d.conversations[name]
	switch s.Do {
	case "chat", "stream":
		return d.answer(s, d.stream(ctx, s), s.Do == "chat", nil)
	case "sleep":
		time.Sleep(millis(s.Millis))
		return nil, nil
	case "ask", "update", "close":
		if conversation == nil {
			return nil, errNotOpen
		}
		switch s.Do {
		case "ask":
			stream := func() *aded.AnswerStream {
				if prompt := s.prompt(); prompt != nil {
					return conversation.AskPrompt(ctx, prompt, s.answerOptions()...)
				}
				return conversation.Ask(ctx, *s.Prompt, s.answerOptions()...)
			}
			return d.answer(s, stream(), s.Whole, conversation)
		case "update":
			return nil, conversation.Update(s.answerOptions()...)
		default:
			return nil, conversation.Close()
		}
	case "open":
		return d.open(ctx, s, name)
	case "typed":
		return typed(ctx, d.client, *s.Prompt)
	case "tools":
		return d.tools(ctx, *s.Prompt)
	default:
		return d.unary(ctx, s)
	}
}

// context is the one that the step's call is made in.
func (s *step) context() (context.Context, error) {
	ctx := context.Background()
	if s.Trace == nil {
		return ctx, nil
	}
	of, err := trace.TraceIDFromHex(s.Trace.Trace)
	if err != nil {
		return nil, err
	}
	span, err := trace.SpanIDFromHex(s.Trace.Span)
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: of, SpanID: span, TraceFlags: trace.FlagsSampled, Remote: true,
	})), err
}

func (d *driver) stream(ctx context.Context, s *step) *aded.AnswerStream {
	if prompt := s.prompt(); prompt != nil {
		return d.client.StreamPrompt(ctx, prompt, s.answerOptions()...)
	}
	return d.client.Stream(ctx, *s.Prompt, s.answerOptions()...)
}

func (d *driver) answer(s *step, stream *aded.AnswerStream, whole bool, in *aded.Conversation) (any, error) {
	if s.CancelMillis > 0 {
		time.AfterFunc(millis(s.CancelMillis), stream.Cancel)
	}
	var meanwhile any
	if whole {
		answer, err := stream.Answer()
		return answerOf(answer), err
	}
	count := 0
	after := func(limit *int) bool { return limit != nil && count == *limit }
	if after(s.CancelAfter) {
		stream.Cancel()
	}
	for event, err := range stream.Events() {
		if err != nil {
			return nil, err
		}
		d.print(eventOf(d.step, event))
		count++
		if after(s.CancelAfter) {
			stream.Cancel()
		}
		if s.AskMeanwhile && count == 1 {
			_, err := in.Ask(context.Background(), "meanwhile").Answer()
			meanwhile = failed(d.step, err)["error"]
		}
		if after(s.EndAfter) {
			_ = in.Close()
		}
		if after(s.CloseAfter) {
			return nil, nil
		}
		if s.PauseMillis > 0 && count == max(1, s.PauseAfter) {
			time.Sleep(millis(s.PauseMillis))
		}
	}
	result := answerOf(stream.Partial())
	if meanwhile != nil {
		result["meanwhile"] = meanwhile
	}
	return result, nil
}

func (d *driver) open(ctx context.Context, s *step, name string) (any, error) {
	var all []aded.ConversationOption
	if s.ConversationID != "" {
		all = append(all, aded.WithID(s.ConversationID))
	}
	if s.RequireResume {
		all = append(all, aded.RequireResume())
	}
	if s.RetentionMillis != nil {
		all = append(all, aded.Retention(millis(*s.RetentionMillis)))
	}
	if s.TimeoutMillis > 0 {
		all = append(all, aded.OpenTimeout(millis(s.TimeoutMillis)))
	}
	conversation, err := d.client.Converse(ctx, append(all, aded.WithDefaults(s.answerOptions()...))...)
	if err != nil {
		return nil, err
	}
	d.conversations[name] = conversation
	info := conversation.Info()
	return object{
		"conversation_id": info.ID, "resumed": info.Resumed, "history_tokens": info.HistoryTokens, "model": info.Model,
		"context_tokens": info.ContextTokens,
	}, nil
}

type city struct {
	Name       string   `json:"name"`
	Population int      `json:"population"`
	Rivers     []string `json:"rivers"`
}

func typed(ctx context.Context, client *aded.Client, prompt string) (any, error) {
	value, _, err := aded.Parse[city](ctx, client, prompt)
	return object{"value": value}, err
}

func (d *driver) tools(ctx context.Context, prompt string) (any, error) {
	weather := aded.NewTool("weather", "The weather in a city.", func(_ context.Context, in struct {
		City string `json:"city"`
	}) (object, error) {
		return object{"city": in.City, "celsius": 21}, nil
	})
	divide := aded.NewTool("divide", "Divides a by b.", func(_ context.Context, in struct {
		A int `json:"a"`
		B int `json:"b"`
	}) (int, error) {
		if in.B == 0 {
			return 0, errors.New("division by zero")
		}
		return in.A / in.B, nil
	})
	conversation, err := d.client.Converse(ctx, aded.WithDefaults(aded.Tools(weather, divide)))
	if err != nil {
		return nil, err
	}
	defer conversation.Close()
	answer, called, err := aded.RunTools(ctx, conversation, prompt)
	if err != nil {
		return nil, err
	}
	result := answerOf(answer)
	calls := []object{}
	for _, one := range called {
		calls = append(calls, object{
			"name": one.Call.Name, "arguments": json.RawMessage(one.Call.Arguments), "result": one.Result.Content,
			"is_error": one.Result.IsError,
		})
	}
	result["calls"] = calls
	return result, nil
}

func (d *driver) unary(ctx context.Context, s *step) (any, error) {
	switch s.Do {
	case "tokenize":
		tokens, err := d.client.Tokenize(ctx, *s.Text)
		return object{"tokens": tokens}, err
	case "detokenize":
		text, err := d.client.Detokenize(ctx, s.Tokens)
		return object{"text": text}, err
	case "count_tokens":
		var counted aded.TokenCount
		var err error
		if prompt := s.prompt(); prompt != nil {
			counted, err = d.client.CountPrompt(ctx, prompt, s.answerOptions()...)
		} else {
			counted, err = d.client.CountTokens(ctx, *s.Prompt, s.answerOptions()...)
		}
		return object{"tokens": counted.Tokens, "context_tokens": counted.ContextTokens}, err
	case "model":
		model, err := d.client.Model(ctx, s.Name)
		return object{"name": model.Name, "context_tokens": model.ContextTokens, "description": model.Description}, err
	case "models":
		models, err := d.client.Models(ctx)
		names := []string{}
		for _, model := range models {
			names = append(names, model.Name)
		}
		return object{"names": names}, err
	case "server":
		server, err := d.client.Server(ctx)
		drafters := []string{}
		for _, drafter := range server.Drafters {
			drafters = append(drafters, drafter.Name)
		}
		return object{
			"version": server.Version, "capabilities": server.Capabilities, "drafters": drafters,
			"draft_model": draftModelOf(server.DraftModel),
		}, err
	case "draft_statistics":
		statistics, err := d.client.DraftStatistics(ctx, s.ConversationID)
		arms := []object{}
		for _, arm := range statistics.Arms {
			arms = append(arms, armOf(arm))
		}
		return object{
			"mean_acceptance_length": statistics.Totals.MeanAcceptanceLength, "num_steps": statistics.Totals.NumSteps,
			"arms": arms, "draft_model": draftModelStatisticsOf(statistics.DraftModel),
		}, err
	case "await_ready":
		ctx, cancel := context.WithTimeout(ctx, millis(s.TimeoutMillis))
		defer cancel()
		return nil, d.client.WaitReady(ctx)
	}
	return nil, fmt.Errorf("no such step: %s", s.Do)
}

func eventOf(step int, event aded.Event) object {
	line := object{"step": step}
	switch event := event.(type) {
	case aded.Delta:
		line["event"], line["text"], line["tokens"] = "delta", event.Text, list(event.Tokens)
		addLogProbabilities(line, event.LogProbabilities)
	case aded.ReasoningDelta:
		line["event"], line["text"], line["tokens"] = "reasoning", event.Text, list(event.Tokens)
		addLogProbabilities(line, event.LogProbabilities)
	case aded.ToolCallDelta:
		line["event"], line["index"], line["id"], line["name"] = "tool_call", event.Index, event.ID, event.Name
		line["arguments"], line["tokens"] = event.Arguments, list(event.Tokens)
	case aded.Round:
		nodes := []object{}
		for _, node := range event.Nodes {
			nodes = append(nodes, object{
				"token": node.Token, "text": node.Text, "parent": node.Parent, "probability": node.Probability,
				"accepted": node.Accepted, "source": node.Source,
			})
		}
		line["event"], line["index"], line["drafter"], line["nodes"] = "round", event.Index, event.Drafter, nodes
		line["emitted_tokens"], line["arm"], line["arm_reason"] = list(event.EmittedTokens), event.Arm, event.ArmReason
	case aded.Finished:
		line["event"] = "finished"
		addFinished(line, event)
	}
	return line
}

func armOf(arm aded.DraftArm) object {
	return object{
		"drafter":                   arm.Drafter,
		"arm":                       arm.Arm,
		"num_steps":                 arm.NumSteps,
		"num_probes":                arm.NumProbes,
		"num_draft_tokens":          arm.NumDraftTokens,
		"num_accepted_draft_tokens": arm.NumAcceptedDraftTokens,
		"num_tokens":                arm.NumTokens,
		"seconds":                   arm.Time.Seconds(),
		"weight":                    arm.Weight,
		"hindsight":                 arm.Hindsight,
		"regret":                    arm.Regret,
	}
}

func draftModelOf(model *aded.DraftModel) any {
	if model == nil {
		return nil
	}
	return object{
		"name":         model.Name,
		"quantization": model.Quantization,
		"size_bytes":   model.SizeBytes,
		"layers":       model.Layers,
		"self_draft":   model.SelfDraft,
		"shares_cache": model.SharesCache,
	}
}

func draftModelStatisticsOf(did *aded.DraftModelStatistics) any {
	if did == nil {
		return nil
	}
	return object{
		"model":              draftModelOf(did.Model),
		"num_passes":         did.NumPasses,
		"num_asked_tokens":   did.NumAskedTokens,
		"seconds":            did.Time.Seconds(),
		"num_read_tokens":    did.NumReadTokens,
		"num_copies":         did.NumCopies,
		"num_copied_tokens":  did.NumCopiedTokens,
		"num_refused_copies": did.NumRefusedCopies,
		"num_evictions":      did.NumEvictions,
		"num_without_room":   did.NumWithoutRoom,
		"num_failures":       did.NumFailures,
		"num_steps":          did.NumSteps,
		"num_unpaid_steps":   did.NumUnpaidSteps,
		"num_unready_steps":  did.NumUnreadySteps,
		"num_unusable_steps": did.NumUnusableSteps,
		"trouble":            did.Trouble,
	}
}

// list is never null.
func list[T any](values []T) []T { return append([]T{}, values...) }

func addLogProbabilities(line object, values []aded.TokenLogProbability) {
	all := []object{}
	for _, value := range values {
		alternatives := []object{}
		for _, other := range value.Alternatives {
			alternatives = append(alternatives, object{
				"token": other.Token, "text": other.Text, "log_probability": other.LogProbability,
			})
		}
		all = append(all, object{
			"token": value.Token, "text": value.Text, "log_probability": value.LogProbability, "alternatives": alternatives,
		})
	}
	if len(all) > 0 {
		line["log_probabilities"] = all
	}
}

func answerOf(answer *aded.Answer) object {
	calls := []object{}
	for _, call := range answer.ToolCalls {
		calls = append(calls, object{"id": call.ID, "name": call.Name, "arguments": call.Arguments})
	}
	result := object{
		"text": answer.Text, "tokens": list(answer.Tokens), "reasoning": answer.Reasoning, "tool_calls": calls,
	}
	addLogProbabilities(result, answer.LogProbabilities)
	if answer.Finished != nil {
		addFinished(result, *answer.Finished)
	}
	return result
}

func addFinished(line object, finished aded.Finished) {
	usage := object{
		"prompt_tokens": finished.Usage.PromptTokens, "cached_prompt_tokens": nil,
		"completion_tokens": finished.Usage.CompletionTokens, "reasoning_tokens": finished.Usage.ReasoningTokens,
		"total_seconds": finished.Usage.TotalTime.Seconds(),
	}
	if finished.Usage.CachedPromptTokens >= 0 {
		usage["cached_prompt_tokens"] = finished.Usage.CachedPromptTokens
	}
	speculation := finished.Speculation
	line["reason"], line["seed"], line["usage"] = finished.Reason, finished.Seed, usage
	line["speculation"] = object{
		"num_spec_steps": speculation.NumSpecSteps, "num_steps": speculation.NumSteps, "num_draft_tokens": speculation.NumDraftTokens,
		"num_accepted_draft_tokens": speculation.NumAcceptedDraftTokens,
		"mean_acceptance_length":    speculation.MeanAcceptanceLength, "draft_acceptance_rate": speculation.DraftAcceptanceRate,
		"acceptance_histogram":        slices.Clone(speculation.AcceptanceHistogram),
		"num_accepted_tokens_per_pos": slices.Clone(speculation.NumAcceptedTokensPerPos),
	}
}
