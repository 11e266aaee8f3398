package aded

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// AnswerOption says something about how answers are made: one answer, or those of a conversation.
type AnswerOption func(*answerOptions)

// answerOptions is what the options of one call add up to.
type answerOptions struct {
	message   *adedv1.GenerationOptions
	reset     []string
	timeout   time.Duration
	model     string
	tools     []Tool
	toolRound int
	err       error
}

func collect(options []AnswerOption) *answerOptions {
	all := &answerOptions{message: &adedv1.GenerationOptions{}, toolRound: 10}
	for _, option := range options {
		option(all)
	}
	return all
}

// options is nil if nothing was said, so that nothing is sent.
func (o *answerOptions) options() *adedv1.GenerationOptions {
	if proto.Size(o.message) == 0 {
		return nil
	}
	return o.message
}

func (o *answerOptions) resetMask() *fieldmaskpb.FieldMask {
	if len(o.reset) == 0 {
		return nil
	}
	return &fieldmaskpb.FieldMask{Paths: o.reset}
}

func (o *answerOptions) sampling() *adedv1.Sampling {
	if o.message.Sampling == nil {
		o.message.Sampling = &adedv1.Sampling{}
	}
	return o.message.Sampling
}

func (o *answerOptions) draft() *adedv1.DraftPolicy {
	if o.message.Draft == nil {
		o.message.Draft = &adedv1.DraftPolicy{}
	}
	return o.message.Draft
}

func (o *answerOptions) reasoning() *adedv1.ReasoningOptions {
	if o.message.Reasoning == nil {
		o.message.Reasoning = &adedv1.ReasoningOptions{}
	}
	return o.message.Reasoning
}

// sampled makes an option that sets one thing of how tokens are drawn.
func sampled(set func(*adedv1.Sampling)) AnswerOption {
	return func(o *answerOptions) { set(o.sampling()) }
}

// Options puts several options together into one.
func Options(options ...AnswerOption) AnswerOption {
	return func(o *answerOptions) {
		for _, option := range options {
			option(o)
		}
	}
}

// Timeout is how long the answer may take in all; [DeadlineExceeded] after it, with what had arrived. As a default of a
// conversation it is each turn's.
func Timeout(limit time.Duration) AnswerOption { return func(o *answerOptions) { o.timeout = limit } }

// Model is the model that is expected, as [Client.Model] names it; [NotFound] if it is not served. For
// [Client.Stream], [Client.CountTokens] and [Client.Converse] (by [WithDefaults]).
func Model(name string) AnswerOption { return func(o *answerOptions) { o.model = name } }

// Sampling says how tokens are drawn, all at once. Nil leaves a value as it is.
func Sampling(values SamplingSettings) AnswerOption {
	return sampled(func(s *adedv1.Sampling) {
		set(&s.Temperature, values.Temperature)
		set(&s.TopK, values.TopK)
		set(&s.TopP, values.TopP)
		set(&s.MinP, values.MinP)
		set(&s.TypicalP, values.TypicalP)
		set(&s.TopNSigma, values.TopNSigma)
		set(&s.XtcProbability, values.XTCProbability)
		set(&s.XtcThreshold, values.XTCThreshold)
		set(&s.DynamicTemperatureRange, values.DynamicTemperatureRange)
		set(&s.DynamicTemperatureExponent, values.DynamicTemperatureExponent)
		set(&s.MirostatTau, values.MirostatTau)
		set(&s.MirostatEta, values.MirostatEta)
		set(&s.RepeatPenalty, values.RepeatPenalty)
		set(&s.FrequencyPenalty, values.FrequencyPenalty)
		set(&s.PresencePenalty, values.PresencePenalty)
		set(&s.PenaltyWindow, values.PenaltyWindow)
		set(&s.DryMultiplier, values.DRYMultiplier)
		set(&s.DryBase, values.DRYBase)
		set(&s.DryAllowedLength, values.DRYAllowedLength)
		set(&s.DryWindow, values.DRYWindow)
		set(&s.Seed, values.Seed)
		if len(values.DRYSequenceBreakers) > 0 {
			s.DrySequenceBreakers = values.DRYSequenceBreakers
		}
		if len(values.LogitBias) > 0 {
			s.LogitBias = values.LogitBias
		}
	})
}

func set[T any](field **T, value *T) {
	if value != nil {
		*field = value
	}
}

// Temperature is 0 (always the best token) to 100.
func Temperature(value float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.Temperature = &value })
}

// Greedy always takes the best token.
func Greedy() AnswerOption { return Temperature(0) }

// TopK keeps the k best tokens; 0 keeps all.
func TopK(k int32) AnswerOption { return sampled(func(s *adedv1.Sampling) { s.TopK = &k }) }

// TopP keeps the best tokens up to this probability: above 0, up to 1.
func TopP(p float32) AnswerOption { return sampled(func(s *adedv1.Sampling) { s.TopP = &p }) }

// MinP drops tokens below this share of the best one's probability: 0 to 1.
func MinP(p float32) AnswerOption { return sampled(func(s *adedv1.Sampling) { s.MinP = &p }) }

// TypicalP is locally typical sampling: above 0, up to 1 (off).
func TypicalP(p float32) AnswerOption { return sampled(func(s *adedv1.Sampling) { s.TypicalP = &p }) }

// TopNSigma drops tokens more than n standard deviations below the best logit: 0 (off) to 100.
func TopNSigma(n float32) AnswerOption { return sampled(func(s *adedv1.Sampling) { s.TopNSigma = &n }) }

// XTC drops, in this share of draws (0 to 1), every token above the threshold (up to 0.5) but the least likely of them.
func XTC(probability, threshold float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.XtcProbability, s.XtcThreshold = &probability, &threshold })
}

// DynamicTemperature lets the temperature move with the entropy by up to spread, with the given exponent (1 is usual).
func DynamicTemperature(spread, exponent float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) {
		s.DynamicTemperatureRange, s.DynamicTemperatureExponent = &spread, &exponent
	})
}

// Mirostat holds the surprise per token to tau bits (0 is off, 5 is usual), by steps of eta (0.1 is usual).
func Mirostat(tau, eta float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.MirostatTau, s.MirostatEta = &tau, &eta })
}

// RepeatPenalty is above 0, up to 100; 1 is off.
func RepeatPenalty(value float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.RepeatPenalty = &value })
}

// FrequencyPenalty is -100 to 100; 0 is off.
func FrequencyPenalty(value float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.FrequencyPenalty = &value })
}

// PresencePenalty is -100 to 100; 0 is off.
func PresencePenalty(value float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.PresencePenalty = &value })
}

// PenaltyWindow is how many tokens the three penalties look back on: 0 to 65536.
func PenaltyWindow(tokens int32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.PenaltyWindow = &tokens })
}

// DRY penalises tokens that would continue a repetition: multiplier 0 (off) to 100, 0.8 is usual; base 1 to 100, 1.75
// is usual; allowedLength in tokens, 2 is usual; window is how many tokens it looks back on, 4096 is usual.
func DRY(multiplier, base float32, allowedLength, window int32, sequenceBreakers ...string) AnswerOption {
	return sampled(func(s *adedv1.Sampling) {
		s.DryMultiplier, s.DryBase, s.DryAllowedLength, s.DryWindow = &multiplier, &base, &allowedLength, &window
		s.DrySequenceBreakers = sequenceBreakers
	})
}

// Seed makes the answer repeatable; [Finished.Seed] reports the seed of every answer.
func Seed(seed uint32) AnswerOption { return sampled(func(s *adedv1.Sampling) { s.Seed = &seed }) }

// LogitBias is added to the logits of token ids: -1000 to 1000 each, or negative infinity to forbid the token.
func LogitBias(bias map[int32]float32) AnswerOption {
	return sampled(func(s *adedv1.Sampling) { s.LogitBias = bias })
}

func constrained(constraint *adedv1.Constraint) AnswerOption {
	return func(o *answerOptions) { o.message.Constraint = constraint }
}

// Unconstrained frees the answer of a constraint that its conversation has.
func Unconstrained() AnswerOption {
	return constrained(&adedv1.Constraint{Kind: &adedv1.Constraint_None{None: &adedv1.Unconstrained{}}})
}

// JSONSchema makes the answer a JSON value that is valid under a schema, which is JSON text. [Parse] and [SchemaOf] make
// one of a Go type.
func JSONSchema(schema string) AnswerOption {
	return constrained(&adedv1.Constraint{Kind: &adedv1.Constraint_JsonSchema{JsonSchema: schema}})
}

// AnyJSON makes the answer a JSON object.
func AnyJSON() AnswerOption {
	return constrained(&adedv1.Constraint{Kind: &adedv1.Constraint_JsonObject{JsonObject: &adedv1.AnyJsonObject{}}})
}

// Grammar makes the answer match a grammar in GBNF, from its rule root.
func Grammar(gbnf string) AnswerOption {
	return constrained(&adedv1.Constraint{Kind: &adedv1.Constraint_Grammar{Grammar: gbnf}})
}

// RegularExpression makes the whole answer match a pattern (ECMA-262).
func RegularExpression(pattern string) AnswerOption {
	return constrained(&adedv1.Constraint{Kind: &adedv1.Constraint_RegularExpression{RegularExpression: pattern}})
}

// Draft is who guesses ahead: auto, off, or the name of a drafter in [ServerDetails.Drafters]. Only speed depends on it.
func Draft(mode string) AnswerOption { return func(o *answerOptions) { o.draft().Mode = mode } }

// DraftPolicy says how the server guesses ahead, all at once. Nil, and no mode, leave a value as it is.
func DraftPolicy(values DraftSettings) AnswerOption {
	return func(o *answerOptions) {
		d := o.draft()
		if values.Mode != "" {
			d.Mode = values.Mode
		}
		set(&d.MaxNodes, values.MaxNodes)
		set(&d.MaxDepth, values.MaxDepth)
		set(&d.MaxBranches, values.MaxBranches)
		set(&d.ShareLearned, values.ShareLearned)
		set(&d.AllowTraining, values.AllowTraining)
	}
}

// DraftNodes is the most draft tokens verified in one round: 0 (no draft) to 256.
func DraftNodes(most int32) AnswerOption {
	return func(o *answerOptions) { o.draft().MaxNodes = &most }
}

// DraftDepth is the longest path in a draft tree: 1 to 64.
func DraftDepth(most int32) AnswerOption {
	return func(o *answerOptions) { o.draft().MaxDepth = &most }
}

// DraftBranches is the most branches in a draft tree: 1 to 64.
func DraftBranches(most int32) AnswerOption {
	return func(o *answerOptions) { o.draft().MaxBranches = &most }
}

// ShareLearned consents that what the drafter learns from this caller's text may help other callers.
func ShareLearned(consent bool) AnswerOption {
	return func(o *answerOptions) { o.draft().ShareLearned = &consent }
}

// AllowTraining consents that a server that keeps answers for it writes this caller's prompts and answers to its disk, to train draft models by.
func AllowTraining(consent bool) AnswerOption {
	return func(o *answerOptions) { o.draft().AllowTraining = &consent }
}

// MaxTokens is the most tokens of the answer; 0 means as many as the context has room for.
func MaxTokens(most int32) AnswerOption {
	return func(o *answerOptions) { o.message.MaxTokens = &most }
}

// StopStrings end the answer before the first of them: at most 16, none empty.
func StopStrings(strings ...string) AnswerOption {
	return func(o *answerOptions) { o.message.StopStrings = strings }
}

// StopTokens end the answer before the first of them, beside the model's own end tokens.
func StopTokens(ids ...int32) AnswerOption {
	return func(o *answerOptions) { o.message.StopTokens = ids }
}

// IgnoreEnd goes on past the model's end tokens, for benchmarks.
func IgnoreEnd(ignore bool) AnswerOption {
	return func(o *answerOptions) { o.message.IgnoreEnd = &ignore }
}

// LogProbabilities is how many alternatives to report with each token: 0 (only the token's own) to 20; -1 reports none.
func LogProbabilities(alternatives int32) AnswerOption {
	return func(o *answerOptions) { o.message.LogProbabilities = &alternatives }
}

// ReportRounds is whether [Round] events are sent.
func ReportRounds(report bool) AnswerOption {
	return func(o *answerOptions) { o.message.ReportRounds = &report }
}

// Priority is -100 to 100: turns with a higher one are taken from the queue earlier.
func Priority(value int32) AnswerOption {
	return func(o *answerOptions) { o.message.Priority = &value }
}

// Sharing is with whom the computed beginning of a prompt may be shared.
type Sharing string

// With whom a prompt's computed beginning may be shared, at most what the server allows.
const (
	// ShareWithNobody reuses only a conversation's own history.
	ShareWithNobody Sharing = "NONE"
	// ShareWithCaller shares with calls of the same client id.
	ShareWithCaller Sharing = "CALLER"
	// ShareWithAll shares with all callers.
	ShareWithAll Sharing = "ALL"
)

// PrefixSharing is with whom the computed beginning of the prompt may be shared, at most what the server allows.
func PrefixSharing(with Sharing) AnswerOption {
	value := adedv1.PrefixSharing(adedv1.PrefixSharing_value["PREFIX_SHARING_"+string(with)])
	return func(o *answerOptions) { o.message.PrefixSharing = &value }
}

// Tools are what the model may call; names must differ. [RunTools] carries calls out.
func Tools(tools ...Tool) AnswerOption {
	return func(o *answerOptions) {
		o.tools = tools
		o.message.Tools = nil
		for _, tool := range tools {
			if tool.err != nil {
				o.err = tool.err
			}
			o.message.Tools = append(o.message.Tools, &adedv1.Tool{
				Name: tool.name, Description: tool.description, Parameters: tool.parameters, Strict: tool.strict,
			})
		}
	}
}

// ToolChoice is whether the model must call a tool.
type ToolChoice string

// Rules for calling tools.
const (
	// ToolsAuto leaves it to the model.
	ToolsAuto ToolChoice = "AUTO"
	// ToolsNone calls no tool, though the model may be told of them.
	ToolsNone ToolChoice = "NONE"
	// ToolsRequired calls at least one tool.
	ToolsRequired ToolChoice = "REQUIRED"
)

// ChooseTools says whether the model must call a tool.
func ChooseTools(rule ToolChoice) AnswerOption {
	mode := adedv1.ToolChoiceMode(adedv1.ToolChoiceMode_value["TOOL_CHOICE_MODE_"+string(rule)])
	return func(o *answerOptions) {
		o.message.ToolChoice = &adedv1.ToolChoice{Choice: &adedv1.ToolChoice_Mode{Mode: mode}}
	}
}

// RequireTool makes the model call this one tool.
func RequireTool(name string) AnswerOption {
	return func(o *answerOptions) {
		o.message.ToolChoice = &adedv1.ToolChoice{Choice: &adedv1.ToolChoice_Tool{Tool: name}}
	}
}

// ParallelToolCalls is whether one answer may call several tools.
func ParallelToolCalls(allow bool) AnswerOption {
	return func(o *answerOptions) { o.message.ParallelToolCalls = &allow }
}

// MaxToolRounds is how many times [RunTools] sends results of tools back; 10 unless said otherwise.
func MaxToolRounds(most int) AnswerOption { return func(o *answerOptions) { o.toolRound = most } }

// ReasoningBudget is the most tokens of reasoning: 0 (none at all) or more; -1 is no bound.
func ReasoningBudget(tokens int32) AnswerOption {
	return func(o *answerOptions) { o.reasoning().Budget = &tokens }
}

// IncludeReasoning is whether the reasoning is sent, as [ReasoningDelta].
func IncludeReasoning(include bool) AnswerOption {
	return func(o *answerOptions) { o.reasoning().Include = &include }
}

// TemplateVariables are variables for the model's chat template, such as enable_thinking: strings, numbers, booleans,
// nil, and slices ([]any) and maps (map[string]any) of these.
func TemplateVariables(variables map[string]any) AnswerOption {
	return func(o *answerOptions) {
		values, err := structpb.NewStruct(variables)
		if err != nil {
			o.err = newError(InvalidRequest, ReasonInvalidOption, "template variables: "+err.Error())
		}
		o.message.TemplateVariables = values
	}
}

// Reset returns values to the server's own default, whatever the conversation says: paths as in the API's
// GenerationOptions, such as sampling.seed, constraint, sampling (all of it) or *. What is set beside it is set all the
// same. Without effect on single answers, which start from the server's defaults.
func Reset(paths ...string) AnswerOption {
	return func(o *answerOptions) { o.reset = append(o.reset, paths...) }
}
