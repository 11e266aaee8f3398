package aded

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// Event is what happens while an answer grows: any number of [Delta] (and of [ReasoningDelta], [ToolCallDelta] and
// [Round], if asked for), then one [Finished].
type Event interface{ event() }

// Delta says that the answer grows. The concatenation of all texts is the whole answer.
type Delta struct {
	// Text is what to append; empty while a character or a possible stop string is held back.
	Text string
	// Tokens are the ids emitted, in order.
	Tokens []int32
	// LogProbabilities has one entry per token if asked for, else none.
	LogProbabilities []TokenLogProbability
}

// ReasoningDelta says that the reasoning before the answer grows.
type ReasoningDelta struct {
	// Text is what to append.
	Text string
	// Tokens are the ids emitted, in order.
	Tokens []int32
	// LogProbabilities has one entry per token if asked for, else none.
	LogProbabilities []TokenLogProbability
}

// ToolCallDelta says that a tool call grows. The concatenation of all arguments of one index is the call's arguments.
type ToolCallDelta struct {
	// Index is which call of the answer this is, from 0.
	Index int
	// ID is the call's; empty but in its first delta.
	ID string
	// Name is the tool's; empty but in the call's first delta.
	Name string
	// Arguments is what to append, as JSON text.
	Arguments string
	// Tokens are the ids emitted, in order.
	Tokens []int32
	// LogProbabilities has one entry per token if asked for, else none.
	LogProbabilities []TokenLogProbability
}

// Round is one draft-and-verify round, after the deltas of that round. Sent only with [ReportRounds].
type Round struct {
	// Index counts from 0 within the answer.
	Index int
	// Drafter is the drafter's name; "none" if the round had no draft.
	Drafter string
	// Nodes is the tree that was verified, root first, parents before children; the root was emitted before.
	Nodes []DraftNode
	// EmittedTokens are the accepted tokens in order, then the bonus token that the model itself chose.
	EmittedTokens []int32
	// ProposedNodes is how many draft tokens were on offer before the budget cut them.
	ProposedNodes int
	// BatchTokens is the tokens in the forward pass, all streams together.
	BatchTokens int
	// BatchStreams is the streams in the forward pass.
	BatchStreams int
	// DraftTime is how long drafting took.
	DraftTime time.Duration
	// VerifyTime is how long the forward pass took.
	VerifyTime time.Duration
	// Arm is which of several ways to draft it took, as in [DraftArm]; empty where the drafter has no choice.
	Arm string
	// ArmReason is why that one, such as "best", "probe" or "price"; empty where Arm is.
	ArmReason string
}

// Finished says that the answer is complete. It is the last event.
type Finished struct {
	// Reason is why it ended.
	Reason FinishReason
	// Usage is what it cost.
	Usage Usage
	// Seed is that of the random stream that was used; the same request with it gives the same answer.
	Seed uint32
	// Speculation is how drafting fared.
	Speculation Speculation
}

func (Delta) event()          {}
func (ReasoningDelta) event() {}
func (ToolCallDelta) event()  {}
func (Round) event()          {}
func (Finished) event()       {}

// TokenLogProbability is what the model thought of an emitted token, before any sampling filter.
type TokenLogProbability struct {
	// Token is the id.
	Token int32
	// Text is its text; bytes that are no whole characters are U+FFFD.
	Text string
	// LogProbability is the natural logarithm of its probability, at most 0.
	LogProbability float32
	// Alternatives are the best tokens in its place, best first.
	Alternatives []Alternative
}

// Alternative is a token that could have been.
type Alternative struct {
	// Token is the id.
	Token int32
	// Text is its text.
	Text string
	// LogProbability is the natural logarithm of its probability, at most 0.
	LogProbability float32
}

// DraftNode is one token of a draft tree.
type DraftNode struct {
	// Token is the id.
	Token int32
	// Text is its text.
	Text string
	// Parent is the index of the parent in [Round.Nodes]; -1 for the root.
	Parent int
	// Probability is the drafter's estimate that it is reached and accepted, 0 to 1.
	Probability float32
	// Accepted is whether the model agreed; false for the root.
	Accepted bool
	// Source is what guessed it: "table", "model", "both", "grammar", or the drafter's name; empty for the root, and if
	// it is not told.
	Source string
}

// FinishReason is why an answer ended.
type FinishReason string

// The reasons for an answer's end.
const (
	// FinishStop: the model said that it is done, or a stop token or stop string came.
	FinishStop FinishReason = "STOP"
	// FinishLength: as many tokens were emitted as were allowed.
	FinishLength FinishReason = "LENGTH"
	// FinishContextFull: the context has no room for another token.
	FinishContextFull FinishReason = "CONTEXT_FULL"
	// FinishCancelled: [AnswerStream.Cancel] ended this turn; what was sent until then stands.
	FinishCancelled FinishReason = "CANCELLED"
	// FinishToolCalls: the model is done and waits for the results of its tool calls.
	FinishToolCalls FinishReason = "TOOL_CALLS"
	// FinishOther: a reason of a later version of the API; to be treated as FinishStop.
	FinishOther FinishReason = "OTHER"
)

// Usage is what an answer cost.
type Usage struct {
	// PromptTokens are those of the whole prompt, history and the chat template's additions included.
	PromptTokens int
	// CachedPromptTokens are those of them that were in the KV cache already; -1 if it is not told.
	CachedPromptTokens int
	// CompletionTokens are those drawn for this answer: text, reasoning and tool calls, end tokens included.
	CompletionTokens int
	// ReasoningTokens are those of them that were reasoning.
	ReasoningTokens int
	// QueueTime is from submission until the engine took the turn up.
	QueueTime time.Duration
	// TimeToFirstToken is from submission to the first token; 0 if there was none.
	TimeToFirstToken time.Duration
	// TotalTime is from submission to the end.
	TotalTime time.Duration
}

// Speculation is how drafting fared, over one answer or over many.
type Speculation struct {
	// NumSpecSteps are the rounds that verified a draft.
	NumSpecSteps int64
	// NumSteps are all rounds.
	NumSteps int64
	// NumDraftTokens are those verified.
	NumDraftTokens int64
	// NumAcceptedDraftTokens are those that the model agreed with.
	NumAcceptedDraftTokens int64
	// MeanAcceptanceLength is the tokens emitted per round that had a draft; 1 if there was none.
	MeanAcceptanceLength float64
	// DraftAcceptanceRate is NumAcceptedDraftTokens / NumDraftTokens; 0 if there was none.
	DraftAcceptanceRate float64
	// AcceptanceHistogram's element i counts the rounds with a draft that accepted exactly i draft tokens.
	AcceptanceHistogram []int64
	// NumAcceptedTokensPerPos's element i counts the draft tokens accepted at depth i + 1.
	NumAcceptedTokensPerPos []int64
	// ExpectedAcceptedDraftTokens is the drafters' own estimate of NumAcceptedDraftTokens.
	ExpectedAcceptedDraftTokens float64
	// DraftTime is the time spent on drafting.
	DraftTime time.Duration
	// VerifyTime is the time spent in forward passes after the prompt was read.
	VerifyTime time.Duration
	// HostTime is the time spent outside forward passes.
	HostTime time.Duration
}

// Answer is a whole answer, or what has arrived of one.
type Answer struct {
	// Text is the text.
	Text string
	// Tokens are the ids of the tokens of text, reasoning and tool calls, in the order in which they came.
	Tokens []int32
	// LogProbabilities has one entry per token if asked for, else none.
	LogProbabilities []TokenLogProbability
	// Reasoning is what the model thought before it; empty if it did not, or that was not asked for.
	Reasoning string
	// ToolCalls are the calls that the model wants made, if it ended with [FinishToolCalls].
	ToolCalls []ToolCall
	// Finished is why it ended and what it cost; nil if it is not complete.
	Finished *Finished
}

// collector makes an answer of its events.
type collector struct {
	text, reasoning  strings.Builder
	tokens           []int32
	logProbabilities []TokenLogProbability
	calls            []*callParts
	finished         *Finished
}

type callParts struct {
	index     int
	id, name  string
	arguments strings.Builder
}

func (c *collector) add(event Event) {
	switch event := event.(type) {
	case Delta:
		c.text.WriteString(event.Text)
		c.took(event.Tokens, event.LogProbabilities)
	case ReasoningDelta:
		c.reasoning.WriteString(event.Text)
		c.took(event.Tokens, event.LogProbabilities)
	case ToolCallDelta:
		c.call(event).arguments.WriteString(event.Arguments)
		c.took(event.Tokens, event.LogProbabilities)
	case Finished:
		c.finished = &event
	}
}

func (c *collector) took(tokens []int32, logProbabilities []TokenLogProbability) {
	c.tokens = append(c.tokens, tokens...)
	c.logProbabilities = append(c.logProbabilities, logProbabilities...)
}

// call finds the call that a delta belongs to. Calls come one after the other, but nothing breaks if they are mixed.
func (c *collector) call(delta ToolCallDelta) *callParts {
	for _, known := range c.calls {
		if known.index == delta.Index {
			return known
		}
	}
	parts := &callParts{index: delta.Index, id: delta.ID, name: delta.Name}
	c.calls = append(c.calls, parts)
	return parts
}

func (c *collector) answer() *Answer {
	answer := &Answer{
		Text:             c.text.String(),
		Tokens:           append([]int32(nil), c.tokens...),
		LogProbabilities: append([]TokenLogProbability(nil), c.logProbabilities...),
		Reasoning:        c.reasoning.String(),
		Finished:         c.finished,
	}
	for _, call := range c.calls {
		answer.ToolCalls = append(answer.ToolCalls, ToolCall{ID: call.id, Name: call.name, Arguments: call.arguments.String()})
	}
	return answer
}

// response is what responses of Generate and of Converse have in common.
type response interface {
	GetDelta() *adedv1.Delta
	GetReasoningDelta() *adedv1.Delta
	GetToolCallDelta() *adedv1.ToolCallDelta
	GetRound() *adedv1.Round
	GetFinished() *adedv1.Finished
}

// eventOf reads an event; nil if it is one of a later version of the API, which is to be passed over.
func eventOf(message response) Event {
	if delta := message.GetDelta(); delta != nil {
		return Delta{delta.GetText(), delta.GetTokens(), logProbabilitiesOf(delta.GetLogProbabilities())}
	}
	if delta := message.GetReasoningDelta(); delta != nil {
		return ReasoningDelta{delta.GetText(), delta.GetTokens(), logProbabilitiesOf(delta.GetLogProbabilities())}
	}
	if delta := message.GetToolCallDelta(); delta != nil {
		return ToolCallDelta{
			Index: int(delta.GetIndex()), ID: delta.GetId(), Name: delta.GetName(), Arguments: delta.GetArguments(),
			Tokens: delta.GetTokens(), LogProbabilities: logProbabilitiesOf(delta.GetLogProbabilities()),
		}
	}
	if round := message.GetRound(); round != nil {
		return roundOf(round)
	}
	if finished := message.GetFinished(); finished != nil {
		return Finished{
			Reason:      finishReasonOf(finished.GetReason()),
			Usage:       usageOf(finished.GetUsage()),
			Seed:        finished.GetSeed(),
			Speculation: speculationOf(finished.GetSpeculation()),
		}
	}
	return nil
}

func logProbabilitiesOf(messages []*adedv1.TokenLogProbability) []TokenLogProbability {
	var all []TokenLogProbability
	for _, message := range messages {
		one := TokenLogProbability{Token: message.GetToken(), Text: message.GetText(), LogProbability: message.GetLogProbability()}
		for _, other := range message.GetAlternatives() {
			one.Alternatives = append(one.Alternatives, Alternative{other.GetToken(), other.GetText(), other.GetLogProbability()})
		}
		all = append(all, one)
	}
	return all
}

func roundOf(message *adedv1.Round) Round {
	round := Round{
		Index: int(message.GetIndex()), Drafter: message.GetDrafter(), EmittedTokens: message.GetEmittedTokens(),
		ProposedNodes: int(message.GetProposedNodes()), BatchTokens: int(message.GetBatchTokens()),
		BatchStreams: int(message.GetBatchStreams()),
		DraftTime:    duration(message.GetDraftTime()), VerifyTime: duration(message.GetVerifyTime()),
		Arm: message.GetArm(), ArmReason: message.GetArmReason(),
	}
	for _, node := range message.GetNodes() {
		round.Nodes = append(round.Nodes, DraftNode{
			Token: node.GetToken(), Text: node.GetText(), Parent: int(node.GetParent()),
			Probability: node.GetProbability(), Accepted: node.GetAccepted(), Source: node.GetSource(),
		})
	}
	return round
}

func finishReasonOf(reason adedv1.FinishReason) FinishReason {
	switch reason {
	case adedv1.FinishReason_FINISH_REASON_STOP:
		return FinishStop
	case adedv1.FinishReason_FINISH_REASON_LENGTH:
		return FinishLength
	case adedv1.FinishReason_FINISH_REASON_CONTEXT_FULL:
		return FinishContextFull
	case adedv1.FinishReason_FINISH_REASON_CANCELLED:
		return FinishCancelled
	case adedv1.FinishReason_FINISH_REASON_TOOL_CALLS:
		return FinishToolCalls
	default:
		return FinishOther
	}
}

func usageOf(message *adedv1.Usage) Usage {
	usage := Usage{
		PromptTokens: int(message.GetPromptTokens()), CachedPromptTokens: -1,
		CompletionTokens: int(message.GetCompletionTokens()), ReasoningTokens: int(message.GetReasoningTokens()),
		QueueTime: duration(message.GetQueueTime()), TimeToFirstToken: duration(message.GetTimeToFirstToken()),
		TotalTime: duration(message.GetTotalTime()),
	}
	if message != nil && message.CachedPromptTokens != nil {
		usage.CachedPromptTokens = int(message.GetCachedPromptTokens())
	}
	return usage
}

func speculationOf(message *adedv1.SpeculationStatistics) Speculation {
	return Speculation{
		NumSpecSteps:                message.GetNumSpecSteps(),
		NumSteps:                    message.GetNumSteps(),
		NumDraftTokens:              message.GetNumDraftTokens(),
		NumAcceptedDraftTokens:      message.GetNumAcceptedDraftTokens(),
		MeanAcceptanceLength:        message.GetMeanAcceptanceLength(),
		DraftAcceptanceRate:         message.GetDraftAcceptanceRate(),
		AcceptanceHistogram:         message.GetAcceptanceHistogram(),
		NumAcceptedTokensPerPos:     message.GetNumAcceptedTokensPerPos(),
		ExpectedAcceptedDraftTokens: message.GetExpectedAcceptedDraftTokens(),
		DraftTime:                   duration(message.GetDraftTime()),
		VerifyTime:                  duration(message.GetVerifyTime()),
		HostTime:                    duration(message.GetHostTime()),
	}
}

// duration is 0 for one that is not set.
func duration(message *durationpb.Duration) time.Duration {
	if message == nil {
		return 0
	}
	return message.AsDuration()
}
