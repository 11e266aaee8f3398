import { timestampDate } from "@bufbuild/protobuf/wkt";
import { speculationOf, type Speculation } from "./events.js";
import type { DraftPolicy } from "./gen/aded/v1/draft_pb.js";
import type { GetDraftStatisticsResponse } from "./gen/aded/v1/draft_service_pb.js";
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
  };
}

/** How drafting has fared. */
export interface DraftStatistics {
  /** Over all drafters. */
  readonly totals: Speculation;
  /** By drafter; those that never drafted are left out. */
  readonly drafters: ReadonlyMap<string, Speculation>;
}

/** @internal */
export function draftStatisticsOf(response: GetDraftStatisticsResponse): DraftStatistics {
  return {
    totals: speculationOf(response.totals),
    drafters: new Map(response.drafters.map((one) => [one.drafter, speculationOf(one.statistics)])),
  };
}
