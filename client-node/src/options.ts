import { create } from "@bufbuild/protobuf";
import type { FieldMask } from "@bufbuild/protobuf/wkt";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";
import { ToolChoiceMode, ToolChoiceSchema, ToolSchema } from "./gen/aded/v1/chat_pb.js";
import { ConstraintSchema, type Constraint as WireConstraint } from "./gen/aded/v1/constraint_pb.js";
import { DraftPolicySchema, type DraftPolicy } from "./gen/aded/v1/draft_pb.js";
import {
  GenerationOptionsSchema,
  PrefixSharing as WireSharing,
  ReasoningOptionsSchema,
  type GenerationOptions,
} from "./gen/aded/v1/generation_pb.js";
import { SamplingSchema } from "./gen/aded/v1/sampling_pb.js";
import { put } from "./message.js";
import type { Tool } from "./tool.js";

/** A JSON value that is an object. */
export type JsonObject = { [key: string]: JsonValue };
/** A JSON value. */
export type JsonValue = string | number | boolean | null | JsonObject | JsonValue[];

/**
 * How an answer is made. What is not said is as the conversation has it, else as the server has it. The server checks all
 * values at once ({@link InvalidRequestError}).
 */
export interface AnswerOptions {
  /** How tokens are drawn. */
  sampling?: Sampling | undefined;
  /** What the whole text of the answer must match. */
  constraint?: Constraint | undefined;
  /** How the server guesses ahead: a mode (`auto`, `off`, a drafter's name), or more. Only speed depends on it. */
  draft?: Draft | string | undefined;
  /** The most tokens of the answer; 0 means as many as the context has room for. */
  maxTokens?: number | undefined;
  /** The answer ends before the first of these: at most 16, none empty. */
  stopStrings?: readonly string[] | undefined;
  /** The answer ends before the first of these token ids, beside the model's own end tokens. */
  stopTokens?: readonly number[] | undefined;
  /** Goes on past the model's end tokens, for benchmarks. */
  ignoreEnd?: boolean | undefined;
  /** Alternatives to report with each token: 0 (only the token's own) to 20; -1 reports none. */
  logProbabilities?: number | undefined;
  /** Whether {@link Round} events are sent. */
  reportRounds?: boolean | undefined;
  /** -100 to 100: turns with a higher one are taken from the queue earlier. */
  priority?: number | undefined;
  /** With whom the computed beginning of the prompt may be shared, at most what the server allows. */
  prefixSharing?: PrefixSharing | undefined;
  /** What the model may call; names must differ. {@link Conversation.runTools} carries calls out. */
  tools?: readonly Tool[] | undefined;
  /** Whether the model must call a tool, or which. */
  toolChoice?: "auto" | "none" | "required" | ToolByName | undefined;
  /** Whether one answer may call several tools. */
  parallelToolCalls?: boolean | undefined;
  /** How reasoning before the answer is treated. */
  reasoning?: Reasoning | undefined;
  /** Variables for the model's chat template, such as `enable_thinking`. */
  templateVariables?: JsonObject | undefined;
  /**
   * Returns values to the server's own default, whatever the conversation says: paths as in the API's GenerationOptions, such
   * as `sampling.seed`, `constraint`, `sampling` or `*`. What is set beside it is set all the same.
   */
  reset?: readonly string[] | undefined;
  /** The model that is expected, as {@link Client.model} names it. Not for turns: their conversation has one. */
  model?: string | undefined;
  /**
   * How long the answer may take in all; {@link DeadlineExceededError} after it, with what had come. As a default of a
   * conversation it is each turn's.
   */
  timeoutMs?: number | undefined;
  /** Ends the answer when it is aborted. */
  signal?: AbortSignal | undefined;
}

/** The tool that must be called. */
export interface ToolByName {
  /** Its name. */
  readonly tool: string;
}

/** How reasoning before an answer is treated. */
export interface Reasoning {
  /** The most tokens of it; -1 is no bound. */
  readonly budget?: number | undefined;
  /** Whether it is sent. */
  readonly include?: boolean | undefined;
}

/** How tokens are drawn. Ranges stand in the API's `sampling.proto`. */
export interface Sampling {
  /** 0 (always the best token) to 100. */
  temperature?: number | undefined;
  /** Keeps the k best tokens; 0 keeps all. */
  topK?: number | undefined;
  /** Keeps the best tokens up to this probability: above 0, up to 1. */
  topP?: number | undefined;
  /** Drops tokens below this share of the best one's probability: 0 to 1. */
  minP?: number | undefined;
  /** Locally typical sampling: above 0, up to 1 (off). */
  typicalP?: number | undefined;
  /** Drops tokens more than so many standard deviations below the best logit: 0 (off) to 100. */
  topNSigma?: number | undefined;
  /** How often XTC drops the top choices but the least likely of them: 0 (off) to 1. */
  xtcProbability?: number | undefined;
  /** The probability from which on a token is a top choice for XTC: above 0, up to 0.5. */
  xtcThreshold?: number | undefined;
  /** How far the temperature moves with the entropy: 0 (fixed) to 100. */
  dynamicTemperatureRange?: number | undefined;
  /** The power of the relative entropy by which a dynamic temperature rises: above 0, up to 100. */
  dynamicTemperatureExponent?: number | undefined;
  /** The surprise per token, in bits, that Mirostat holds the answer to: 0 (off) to 100. */
  mirostatTau?: number | undefined;
  /** How far Mirostat's bound moves for each bit that a token's surprise is off: above 0, up to 1. */
  mirostatEta?: number | undefined;
  /** Above 0, up to 100; 1 is off. */
  repeatPenalty?: number | undefined;
  /** -100 to 100; 0 is off. */
  frequencyPenalty?: number | undefined;
  /** -100 to 100; 0 is off. */
  presencePenalty?: number | undefined;
  /** Tokens that the three penalties look back on: 0 to 65536. */
  penaltyWindow?: number | undefined;
  /** What a token that would continue a repetition is penalised by at first (DRY): 0 (off) to 100. */
  dryMultiplier?: number | undefined;
  /** How the penalty of DRY grows with each token of a repetition: 1 to 100. */
  dryBase?: number | undefined;
  /** The length in tokens from which on DRY penalises a repetition: 1 to 65536. */
  dryAllowedLength?: number | undefined;
  /** Tokens that DRY looks back on: 0 (off) to 65536. */
  dryWindow?: number | undefined;
  /** Texts that no repetition reaches across for DRY. */
  drySequenceBreakers?: readonly string[] | undefined;
  /** 0 to 4294967295; {@link Finished.seed} reports the seed of every answer. */
  seed?: number | undefined;
  /** Added to the logits of token ids: -1000 to 1000 each, or -Infinity to forbid the token. */
  logitBias?: Readonly<Record<number, number>> | undefined;
}

/** What the whole text of an answer must match; `json` is any JSON object, `none` frees it of what its conversation has. */
export type Constraint =
  | "none"
  | "json"
  | {
      /** A JSON schema, as JSON text or as the value of it. */
      readonly jsonSchema: string | object;
    }
  | {
      /** A grammar in GBNF, matched from its rule `root`. */
      readonly grammar: string;
    }
  | {
      /** A regular expression (ECMA-262); a RegExp's flags are not sent. */
      readonly regularExpression: string | RegExp;
    };

/** How the server guesses ahead. */
export interface Draft {
  /** `auto`, `off`, or the name of a drafter in {@link ServerDetails.drafters}. */
  mode?: string | undefined;
  /** The most draft tokens verified in one round: 0 (no draft) to 256. */
  maxNodes?: number | undefined;
  /** The longest path in a draft tree: 1 to 64. */
  maxDepth?: number | undefined;
  /** The most branches in a draft tree: 1 to 64. */
  maxBranches?: number | undefined;
  /** Consent that what is learned from this caller's text may help other callers. */
  shareLearned?: boolean | undefined;
  /** Consent that a server that keeps answers for it writes prompts and answers to its disk, to train draft models by. */
  allowTraining?: boolean | undefined;
}

/** With whom the computed beginning of a prompt may be shared: nobody, calls of the same client id, all callers. */
export type PrefixSharing = "none" | "caller" | "all";

const SHARING = { none: WireSharing.NONE, caller: WireSharing.CALLER, all: WireSharing.ALL };
const CHOICES = { auto: ToolChoiceMode.AUTO, none: ToolChoiceMode.NONE, required: ToolChoiceMode.REQUIRED };

/** The message of what was said; undefined if nothing was, so that nothing is sent. @internal */
export function messageOf(options: AnswerOptions): GenerationOptions | undefined {
  const message = create(GenerationOptionsSchema);
  const empty = Object.keys(message).length;
  if (options.sampling !== undefined) {
    const { drySequenceBreakers, logitBias, ...plain } = options.sampling;
    const sampling = create(SamplingSchema);
    for (const [key, value] of Object.entries(plain)) {
      put(sampling, key as "temperature", value);
    }
    put(sampling, "drySequenceBreakers", drySequenceBreakers && [...drySequenceBreakers]);
    put(sampling, "logitBias", logitBias && { ...logitBias });
    message.sampling = sampling;
  }
  put(message, "constraint", options.constraint && constraintOf(options.constraint));
  put(message, "draft", options.draft === undefined ? undefined : draftOf(options.draft));
  put(message, "maxTokens", options.maxTokens);
  put(message, "ignoreEnd", options.ignoreEnd);
  put(message, "logProbabilities", options.logProbabilities);
  put(message, "reportRounds", options.reportRounds);
  put(message, "priority", options.priority);
  put(message, "prefixSharing", options.prefixSharing && SHARING[options.prefixSharing]);
  put(message, "parallelToolCalls", options.parallelToolCalls);
  put(message, "templateVariables", options.templateVariables);
  if (options.toolChoice !== undefined) {
    const choice = options.toolChoice;
    message.toolChoice = create(ToolChoiceSchema, {
      choice: typeof choice === "string" ? { case: "mode", value: CHOICES[choice] } : { case: "tool", value: choice.tool },
    });
  }
  if (options.reasoning !== undefined) {
    message.reasoning = create(ReasoningOptionsSchema);
    put(message.reasoning, "budget", options.reasoning.budget);
    put(message.reasoning, "include", options.reasoning.include);
  }
  message.stopStrings.push(...(options.stopStrings ?? []));
  message.stopTokens.push(...(options.stopTokens ?? []));
  for (const { name, description, parameters, strict } of options.tools ?? []) {
    const tool = create(ToolSchema, { name, description, parameters });
    put(tool, "strict", strict);
    message.tools.push(tool);
  }
  const said = Object.keys(message).length > empty || message.stopStrings.length + message.stopTokens.length + message.tools.length > 0;
  return said ? message : undefined;
}

function constraintOf(constraint: Constraint): WireConstraint {
  if (constraint === "none") {
    return create(ConstraintSchema, { kind: { case: "none", value: {} } });
  }
  if (constraint === "json") {
    return create(ConstraintSchema, { kind: { case: "jsonObject", value: {} } });
  }
  if ("jsonSchema" in constraint) {
    const schema = constraint.jsonSchema;
    const value = typeof schema === "string" ? schema : JSON.stringify(schema);
    return create(ConstraintSchema, { kind: { case: "jsonSchema", value } });
  }
  if ("grammar" in constraint) {
    return create(ConstraintSchema, { kind: { case: "grammar", value: constraint.grammar } });
  }
  const pattern = constraint.regularExpression;
  const value = typeof pattern === "string" ? pattern : pattern.source;
  return create(ConstraintSchema, { kind: { case: "regularExpression", value } });
}

function draftOf(draft: Draft | string): DraftPolicy {
  const policy = create(DraftPolicySchema);
  const said = typeof draft === "string" ? { mode: draft } : draft;
  put(policy, "mode", said.mode);
  if (typeof draft !== "string") {
    put(policy, "maxNodes", draft.maxNodes);
    put(policy, "maxDepth", draft.maxDepth);
    put(policy, "maxBranches", draft.maxBranches);
    put(policy, "shareLearned", draft.shareLearned);
    put(policy, "allowTraining", draft.allowTraining);
  }
  return policy;
}

/** @internal */
export function maskOf(paths: readonly string[] | undefined): FieldMask | undefined {
  return paths === undefined || paths.length === 0 ? undefined : create(FieldMaskSchema, { paths: [...paths] });
}

const MERGED = new Set(["sampling", "draft", "reasoning"]);

/** What an update changes beside what it resets; undefined if it resets nothing. @internal */
export function updateMask(message: GenerationOptions | undefined, reset: readonly string[] | undefined): FieldMask | undefined {
  if (reset === undefined || reset.length === 0) {
    return undefined;
  }
  const paths = [...reset];
  for (const field of GenerationOptionsSchema.fields) {
    const value = message?.[field.localName as keyof GenerationOptions] as unknown;
    if (value === undefined || (Array.isArray(value) && value.length === 0)) {
      continue;
    }
    if (MERGED.has(field.name) && field.fieldKind === "message") {
      for (const inner of field.message.fields) {
        const set = (value as Record<string, unknown>)[inner.localName];
        const nothing = set === undefined || set === "" || (typeof set === "object" && set !== null && Object.keys(set).length === 0);
        if (!nothing) {
          paths.push(`${field.name}.${inner.name}`);
        }
      }
    } else {
      paths.push(field.name);
    }
  }
  return maskOf(paths);
}
