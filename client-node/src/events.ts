import {
  FinishReason as WireReason,
  type Delta as WireDelta,
  type Finished as WireFinished,
  type TokenLogProbability as WireLogProbability,
  type ToolCallDelta as WireToolCall,
} from "./gen/aded/v1/answer_pb.js";
import type { Round as WireRound, SpeculationStatistics } from "./gen/aded/v1/draft_pb.js";
import { milliseconds } from "./message.js";
import type { ToolCall } from "./prompt.js";

/**
 * What happens while an answer grows: any number of deltas (and of reasoning, tool calls and rounds, if asked for), then one
 * {@link Finished}.
 */
export type AnswerEvent = Delta | ReasoningDelta | ToolCallDelta | Round | Finished;

/** The answer grows. The concatenation of all texts is the whole answer. */
export interface Delta {
  /** Tells this kind of event from the others. */
  readonly type: "delta";
  /** What to append; empty while a character or a possible stop string is held back. */
  readonly text: string;
  /** The ids emitted, in order. */
  readonly tokens: readonly number[];
  /** One entry per token if asked for, else none. */
  readonly logProbabilities: readonly TokenLogProbability[];
}

/** The reasoning before the answer grows. */
export interface ReasoningDelta {
  /** Tells this kind of event from the others. */
  readonly type: "reasoning";
  /** What to append. */
  readonly text: string;
  /** The ids emitted, in order. */
  readonly tokens: readonly number[];
  /** One entry per token if asked for, else none. */
  readonly logProbabilities: readonly TokenLogProbability[];
}

/** A tool call grows. The concatenation of all arguments of one index is the call's arguments. */
export interface ToolCallDelta {
  /** Tells this kind of event from the others. */
  readonly type: "tool_call";
  /** Which call of the answer, from 0. */
  readonly index: number;
  /** The call's id; empty but in its first delta. */
  readonly id: string;
  /** The tool's name; empty but in the call's first delta. */
  readonly name: string;
  /** What to append, as JSON text. */
  readonly arguments: string;
  /** The ids emitted, in order. */
  readonly tokens: readonly number[];
  /** One entry per token if asked for, else none. */
  readonly logProbabilities: readonly TokenLogProbability[];
}

/** One draft-and-verify round, after the deltas of that round. Sent only with `reportRounds`. */
export interface Round {
  /** Tells this kind of event from the others. */
  readonly type: "round";
  /** Counts from 0 within the answer. */
  readonly index: number;
  /** The drafter's name; `none` if the round had no draft. */
  readonly drafter: string;
  /** The tree that was verified, root first, parents before children; the root was emitted before. */
  readonly nodes: readonly DraftNode[];
  /** The accepted tokens in order, then the bonus token that the model itself chose. */
  readonly emittedTokens: readonly number[];
  /** Draft tokens on offer before the budget cut them. */
  readonly proposedNodes: number;
  /** Tokens in the forward pass, all streams together. */
  readonly batchTokens: number;
  /** Streams in the forward pass. */
  readonly batchStreams: number;
  /** Time that drafting took. */
  readonly draftTimeMs: number;
  /** Time that the forward pass took. */
  readonly verifyTimeMs: number;
  /** Which of several ways to draft it took, as in {@link DraftArm}; empty where the drafter has no choice. */
  readonly arm: string;
  /** Why that one, such as `best`, `probe` or `price`; empty where `arm` is. */
  readonly armReason: string;
}

/** The answer is complete. */
export interface Finished {
  /** Tells this kind of event from the others. */
  readonly type: "finished";
  /** Why it ended. */
  readonly reason: FinishReason;
  /** What it cost. */
  readonly usage: Usage;
  /** The seed of the random stream that was used; the same request with it gives the same answer. */
  readonly seed: number;
  /** How drafting fared. */
  readonly speculation: Speculation;
}

/** What the model thought of an emitted token, before any sampling filter. */
export interface TokenLogProbability extends Alternative {
  /** The best tokens in its place, best first. */
  readonly alternatives: readonly Alternative[];
}

/** A token that could have been. */
export interface Alternative {
  /** The id. */
  readonly token: number;
  /** Its text; bytes that are no whole characters are U+FFFD. */
  readonly text: string;
  /** Natural logarithm of its probability, at most 0. */
  readonly logProbability: number;
}

/** One token of a draft tree. */
export interface DraftNode {
  /** The id. */
  readonly token: number;
  /** Its text. */
  readonly text: string;
  /** Index of the parent in {@link Round.nodes}; -1 for the root. */
  readonly parent: number;
  /** The drafter's estimate that it is reached and accepted, 0 to 1. */
  readonly probability: number;
  /** Whether the model agreed; false for the root. */
  readonly accepted: boolean;
  /** What guessed it: `table`, `model`, `both`, `grammar`, or the drafter's name; empty for the root, and if it is not told. */
  readonly source: string;
}

/**
 * Why an answer ended: the model was done or a stop string came (`STOP`), as many tokens were emitted as were allowed
 * (`LENGTH`), the context is full, the turn was cancelled, tools are to be called, or a reason of a later version (`OTHER`, to
 * be treated as `STOP`).
 */
export type FinishReason = "STOP" | "LENGTH" | "CONTEXT_FULL" | "CANCELLED" | "TOOL_CALLS" | "OTHER";

/** What an answer cost. */
export interface Usage {
  /** Tokens of the whole prompt, history and the chat template's additions included. */
  readonly promptTokens: number;
  /** Those of them that were in the KV cache already; undefined if it is not told. */
  readonly cachedPromptTokens: number | undefined;
  /** Tokens drawn for this answer: text, reasoning and tool calls, end tokens included. */
  readonly completionTokens: number;
  /** Those of them that were reasoning. */
  readonly reasoningTokens: number;
  /** From submission until the engine took the turn up. */
  readonly queueTimeMs: number;
  /** From submission to the first token; 0 if there was none. */
  readonly timeToFirstTokenMs: number;
  /** From submission to the end. */
  readonly totalTimeMs: number;
}

/** How drafting fared, over one answer or over many. */
export interface Speculation {
  /** Rounds that verified a draft. */
  readonly numSpecSteps: number;
  /** All rounds. */
  readonly numSteps: number;
  /** Draft tokens verified. */
  readonly numDraftTokens: number;
  /** Those that the model agreed with. */
  readonly numAcceptedDraftTokens: number;
  /** Tokens emitted per round that had a draft; 1 if there was none. */
  readonly meanAcceptanceLength: number;
  /** numAcceptedDraftTokens / numDraftTokens; 0 if there was none. */
  readonly draftAcceptanceRate: number;
  /** Element i counts the rounds with a draft that accepted exactly i draft tokens. */
  readonly acceptanceHistogram: readonly number[];
  /** Element i counts the draft tokens accepted at depth i + 1. */
  readonly numAcceptedTokensPerPos: readonly number[];
  /** The drafters' own estimate of numAcceptedDraftTokens. */
  readonly expectedAcceptedDraftTokens: number;
  /** Time spent on drafting. */
  readonly draftTimeMs: number;
  /** Time spent in forward passes after the prompt was read. */
  readonly verifyTimeMs: number;
  /** Time spent outside forward passes. */
  readonly hostTimeMs: number;
}

/** A whole answer, or what has arrived of one. */
export interface Answer {
  /** The text. */
  readonly text: string;
  /** The ids of the tokens of text, reasoning and tool calls, in the order in which they came. */
  readonly tokens: readonly number[];
  /** One entry per token if asked for, else none. */
  readonly logProbabilities: readonly TokenLogProbability[];
  /** What the model thought before it; empty if it did not, or that was not asked for. */
  readonly reasoning: string;
  /** The calls that the model wants made, if it ended with `TOOL_CALLS`. */
  readonly toolCalls: readonly ToolCall[];
  /** Why it ended and what it cost; undefined if it is not complete. */
  readonly finished: Finished | undefined;
}

/** Makes an answer of its events. @internal */
export class Collector {
  private text = "";
  private reasoning = "";
  private readonly tokens: number[] = [];
  private readonly logProbabilities: TokenLogProbability[] = [];
  private readonly calls = new Map<number, { id: string; name: string; arguments: string }>();
  private finished: Finished | undefined;

  add(event: AnswerEvent): void {
    switch (event.type) {
      case "delta":
        this.text += event.text;
        break;
      case "reasoning":
        this.reasoning += event.text;
        break;
      case "tool_call": {
        // Calls come one after the other, but nothing breaks if they are mixed.
        const known = this.calls.get(event.index);
        if (known === undefined) {
          this.calls.set(event.index, { id: event.id, name: event.name, arguments: event.arguments });
        } else {
          known.arguments += event.arguments;
        }
        break;
      }
      case "finished":
        this.finished = event;
        return;
      case "round":
        return;
    }
    for (const token of event.tokens) {
      this.tokens.push(token);
    }
    for (const one of event.logProbabilities) {
      this.logProbabilities.push(one);
    }
  }

  answer(): Answer {
    return {
      text: this.text,
      tokens: [...this.tokens],
      logProbabilities: [...this.logProbabilities],
      reasoning: this.reasoning,
      toolCalls: [...this.calls.values()].map((call) => ({ ...call })),
      finished: this.finished,
    };
  }
}

/** What responses of Generate and of Converse have in common. */
type WireEvent =
  | { case: "delta" | "reasoningDelta"; value: WireDelta }
  | { case: "toolCallDelta"; value: WireToolCall }
  | { case: "round"; value: WireRound }
  | { case: "finished"; value: WireFinished };

/** Reads an event; undefined if it is one of a later version of the API, which is to be passed over. @internal */
export function eventOf(event: { case: string | undefined; value?: unknown }): AnswerEvent | undefined {
  const known = event as WireEvent;
  switch (known.case) {
    case "delta":
      return { type: "delta", text: known.value.text, tokens: known.value.tokens, logProbabilities: logProbabilitiesOf(known.value) };
    case "reasoningDelta":
      return { type: "reasoning", text: known.value.text, tokens: known.value.tokens, logProbabilities: logProbabilitiesOf(known.value) };
    case "toolCallDelta": {
      const { index, id, name, tokens } = known.value;
      return { type: "tool_call", index, id, name, arguments: known.value.arguments, tokens, logProbabilities: logProbabilitiesOf(known.value) };
    }
    case "round":
      return roundOf(known.value);
    case "finished":
      return finishedOf(known.value);
    default:
      return undefined;
  }
}

const NONE: readonly TokenLogProbability[] = [];

function logProbabilitiesOf(of: { logProbabilities: WireLogProbability[] }): readonly TokenLogProbability[] {
  if (of.logProbabilities.length === 0) {
    return NONE;
  }
  return of.logProbabilities.map(({ token, text, logProbability, alternatives }) => ({
    token,
    text,
    logProbability,
    alternatives: alternatives.map((other) => ({ token: other.token, text: other.text, logProbability: other.logProbability })),
  }));
}

function roundOf(round: WireRound): Round {
  const { index, drafter, emittedTokens, proposedNodes, batchTokens, batchStreams } = round;
  return {
    type: "round",
    index,
    drafter,
    nodes: round.nodes.map(({ token, text, parent, probability, accepted, source }) => ({ token, text, parent, probability, accepted, source })),
    emittedTokens,
    proposedNodes,
    batchTokens,
    batchStreams,
    draftTimeMs: milliseconds(round.draftTime),
    verifyTimeMs: milliseconds(round.verifyTime),
    arm: round.arm,
    armReason: round.armReason,
  };
}

const REASONS = new Map<WireReason, FinishReason>([
  [WireReason.STOP, "STOP"],
  [WireReason.LENGTH, "LENGTH"],
  [WireReason.CONTEXT_FULL, "CONTEXT_FULL"],
  [WireReason.CANCELLED, "CANCELLED"],
  [WireReason.TOOL_CALLS, "TOOL_CALLS"],
]);

function finishedOf(finished: WireFinished): Finished {
  const usage = finished.usage;
  return {
    type: "finished",
    reason: REASONS.get(finished.reason) ?? "OTHER",
    usage: {
      promptTokens: usage?.promptTokens ?? 0,
      cachedPromptTokens: usage?.cachedPromptTokens,
      completionTokens: usage?.completionTokens ?? 0,
      reasoningTokens: usage?.reasoningTokens ?? 0,
      queueTimeMs: milliseconds(usage?.queueTime),
      timeToFirstTokenMs: milliseconds(usage?.timeToFirstToken),
      totalTimeMs: milliseconds(usage?.totalTime),
    },
    seed: finished.seed,
    speculation: speculationOf(finished.speculation),
  };
}

/** @internal */
export function speculationOf(statistics: SpeculationStatistics | undefined): Speculation {
  return {
    numSpecSteps: Number(statistics?.numSpecSteps ?? 0),
    numSteps: Number(statistics?.numSteps ?? 0),
    numDraftTokens: Number(statistics?.numDraftTokens ?? 0),
    numAcceptedDraftTokens: Number(statistics?.numAcceptedDraftTokens ?? 0),
    meanAcceptanceLength: statistics?.meanAcceptanceLength ?? 0,
    draftAcceptanceRate: statistics?.draftAcceptanceRate ?? 0,
    acceptanceHistogram: (statistics?.acceptanceHistogram ?? []).map(Number),
    numAcceptedTokensPerPos: (statistics?.numAcceptedTokensPerPos ?? []).map(Number),
    expectedAcceptedDraftTokens: statistics?.expectedAcceptedDraftTokens ?? 0,
    draftTimeMs: milliseconds(statistics?.draftTime),
    verifyTimeMs: milliseconds(statistics?.verifyTime),
    hostTimeMs: milliseconds(statistics?.hostTime),
  };
}
