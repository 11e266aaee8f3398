import { timestampDate } from "@bufbuild/protobuf/wkt";
import { speculationOf, type Speculation } from "./events.js";
import type { DraftModel as WireDraftModel, DraftPolicy } from "./gen/aded/v1/draft_pb.js";
import type {
  DraftArm as WireArm,
  DraftModelStatistics as WireDraftModelStatistics,
  GetDraftStatisticsResponse,
} from "./gen/aded/v1/draft_service_pb.js";
import { PrefixSharing as WireSharing, type GenerationOptions } from "./gen/aded/v1/generation_pb.js";
import type { GetServerInfoResponse, Model } from "./gen/aded/v1/model_service_pb.js";
import { milliseconds } from "./message.js";
import type { Draft, JsonObject, PrefixSharing, Sampling } from "./options.js";

/** How answers are made, as a server or a conversation has it. Undefined where there is no value. */
export interface Settings {
  /** How tokens are drawn. */
  readonly sampling: Readonly<Sampling>;
  /** How the server guesses ahead. */
  readonly draft: Readonly<Draft>;
  /** What answers must match: `grammar`, `jsonSchema`, `regularExpression` or `jsonObject`. */
  readonly constraint: string | undefined;
  /** The most tokens of an answer; 0 means as many as there is room for. */
  readonly maxTokens: number | undefined;
  /** Texts that end an answer. */
  readonly stopStrings: readonly string[];
  /** Tokens that end an answer. */
  readonly stopTokens: readonly number[];
  /** Whether answers go on past the model's end tokens. */
  readonly ignoreEnd: boolean | undefined;
  /** Alternatives reported with each token; -1 reports no log-probabilities. */
  readonly logProbabilities: number | undefined;
  /** Whether rounds are sent. */
  readonly reportRounds: boolean | undefined;
  /** The turns' place in the queue. */
  readonly priority: number | undefined;
  /** With whom the computed beginning of prompts may be shared. */
  readonly prefixSharing: PrefixSharing | undefined;
  /** The names of what the model may call. */
  readonly tools: readonly string[];
  /** The most tokens of reasoning; -1 is no bound. */
  readonly reasoningBudget: number | undefined;
  /** Whether the reasoning is sent. */
  readonly includeReasoning: boolean | undefined;
  /** Variables for the model's chat template. */
  readonly templateVariables: JsonObject | undefined;
}

const SHARING = new Map<WireSharing, PrefixSharing>([
  [WireSharing.NONE, "none"],
  [WireSharing.CALLER, "caller"],
  [WireSharing.ALL, "all"],
]);

/** @internal */
export function settingsOf(options: GenerationOptions | undefined): Settings {
  const { $typeName: _sampling, $unknown: _more, ...sampling } = options?.sampling ?? { $typeName: "" };
  const kind = options?.constraint?.kind.case;
  return {
    sampling,
    draft: draftOf(options?.draft),
    constraint: kind === "none" ? undefined : kind,
    maxTokens: options?.maxTokens,
    stopStrings: options?.stopStrings ?? [],
    stopTokens: options?.stopTokens ?? [],
    ignoreEnd: options?.ignoreEnd,
    logProbabilities: options?.logProbabilities,
    reportRounds: options?.reportRounds,
    priority: options?.priority,
    prefixSharing: SHARING.get(options?.prefixSharing ?? WireSharing.UNSPECIFIED),
    tools: (options?.tools ?? []).map((tool) => tool.name),
    reasoningBudget: options?.reasoning?.budget,
    includeReasoning: options?.reasoning?.include,
    templateVariables: options?.templateVariables,
  };
}

function draftOf(policy: DraftPolicy | undefined): Draft {
  const { $typeName: _draft, $unknown: _more, ...draft } = policy ?? { $typeName: "" };
  return draft;
}

/** A model that is served. */
export interface ModelDetails {
  /** What requests may state to make sure of the model. */
  readonly name: string;
  /** As the GGUF file says it, such as `llama`. */
  readonly architecture: string;
  /** One line: architecture, size, quantisation. */
  readonly description: string;
  /** The predominant tensor type, such as `Q8_0`. */
  readonly quantization: string;
  /** The number of weights. */
  readonly parameters: number;
  /** The weights' size in memory. */
  readonly sizeBytes: number;
  /** The context that the model was trained on. */
  readonly trainedContextTokens: number;
  /** The context that this server gives, all conversations together. */
  readonly contextTokens: number;
  /** The number of transformer blocks. */
  readonly layers: number;
  /** The width of the residual stream. */
  readonly embeddingSize: number;
  /** Recurrent models are decoded without drafts. */
  readonly recurrent: boolean;
  /** Its tokens. */
  readonly vocabulary: {
    /** How many there are. */
    readonly size: number;
    /** The kind of tokeniser, such as `BPE`; empty if it is not known. */
    readonly kind: string;
    /** The beginning-of-sequence token; undefined if there is none. */
    readonly beginningOfSequence: number | undefined;
    /** The end-of-sequence token; undefined if there is none. */
    readonly endOfSequence: number | undefined;
  };
  /** Where the chat template comes from. */
  readonly chatTemplate: string;
  /** Where the model runs. */
  readonly devices: readonly string[];
  /** What runs it. */
  readonly library: string;
}

/** @internal */
export function modelOf(model: Model | undefined): ModelDetails {
  return {
    name: model?.name ?? "",
    architecture: model?.architecture ?? "",
    description: model?.description ?? "",
    quantization: model?.quantization ?? "",
    parameters: Number(model?.parameters ?? 0),
    sizeBytes: Number(model?.sizeBytes ?? 0),
    trainedContextTokens: model?.trainedContextTokens ?? 0,
    contextTokens: model?.contextTokens ?? 0,
    layers: model?.layers ?? 0,
    embeddingSize: model?.embeddingSize ?? 0,
    recurrent: model?.recurrent ?? false,
    vocabulary: {
      size: model?.vocabulary?.size ?? 0,
      kind: model?.vocabulary?.kind ?? "",
      beginningOfSequence: model?.vocabulary?.beginningOfSequence,
      endOfSequence: model?.vocabulary?.endOfSequence,
    },
    chatTemplate: model?.chatTemplate ?? "",
    devices: model?.devices ?? [],
    library: model?.library ?? "",
  };
}

/** What serves. */
export interface ServerDetails {
  /** The server's own version. */
  readonly version: string;
  /** What runs the model. */
  readonly library: string;
  /** The Java runtime. */
  readonly runtime: string;
  /** When the server started. */
  readonly startTime: Date | undefined;
  /** What the server allows. */
  readonly limits: Limits;
  /** How answers are made where neither request nor conversation says. */
  readonly defaults: Settings;
  /** With whom prompts may share their computed beginning at most. */
  readonly prefixSharing: PrefixSharing | undefined;
  /** Drafters that requests may name, `auto` and `off` first. */
  readonly drafters: readonly Drafter[];
  /** The optional parts of the API that the server has, such as `Constraint.json_schema`. */
  readonly capabilities: readonly string[];
  /** How busy the server was a moment ago. */
  readonly load: Load;
  /** The model that guesses what the served one will say; undefined if there is none. */
  readonly draftModel: DraftModel | undefined;
}

/** A model that guesses what the served one will say. */
export interface DraftModel {
  /** Its name in the catalogue, or its file's name. */
  readonly name: string;
  /** The predominant tensor type. */
  readonly quantization: string;
  /** Its file's length; 0 if there is no file. */
  readonly sizeBytes: number;
  /** The number of transformer blocks. */
  readonly layers: number;
  /** Whether it is made of the served model's own weights. */
  readonly selfDraft: boolean;
  /** Whether it takes over the served model's KV cells. */
  readonly sharesCache: boolean;
}

/** A drafter that requests may name. */
export interface Drafter {
  /** What {@link Draft.mode} takes. */
  readonly name: string;
  /** One line on how it guesses. */
  readonly description: string;
  /** The bounds that hold unless a request sets others. */
  readonly defaults: Draft;
  /** Whether it is there for comparison only. */
  readonly baseline: boolean;
}

/** What a server allows. */
export interface Limits {
  /** What one conversation can hold. */
  readonly contextTokens: number;
  /** Turns decoded at once. */
  readonly maxRunning: number;
  /** Turns that may wait; the next one is refused. */
  readonly maxWaiting: number;
  /** How long a turn may wait. */
  readonly maxWaitMs: number;
  /** The largest message that the server accepts. */
  readonly maxMessageBytes: number;
  /** How long a conversation can be kept after its stream ends; 0 if not at all. */
  readonly maxRetentionMs: number;
  /** Conversations that can be kept at once. */
  readonly maxRetainedConversations: number;
  /** Conversations that may be open or kept at once. */
  readonly maxConversations: number;
  /** Those of them that may be one client's. */
  readonly maxConversationsPerClient: number;
  /** How long an answer may wait for its client to read it. */
  readonly maxUnreadMs: number;
  /** How far apart deltas are at least; 0 if there is one with each pass. */
  readonly coalescingIntervalMs: number;
  /** Connections at once; 0 if it is not told. */
  readonly maxConnections: number;
  /** After what time a connection without a call is closed; 0 if it is not. */
  readonly maxConnectionIdleMs: number;
  /** The most text of a prompt, in bytes. */
  readonly promptBytes: number;
}

/** How busy a server is. */
export interface Load {
  /** Turns that are decoded or read their prompt. */
  readonly running: number;
  /** Turns in the queue. */
  readonly waiting: number;
  /** Turns that are paused because their client reads slowly. */
  readonly parked: number;
  /** Conversations that are open. */
  readonly conversations: number;
  /** KV-cache cells in use; a cell holds one token. */
  readonly cellsUsed: number;
  /** KV-cache cells that there are. */
  readonly cells: number;
  /** Forward passes since the start. */
  readonly passes: number;
  /** Tokens emitted since the start. */
  readonly tokens: number;
}

/** @internal */
export function serverOf(info: GetServerInfoResponse): ServerDetails {
  const { limits, load } = info;
  return {
    version: info.version,
    library: info.library,
    runtime: info.runtime,
    startTime: info.startTime === undefined ? undefined : timestampDate(info.startTime),
    limits: {
      contextTokens: limits?.contextTokens ?? 0,
      maxRunning: limits?.maxRunning ?? 0,
      maxWaiting: limits?.maxWaiting ?? 0,
      maxWaitMs: milliseconds(limits?.maxWait),
      maxMessageBytes: limits?.maxMessageBytes ?? 0,
      maxRetentionMs: milliseconds(limits?.maxRetention),
      maxRetainedConversations: limits?.maxRetainedConversations ?? 0,
      maxConversations: limits?.maxConversations ?? 0,
      maxConversationsPerClient: limits?.maxConversationsPerClient ?? 0,
      maxUnreadMs: milliseconds(limits?.maxUnread),
      coalescingIntervalMs: milliseconds(limits?.coalescingInterval),
      maxConnections: limits?.maxConnections ?? 0,
      maxConnectionIdleMs: milliseconds(limits?.maxConnectionIdle),
      promptBytes: Number(limits?.fields?.promptBytes ?? 0),
    },
    defaults: settingsOf(info.defaultOptions),
    prefixSharing: SHARING.get(info.prefixSharing),
    drafters: info.drafters.map(({ name, description, defaults, baseline }) => ({ name, description, defaults: draftOf(defaults), baseline })),
    capabilities: info.capabilities,
    load: {
      running: load?.running ?? 0,
      waiting: load?.waiting ?? 0,
      parked: load?.parked ?? 0,
      conversations: load?.conversations ?? 0,
      cellsUsed: load?.cellsUsed ?? 0,
      cells: load?.cells ?? 0,
      passes: Number(load?.passesTotal ?? 0),
      tokens: Number(load?.tokensTotal ?? 0),
    },
    draftModel: info.draftModel && draftModelOf(info.draftModel),
  };
}

/** How drafting has fared. */
export interface DraftStatistics {
  /** Over all drafters. */
  readonly totals: Speculation;
  /** By drafter; those that never drafted are left out. */
  readonly drafters: ReadonlyMap<string, Speculation>;
  /** The ways to draft among which drafters choose beside a draft model; none for a conversation. */
  readonly arms: readonly DraftArm[];
  /** What the draft model is and did; undefined if there is none, and for a conversation. */
  readonly draftModel: DraftModelStatistics | undefined;
}

/** How one of the ways to draft fared among which a drafter chooses round by round, over all streams. */
export interface DraftArm {
  /** The drafter that chooses. */
  readonly drafter: string;
  /** The way: `none`, `table`, `model` or `both` (table and draft model in one tree). */
  readonly arm: string;
  /** Rounds that it drafted. */
  readonly numSteps: number;
  /** Those of them in which it was tried although another looked better. */
  readonly numProbes: number;
  /** Draft tokens of its rounds that were verified. */
  readonly numDraftTokens: number;
  /** Those of them that the model agreed with. */
  readonly numAcceptedDraftTokens: number;
  /** Tokens emitted in its rounds. */
  readonly numTokens: number;
  /** What its rounds took. */
  readonly timeMs: number;
  /** Its share of the choice at this moment, 0 to 1. */
  readonly weight: number;
  /**
   * What all rounds would have taken by it alone less what their tokens were worth, in plain tokens (what a token
   * takes without a draft); the lowest is the best in hindsight.
   */
  readonly hindsight: number;
  /** What was taken above the best single way in hindsight, in plain tokens; the same in all ways of a drafter. */
  readonly regret: number;
}

/** What a draft model is, and what it did since the server started. */
export interface DraftModelStatistics {
  /** The model; undefined if the server does not know it. */
  readonly model: DraftModel | undefined;
  /** Forward passes of it. */
  readonly numPasses: number;
  /** Tokens after which it was asked what comes next. */
  readonly numAskedTokens: number;
  /** Time of its passes and of taking over cells. */
  readonly timeMs: number;
  /** Tokens of texts that it computed itself. */
  readonly numReadTokens: number;
  /** Times that it took over cells of the served model's. */
  readonly numCopies: number;
  /** Tokens that it need not compute because of that. */
  readonly numCopiedTokens: number;
  /** Times that cells could not be taken over. */
  readonly numRefusedCopies: number;
  /** Streams that lost their cells in its cache to others. */
  readonly numEvictions: number;
  /** Passes of it that found no room in its cache. */
  readonly numWithoutRoom: number;
  /** Passes of it, and takings of cells, that failed. */
  readonly numFailures: number;
  /** Rounds in which it guessed. */
  readonly numSteps: number;
  /** Rounds in which it was not asked, since that was not expected to pay. */
  readonly numUnpaidSteps: number;
  /** Rounds in which it was asked and had no guess. */
  readonly numUnreadySteps: number;
  /** Rounds that had to do without it because it has failed for good. */
  readonly numUnusableSteps: number;
  /** Why it does not guess any more; empty while it does. */
  readonly trouble: string;
}

/** @internal */
export function draftStatisticsOf(response: GetDraftStatisticsResponse): DraftStatistics {
  return {
    totals: speculationOf(response.totals),
    drafters: new Map(response.drafters.map((one) => [one.drafter, speculationOf(one.statistics)])),
    arms: response.arms.map(armOf),
    draftModel: response.draftModel && draftModelStatisticsOf(response.draftModel),
  };
}

function armOf(arm: WireArm): DraftArm {
  return {
    drafter: arm.drafter,
    arm: arm.arm,
    numSteps: Number(arm.numSteps),
    numProbes: Number(arm.numProbes),
    numDraftTokens: Number(arm.numDraftTokens),
    numAcceptedDraftTokens: Number(arm.numAcceptedDraftTokens),
    numTokens: Number(arm.numTokens),
    timeMs: milliseconds(arm.time),
    weight: arm.weight,
    hindsight: arm.hindsight,
    regret: arm.regret,
  };
}

function draftModelOf(model: WireDraftModel): DraftModel {
  return {
    name: model.name,
    quantization: model.quantization,
    sizeBytes: Number(model.sizeBytes),
    layers: model.layers,
    selfDraft: model.selfDraft,
    sharesCache: model.sharesCache,
  };
}

function draftModelStatisticsOf(did: WireDraftModelStatistics): DraftModelStatistics {
  return {
    model: did.model && draftModelOf(did.model),
    numPasses: Number(did.numPasses),
    numAskedTokens: Number(did.numAskedTokens),
    timeMs: milliseconds(did.time),
    numReadTokens: Number(did.numReadTokens),
    numCopies: Number(did.numCopies),
    numCopiedTokens: Number(did.numCopiedTokens),
    numRefusedCopies: Number(did.numRefusedCopies),
    numEvictions: Number(did.numEvictions),
    numWithoutRoom: Number(did.numWithoutRoom),
    numFailures: Number(did.numFailures),
    numSteps: Number(did.numSteps),
    numUnpaidSteps: Number(did.numUnpaidSteps),
    numUnreadySteps: Number(did.numUnreadySteps),
    numUnusableSteps: Number(did.numUnusableSteps),
    trouble: did.trouble,
  };
}
