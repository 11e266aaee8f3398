package aded

import (
	"context"
	"strings"
	"time"

	adedv1 "aded.io/client-go/gen/aded/v1"
)

// Settings is how answers are made, as a server or a conversation has it. Nil means that there is no value.
type Settings struct {
	// Sampling is how tokens are drawn.
	Sampling SamplingSettings
	// Draft is how the server guesses ahead.
	Draft DraftSettings
	// Constraint is what answers must match, such as "json_schema"; empty if nothing.
	Constraint string
	// MaxTokens is the most tokens of an answer; 0 means as many as there is room for.
	MaxTokens *int32
	// StopStrings end an answer.
	StopStrings []string
	// StopTokens end an answer.
	StopTokens []int32
	// IgnoreEnd is whether answers go on past the model's end tokens.
	IgnoreEnd *bool
	// LogProbabilities is how many alternatives are reported with each token; -1 reports no log-probabilities.
	LogProbabilities *int32
	// ReportRounds is whether rounds are sent.
	ReportRounds *bool
	// Priority is the turns' place in the queue.
	Priority *int32
	// PrefixSharing is with whom the computed beginning of prompts may be shared; empty if it is not said.
	PrefixSharing Sharing
	// Tools are the names of what the model may call.
	Tools []string
	// ReasoningBudget is the most tokens of reasoning; -1 is no bound.
	ReasoningBudget *int32
	// IncludeReasoning is whether the reasoning is sent.
	IncludeReasoning *bool
	// TemplateVariables are variables for the model's chat template.
	TemplateVariables map[string]any
}

// SamplingSettings is how tokens are drawn. Nil means that there is no value; see the options of the same names. In JSON
// the names are those of the API.
type SamplingSettings struct {
	Temperature                *float32          `json:"temperature,omitempty"`
	TopK                       *int32            `json:"top_k,omitempty"`
	TopP                       *float32          `json:"top_p,omitempty"`
	MinP                       *float32          `json:"min_p,omitempty"`
	TypicalP                   *float32          `json:"typical_p,omitempty"`
	TopNSigma                  *float32          `json:"top_n_sigma,omitempty"`
	XTCProbability             *float32          `json:"xtc_probability,omitempty"`
	XTCThreshold               *float32          `json:"xtc_threshold,omitempty"`
	DynamicTemperatureRange    *float32          `json:"dynamic_temperature_range,omitempty"`
	DynamicTemperatureExponent *float32          `json:"dynamic_temperature_exponent,omitempty"`
	MirostatTau                *float32          `json:"mirostat_tau,omitempty"`
	MirostatEta                *float32          `json:"mirostat_eta,omitempty"`
	RepeatPenalty              *float32          `json:"repeat_penalty,omitempty"`
	FrequencyPenalty           *float32          `json:"frequency_penalty,omitempty"`
	PresencePenalty            *float32          `json:"presence_penalty,omitempty"`
	PenaltyWindow              *int32            `json:"penalty_window,omitempty"`
	DRYMultiplier              *float32          `json:"dry_multiplier,omitempty"`
	DRYBase                    *float32          `json:"dry_base,omitempty"`
	DRYAllowedLength           *int32            `json:"dry_allowed_length,omitempty"`
	DRYWindow                  *int32            `json:"dry_window,omitempty"`
	DRYSequenceBreakers        []string          `json:"dry_sequence_breakers,omitempty"`
	Seed                       *uint32           `json:"seed,omitempty"`
	LogitBias                  map[int32]float32 `json:"logit_bias,omitempty"`
}

// DraftSettings is how the server guesses ahead. Nil means that there is no value.
type DraftSettings struct {
	// Mode is auto, off, or the name of a drafter.
	Mode string `json:"mode,omitempty"`
	// MaxNodes is the most draft tokens verified in one round.
	MaxNodes *int32 `json:"max_nodes,omitempty"`
	// MaxDepth is the longest path in a draft tree.
	MaxDepth *int32 `json:"max_depth,omitempty"`
	// MaxBranches is the most branches in a draft tree.
	MaxBranches *int32 `json:"max_branches,omitempty"`
	// ShareLearned is whether what is learned may help other callers.
	ShareLearned *bool `json:"share_learned,omitempty"`
	// AllowTraining is whether prompts and answers may be kept to train draft models by.
	AllowTraining *bool `json:"allow_training,omitempty"`
}

func settingsOf(m *adedv1.GenerationOptions) Settings {
	if m == nil {
		return Settings{}
	}
	settings := Settings{
		Draft: draftOf(m.GetDraft()), MaxTokens: m.MaxTokens, StopStrings: m.GetStopStrings(), StopTokens: m.GetStopTokens(),
		IgnoreEnd: m.IgnoreEnd, LogProbabilities: m.LogProbabilities, ReportRounds: m.ReportRounds, Priority: m.Priority,
		PrefixSharing: sharingOf(m.GetPrefixSharing()),
	}
	if sampling := m.GetSampling(); sampling != nil {
		settings.Sampling = samplingOf(sampling)
	}
	if reasoning := m.GetReasoning(); reasoning != nil {
		settings.ReasoningBudget, settings.IncludeReasoning = reasoning.Budget, reasoning.Include
	}
	if variables := m.GetTemplateVariables(); variables != nil {
		settings.TemplateVariables = variables.AsMap()
	}
	for _, tool := range m.GetTools() {
		settings.Tools = append(settings.Tools, tool.GetName())
	}
	switch m.GetConstraint().GetKind().(type) {
	case *adedv1.Constraint_Grammar:
		settings.Constraint = "grammar"
	case *adedv1.Constraint_JsonSchema:
		settings.Constraint = "json_schema"
	case *adedv1.Constraint_RegularExpression:
		settings.Constraint = "regular_expression"
	case *adedv1.Constraint_JsonObject:
		settings.Constraint = "json_object"
	}
	return settings
}

func samplingOf(m *adedv1.Sampling) SamplingSettings {
	return SamplingSettings{
		Temperature: m.Temperature, TopK: m.TopK, TopP: m.TopP, MinP: m.MinP, TypicalP: m.TypicalP, TopNSigma: m.TopNSigma,
		XTCProbability: m.XtcProbability, XTCThreshold: m.XtcThreshold, DynamicTemperatureRange: m.DynamicTemperatureRange,
		DynamicTemperatureExponent: m.DynamicTemperatureExponent, MirostatTau: m.MirostatTau, MirostatEta: m.MirostatEta,
		RepeatPenalty: m.RepeatPenalty, FrequencyPenalty: m.FrequencyPenalty, PresencePenalty: m.PresencePenalty,
		PenaltyWindow: m.PenaltyWindow, DRYMultiplier: m.DryMultiplier, DRYBase: m.DryBase,
		DRYAllowedLength: m.DryAllowedLength, DRYWindow: m.DryWindow, DRYSequenceBreakers: m.GetDrySequenceBreakers(),
		Seed: m.Seed, LogitBias: m.GetLogitBias(),
	}
}

func draftOf(m *adedv1.DraftPolicy) DraftSettings {
	if m == nil {
		return DraftSettings{}
	}
	return DraftSettings{
		Mode: m.GetMode(), MaxNodes: m.MaxNodes, MaxDepth: m.MaxDepth, MaxBranches: m.MaxBranches, ShareLearned: m.ShareLearned,
		AllowTraining: m.AllowTraining,
	}
}

func sharingOf(value adedv1.PrefixSharing) Sharing {
	if value == adedv1.PrefixSharing_PREFIX_SHARING_UNSPECIFIED {
		return ""
	}
	return Sharing(strings.TrimPrefix(value.String(), "PREFIX_SHARING_"))
}

// ModelDetails is a model that is served.
type ModelDetails struct {
	// Name is what requests may state to make sure of the model.
	Name string
	// Architecture is as the GGUF file says it, such as llama.
	Architecture string
	// Description is one line: architecture, size, quantisation.
	Description string
	// Quantization is the predominant tensor type, such as Q8_0.
	Quantization string
	// Parameters is the number of weights.
	Parameters int64
	// SizeBytes is the weights' size in memory.
	SizeBytes int64
	// TrainedContextTokens is the context that the model was trained on.
	TrainedContextTokens int
	// ContextTokens is what this server gives, all conversations together.
	ContextTokens int
	// Layers is the number of transformer blocks.
	Layers int
	// EmbeddingSize is the width of the residual stream.
	EmbeddingSize int
	// Recurrent models are decoded without drafts.
	Recurrent bool
	// VocabularySize is the number of tokens.
	VocabularySize int
	// VocabularyKind is that of the tokeniser, such as BPE; empty if it is not known.
	VocabularyKind string
	// BeginningOfSequence is that token's id; nil if there is none.
	BeginningOfSequence *int32
	// EndOfSequence is that token's id; nil if there is none.
	EndOfSequence *int32
	// ChatTemplate is where it comes from.
	ChatTemplate string
	// Devices are where the model runs.
	Devices []string
	// Library runs it.
	Library string
}

// Model describes a model that the server has; the empty name is its default. [NotFound] if it is not served.
func (c *Client) Model(ctx context.Context, name string) (ModelDetails, error) {
	response, err := unary(ctx, c, "GetModel", &adedv1.GetModelRequest{Name: name}, c.models.GetModel)
	return modelOf(response.GetModel()), err
}

// Models are all models that the server has, in the order of their names.
func (c *Client) Models(ctx context.Context) ([]ModelDetails, error) {
	var all []ModelDetails
	request := &adedv1.ListModelsRequest{}
	for {
		response, err := unary(ctx, c, "ListModels", request, c.models.ListModels)
		if err != nil {
			return nil, err
		}
		for _, model := range response.GetModels() {
			all = append(all, modelOf(model))
		}
		if response.GetNextPageToken() == "" {
			return all, nil
		}
		request = &adedv1.ListModelsRequest{PageToken: response.GetNextPageToken()}
	}
}

func modelOf(m *adedv1.Model) ModelDetails {
	details := ModelDetails{
		Name: m.GetName(), Architecture: m.GetArchitecture(), Description: m.GetDescription(),
		Quantization: m.GetQuantization(), Parameters: m.GetParameters(), SizeBytes: m.GetSizeBytes(),
		TrainedContextTokens: int(m.GetTrainedContextTokens()), ContextTokens: int(m.GetContextTokens()),
		Layers: int(m.GetLayers()), EmbeddingSize: int(m.GetEmbeddingSize()), Recurrent: m.GetRecurrent(),
		VocabularySize: int(m.GetVocabulary().GetSize()), VocabularyKind: m.GetVocabulary().GetKind(),
		ChatTemplate: m.GetChatTemplate(), Devices: m.GetDevices(), Library: m.GetLibrary(),
	}
	if vocabulary := m.GetVocabulary(); vocabulary != nil {
		details.BeginningOfSequence, details.EndOfSequence = vocabulary.BeginningOfSequence, vocabulary.EndOfSequence
	}
	return details
}

// ServerDetails is what serves.
type ServerDetails struct {
	// Version is the server's own.
	Version string
	// Library runs the model.
	Library string
	// Runtime is the Java runtime.
	Runtime string
	// StartTime is when the server started.
	StartTime time.Time
	// Limits are what the server allows.
	Limits Limits
	// Defaults are how answers are made where neither request nor conversation says.
	Defaults Settings
	// PrefixSharing is with whom prompts may share their computed beginning at most.
	PrefixSharing Sharing
	// Drafters that requests may name, auto and off first.
	Drafters []Drafter
	// Capabilities are the optional parts of the API that the server has, such as Constraint.json_schema.
	Capabilities []string
	// Load is how busy the server was a moment ago.
	Load Load
	// DraftModel guesses what the served model will say; nil if there is none.
	DraftModel *DraftModel
}

// DraftModel is a model that guesses what the served one will say.
type DraftModel struct {
	// Name is its name in the catalogue, or its file's name.
	Name string
	// Quantization is the predominant tensor type.
	Quantization string
	// SizeBytes is its file's length; 0 if there is no file.
	SizeBytes int64
	// Layers is the number of transformer blocks.
	Layers int
	// SelfDraft is whether it is made of the served model's own weights.
	SelfDraft bool
	// SharesCache is whether it takes over the served model's KV cells.
	SharesCache bool
}

// Drafter is one that requests may name.
type Drafter struct {
	// Name is what [Draft] takes.
	Name string
	// Description is one line on how it guesses.
	Description string
	// Defaults are the bounds that hold unless a request sets others.
	Defaults DraftSettings
	// Baseline is whether it is there for comparison only.
	Baseline bool
}

// Limits are what a server allows.
type Limits struct {
	// ContextTokens is what one conversation can hold.
	ContextTokens int
	// MaxRunning is the turns decoded at once.
	MaxRunning int
	// MaxWaiting is the turns that may wait; the next one is refused.
	MaxWaiting int
	// MaxWait is how long a turn may wait.
	MaxWait time.Duration
	// MaxMessageBytes is the largest message that the server accepts.
	MaxMessageBytes int
	// MaxRetention is how long a conversation can be kept after its stream ends; 0 if not at all.
	MaxRetention time.Duration
	// MaxRetainedConversations can be kept at once.
	MaxRetainedConversations int
	// MaxConversations may be open or kept at once.
	MaxConversations int
	// MaxConversationsPerClient may be one client's.
	MaxConversationsPerClient int
	// MaxUnread is how long an answer may wait for its client to read it.
	MaxUnread time.Duration
	// MaxMessageBytesInWork may be worked on at once.
	MaxMessageBytesInWork int64
	// MaxMessageBytesArriving may have arrived in part.
	MaxMessageBytesArriving int64
	// MaxPreparationTime is how long rendering, tokenising and compiling one request may take.
	MaxPreparationTime time.Duration
	// CoalescingInterval is how far apart deltas are at least; 0 if there is one with each pass.
	CoalescingInterval time.Duration
	// MaxConnections at once; 0 if it is not told.
	MaxConnections int
	// MaxConnectionIdle is after what time a connection without a call is closed; 0 if it is not.
	MaxConnectionIdle time.Duration
	// PromptBytes is the most text of a prompt.
	PromptBytes int64
	// Messages is the most messages of a prompt.
	Messages int
	// StopStrings is the most stop strings.
	StopStrings int
	// JSONSchemaCharacters is the longest JSON schema.
	JSONSchemaCharacters int
	// GrammarCharacters is the longest grammar.
	GrammarCharacters int
}

// Load is how busy a server is.
type Load struct {
	// Running turns are decoded or read their prompt.
	Running int
	// Waiting turns are in the queue.
	Waiting int
	// Parked turns are paused because their client reads slowly.
	Parked int
	// Conversations that are open.
	Conversations int
	// CellsUsed of the KV cache; a cell holds one token.
	CellsUsed int
	// Cells that there are.
	Cells int
	// SequencesUsed are sequence ids in use.
	SequencesUsed int
	// Sequences that there are.
	Sequences int
	// Passes since the start.
	Passes int64
	// Tokens emitted since the start.
	Tokens int64
	// PrefilledTokens are prompt tokens computed since the start.
	PrefilledTokens int64
	// ReusedTokens are prompt tokens since the start that were in the KV cache.
	ReusedTokens int64
}

// Server describes the server: versions, limits, defaults, and how busy it is.
func (c *Client) Server(ctx context.Context) (ServerDetails, error) {
	m, err := unary(ctx, c, "GetServerInfo", &adedv1.GetServerInfoRequest{}, c.models.GetServerInfo)
	if err != nil {
		return ServerDetails{}, err
	}
	l, load := m.GetLimits(), m.GetLoad()
	details := ServerDetails{
		Version: m.GetVersion(), Library: m.GetLibrary(), Runtime: m.GetRuntime(), StartTime: m.GetStartTime().AsTime(),
		Defaults: settingsOf(m.GetDefaultOptions()), PrefixSharing: sharingOf(m.GetPrefixSharing()), Capabilities: m.GetCapabilities(),
		Limits: Limits{
			ContextTokens: int(l.GetContextTokens()), MaxRunning: int(l.GetMaxRunning()), MaxWaiting: int(l.GetMaxWaiting()),
			MaxWait: duration(l.GetMaxWait()), MaxMessageBytes: int(l.GetMaxMessageBytes()),
			MaxRetention: duration(l.GetMaxRetention()), MaxRetainedConversations: int(l.GetMaxRetainedConversations()),
			MaxConversations: int(l.GetMaxConversations()), MaxConversationsPerClient: int(l.GetMaxConversationsPerClient()),
			MaxUnread: duration(l.GetMaxUnread()), MaxMessageBytesInWork: l.GetMaxMessageBytesInWork(),
			MaxMessageBytesArriving: l.GetMaxMessageBytesArriving(), MaxPreparationTime: duration(l.GetPreparation().GetMaxTime()),
			CoalescingInterval: duration(l.GetCoalescingInterval()), PromptBytes: l.GetFields().GetPromptBytes(),
			MaxConnections: int(l.GetMaxConnections()), MaxConnectionIdle: duration(l.GetMaxConnectionIdle()),
			Messages: int(l.GetFields().GetMessages()), StopStrings: int(l.GetFields().GetStopStrings()),
			JSONSchemaCharacters: int(l.GetFields().GetJsonSchemaCharacters()),
			GrammarCharacters:    int(l.GetFields().GetGrammarCharacters()),
		},
		Load: Load{
			Running: int(load.GetRunning()), Waiting: int(load.GetWaiting()), Parked: int(load.GetParked()),
			Conversations: int(load.GetConversations()), CellsUsed: int(load.GetCellsUsed()), Cells: int(load.GetCells()),
			SequencesUsed: int(load.GetSequencesUsed()), Sequences: int(load.GetSequences()), Passes: load.GetPassesTotal(),
			Tokens: load.GetTokensTotal(), PrefilledTokens: load.GetPrefilledTokensTotal(), ReusedTokens: load.GetReusedTokensTotal(),
		},
		DraftModel: draftModelOf(m.GetDraftModel()),
	}
	for _, drafter := range m.GetDrafters() {
		details.Drafters = append(details.Drafters, Drafter{
			drafter.GetName(), drafter.GetDescription(), draftOf(drafter.GetDefaults()), drafter.GetBaseline(),
		})
	}
	return details, nil
}

// DraftStatistics is how drafting has fared.
type DraftStatistics struct {
	// Totals are over all drafters.
	Totals Speculation
	// Drafters have theirs by name; those that never drafted are left out.
	Drafters map[string]Speculation
	// Arms are the ways to draft among which drafters choose beside a draft model; none for a conversation.
	Arms []DraftArm
	// DraftModel is what the draft model is and did; nil if there is none, and for a conversation.
	DraftModel *DraftModelStatistics
}

// DraftArm is how one of the ways to draft fared among which a drafter chooses round by round, over all streams.
type DraftArm struct {
	// Drafter is the drafter that chooses.
	Drafter string
	// Arm is the way: "none", "table", "model" or "both" (table and draft model in one tree).
	Arm string
	// NumSteps is rounds that it drafted.
	NumSteps int64
	// NumProbes is those of them in which it was tried although another looked better.
	NumProbes int64
	// NumDraftTokens is draft tokens of its rounds that were verified.
	NumDraftTokens int64
	// NumAcceptedDraftTokens is those of them that the model agreed with.
	NumAcceptedDraftTokens int64
	// NumTokens is tokens emitted in its rounds.
	NumTokens int64
	// Time is what its rounds took.
	Time time.Duration
	// Weight is its share of the choice at this moment, 0 to 1.
	Weight float64
	// Hindsight is what all rounds would have taken by it alone less what their tokens were worth, in plain tokens (what
	// a token takes without a draft); the lowest is the best in hindsight.
	Hindsight float64
	// Regret is what was taken above the best single way in hindsight, in plain tokens; the same in all ways of a
	// drafter.
	Regret float64
}

// DraftModelStatistics is what a draft model is, and what it did since the server started.
type DraftModelStatistics struct {
	// Model is the model; nil if the server does not know it.
	Model *DraftModel
	// NumPasses is forward passes of it.
	NumPasses int64
	// NumAskedTokens is tokens after which it was asked what comes next.
	NumAskedTokens int64
	// Time is time of its passes and of taking over cells.
	Time time.Duration
	// NumReadTokens is tokens of texts that it computed itself.
	NumReadTokens int64
	// NumCopies is times that it took over cells of the served model's.
	NumCopies int64
	// NumCopiedTokens is tokens that it need not compute because of that.
	NumCopiedTokens int64
	// NumRefusedCopies is times that cells could not be taken over.
	NumRefusedCopies int64
	// NumEvictions is streams that lost their cells in its cache to others.
	NumEvictions int64
	// NumWithoutRoom is passes of it that found no room in its cache.
	NumWithoutRoom int64
	// NumFailures is passes of it, and takings of cells, that failed.
	NumFailures int64
	// NumSteps is rounds in which it guessed.
	NumSteps int64
	// NumUnpaidSteps is rounds in which it was not asked, since that was not expected to pay.
	NumUnpaidSteps int64
	// NumUnreadySteps is rounds in which it was asked and had no guess.
	NumUnreadySteps int64
	// NumUnusableSteps is rounds that had to do without it because it has failed for good.
	NumUnusableSteps int64
	// Trouble is why it does not guess any more; empty while it does.
	Trouble string
}

// DraftStatistics tells how drafting has fared since the server started, or in a conversation of this client's that is
// open or kept; [NotFound] if there is none of that id. The empty id is the whole server.
func (c *Client) DraftStatistics(ctx context.Context, conversationID string) (DraftStatistics, error) {
	request := &adedv1.GetDraftStatisticsRequest{ConversationId: conversationID}
	response, err := unary(ctx, c, "GetDraftStatistics", request, c.drafts.GetDraftStatistics)
	if err != nil {
		return DraftStatistics{}, err
	}
	statistics := DraftStatistics{Totals: speculationOf(response.GetTotals()), Drafters: map[string]Speculation{}}
	for _, one := range response.GetDrafters() {
		statistics.Drafters[one.GetDrafter()] = speculationOf(one.GetStatistics())
	}
	for _, arm := range response.GetArms() {
		statistics.Arms = append(statistics.Arms, armOf(arm))
	}
	statistics.DraftModel = draftModelStatisticsOf(response.GetDraftModel())
	return statistics, nil
}

func armOf(arm *adedv1.DraftArm) DraftArm {
	return DraftArm{
		Drafter:                arm.GetDrafter(),
		Arm:                    arm.GetArm(),
		NumSteps:               arm.GetNumSteps(),
		NumProbes:              arm.GetNumProbes(),
		NumDraftTokens:         arm.GetNumDraftTokens(),
		NumAcceptedDraftTokens: arm.GetNumAcceptedDraftTokens(),
		NumTokens:              arm.GetNumTokens(),
		Time:                   duration(arm.GetTime()),
		Weight:                 arm.GetWeight(),
		Hindsight:              arm.GetHindsight(),
		Regret:                 arm.GetRegret(),
	}
}

func draftModelOf(model *adedv1.DraftModel) *DraftModel {
	if model == nil {
		return nil
	}
	return &DraftModel{
		Name:         model.GetName(),
		Quantization: model.GetQuantization(),
		SizeBytes:    model.GetSizeBytes(),
		Layers:       int(model.GetLayers()),
		SelfDraft:    model.GetSelfDraft(),
		SharesCache:  model.GetSharesCache(),
	}
}

func draftModelStatisticsOf(did *adedv1.DraftModelStatistics) *DraftModelStatistics {
	if did == nil {
		return nil
	}
	return &DraftModelStatistics{
		Model:            draftModelOf(did.GetModel()),
		NumPasses:        did.GetNumPasses(),
		NumAskedTokens:   did.GetNumAskedTokens(),
		Time:             duration(did.GetTime()),
		NumReadTokens:    did.GetNumReadTokens(),
		NumCopies:        did.GetNumCopies(),
		NumCopiedTokens:  did.GetNumCopiedTokens(),
		NumRefusedCopies: did.GetNumRefusedCopies(),
		NumEvictions:     did.GetNumEvictions(),
		NumWithoutRoom:   did.GetNumWithoutRoom(),
		NumFailures:      did.GetNumFailures(),
		NumSteps:         did.GetNumSteps(),
		NumUnpaidSteps:   did.GetNumUnpaidSteps(),
		NumUnreadySteps:  did.GetNumUnreadySteps(),
		NumUnusableSteps: did.GetNumUnusableSteps(),
		Trouble:          did.GetTrouble(),
	}
}
