/**
 * Talks to an aded sidecar: a server that answers prompts with a llama.cpp model, by draft and verify.
 *
 * A {@link Client} is one connection. {@link Client.stream} and {@link Client.chat} answer one prompt and forget it;
 * {@link Client.converse} opens a {@link Conversation}, which keeps its history, its KV cache and what the drafter learned with
 * the server, turn by turn. Answers come as an {@link AnswerStream} of {@link AnswerEvent}s.
 *
 * Every failure of a call is an {@link AdedError}, which tells its kind, the server's reason, when to try again, and what had
 * come of the answer. What a server could not take up for the moment is tried again, unless an answer has begun
 * ({@link RetryPolicy}).
 *
 * The client reads a bounded number of events ahead of its reader. The server does not compute ahead of a slow reader, and
 * ends an answer that stays unread for 20 seconds with the reason `NOT_READ`.
 *
 * @module
 */
export { Client, type CallOptions, type TokenCount } from "./client.js";
export { Conversation, type ConversationInfo, type ConversationOptions } from "./conversation.js";
export {
  AdedError,
  BadAnswerError,
  CancelledError,
  DeadlineExceededError,
  DeniedError,
  FailedPreconditionError,
  InternalError,
  InvalidRequestError,
  NotFoundError,
  ResourceExhaustedError,
  UnavailableError,
  UnsupportedError,
  WrongCallError,
  type ErrorDetails,
  type ErrorKind,
  type Violation,
} from "./errors.js";
export type {
  Alternative,
  Answer,
  AnswerEvent,
  Delta,
  DraftNode,
  Finished,
  FinishReason,
  ReasoningDelta,
  Round,
  Speculation,
  TokenLogProbability,
  ToolCallDelta,
  Usage,
} from "./events.js";
export type {
  DraftArm,
  Drafter,
  DraftModel,
  DraftModelStatistics,
  DraftStatistics,
  Limits,
  Load,
  ModelDetails,
  ServerDetails,
  Settings,
} from "./info.js";
export type { AnswerOptions, Constraint, Draft, JsonObject, JsonValue, PrefixSharing, Reasoning, Sampling, ToolByName } from "./options.js";
export { assistant, type Message, type Part, type Prompt, type ToolCall, type ToolResult } from "./prompt.js";
export { DEFAULT_RETRY, NO_RETRY, type RetryPolicy } from "./retry.js";
export { jsonSchemaOf, type Checked, type Issue, type Parsed, type Schema } from "./schema.js";
export { AnswerStream } from "./stream.js";
export { tool, type CalledTool, type Tool, type ToolRun } from "./tool.js";
export type { ClientOptions, Pem, TlsOptions } from "./wire.js";
