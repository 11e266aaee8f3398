import { inspect, type InspectOptions } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { status as Code, type ServiceError } from "@grpc/grpc-js";
import type { Answer } from "./events.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, StatusSchema } from "./gen/google/rpc/details_pb.js";
import { milliseconds } from "./message.js";

/** What sort of failure an {@link AdedError} is. All SDKs have the same. */
export type ErrorKind =
  | "INVALID_REQUEST"
  | "FAILED_PRECONDITION"
  | "NOT_FOUND"
  | "RESOURCE_EXHAUSTED"
  | "UNAVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "DENIED"
  | "UNSUPPORTED"
  | "INTERNAL"
  | "WRONG_CALL"
  | "BAD_ANSWER";

/** One thing that is wrong with a request. */
export interface Violation {
  /** Its path in the request message, such as `options.sampling.temperature`. */
  readonly field: string;
  /** What was wrong and what is allowed. */
  readonly description: string;
}

/** What an {@link AdedError} tells. */
export interface ErrorDetails {
  /** A stable name in UPPER_SNAKE_CASE that programs may compare; empty if neither server nor client has one. */
  readonly reason: string;
  /** What happened, for people. It never contains the prompt. */
  readonly message: string;
  /** The gRPC status that the call ended with, such as `RESOURCE_EXHAUSTED`; empty if there was none. */
  readonly code?: string;
  /** After how many milliseconds trying again makes sense; undefined if the server did not say. */
  readonly retryAfterMs?: number | undefined;
  /** The wrong fields, of INVALID_REQUEST and UNSUPPORTED; empty if the server named none. */
  readonly violations?: readonly Violation[];
  /** How many more wrong fields there are that the server did not name. */
  readonly violationsLeftOut?: number;
  /** What had arrived of the answer that failed; undefined for other calls. */
  readonly partial?: Answer | undefined;
  /** What it was decoded from. */
  readonly cause?: unknown;
}

/**
 * Everything that a call can fail with, decoded from the status that the server sent and its details. There is a class for
 * each {@link ErrorKind}.
 */
export class AdedError extends Error {
  /** What sort of failure it is. */
  readonly kind: ErrorKind;
  /** A stable name in UPPER_SNAKE_CASE that programs may compare; empty if neither server nor client has one. */
  readonly reason: string;
  /** The gRPC status that the call ended with, such as `RESOURCE_EXHAUSTED`; empty if there was none. */
  readonly code: string;
  /** After how many milliseconds trying again makes sense; undefined if the server did not say. */
  readonly retryAfterMs: number | undefined;
  /** The wrong fields, of INVALID_REQUEST and UNSUPPORTED; empty if the server named none. */
  readonly violations: readonly Violation[];
  /** How many more wrong fields there are that the server did not name. */
  readonly violationsLeftOut: number;
  /** What had arrived of the answer that failed; undefined for other calls. */
  readonly partial: Answer | undefined;

  /** @internal */
  constructor(kind: ErrorKind, details: ErrorDetails) {
    super(details.message, details.cause === undefined ? {} : { cause: details.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.reason = details.reason;
    this.code = details.code ?? "";
    this.retryAfterMs = details.retryAfterMs;
    this.violations = details.violations ?? [];
    this.violationsLeftOut = details.violationsLeftOut ?? 0;
    this.partial = details.partial;
  }

  /** The text that had come of the answer that failed; empty if nothing. */
  get text(): string {
    return this.partial?.text ?? "";
  }

  /** What `console.log` and an uncaught error show: what there is to know, without the bytes of the cause. @internal */
  [Symbol.for("nodejs.util.inspect.custom")](_depth: number, options: InspectOptions): string {
    const { kind, reason, code, retryAfterMs, violations, text } = this;
    const told = Object.entries({ kind, reason, code, retryAfterMs, violations, text }).filter(
      ([, value]) => value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0),
    );
    return `${this.stack ?? String(this)} ${inspect(Object.fromEntries(told), options)}`;
  }
}

/** The request itself is wrong; the same request will fail again. */
export class InvalidRequestError extends AdedError {}
/** The request is fine, but not now: the state that it needs is not there. */
export class FailedPreconditionError extends AdedError {}
/** The model or conversation that was named is not there. */
export class NotFoundError extends AdedError {}
/**
 * A limit of the server is reached: its queue is full, this turn has waited in it for too long, the answer was not read, or
 * the request is larger than any may be.
 */
export class ResourceExhaustedError extends AdedError {}
/** The server cannot be reached, is loading the model, is draining, or went away in the middle. */
export class UnavailableError extends AdedError {}
/** The caller's time limit passed. */
export class DeadlineExceededError extends AdedError {}
/** The caller cancelled, aborted, or closed what it was reading. */
export class CancelledError extends AdedError {}
/** The server wants credentials, or other ones. */
export class DeniedError extends AdedError {}
/** The server does not serve this part of the API; see {@link ServerDetails.capabilities}. */
export class UnsupportedError extends AdedError {}
/** A fault of the server, or an answer that the API does not allow. */
export class InternalError extends AdedError {}
/** What the caller may not do, such as asking while an answer is running. No server was asked about it. */
export class WrongCallError extends AdedError {}
/** The answer is complete, but not of the type that was asked for, or it was cut short of it. */
export class BadAnswerError extends AdedError {}

const CLASSES: Record<ErrorKind, new (kind: ErrorKind, details: ErrorDetails) => AdedError> = {
  INVALID_REQUEST: InvalidRequestError,
  FAILED_PRECONDITION: FailedPreconditionError,
  NOT_FOUND: NotFoundError,
  RESOURCE_EXHAUSTED: ResourceExhaustedError,
  UNAVAILABLE: UnavailableError,
  DEADLINE_EXCEEDED: DeadlineExceededError,
  CANCELLED: CancelledError,
  DENIED: DeniedError,
  UNSUPPORTED: UnsupportedError,
  INTERNAL: InternalError,
  WRONG_CALL: WrongCallError,
  BAD_ANSWER: BadAnswerError,
};

/** @internal */
export function failure(kind: ErrorKind, details: ErrorDetails): AdedError {
  return new CLASSES[kind](kind, details);
}

/** The same failure with what had come of an answer. @internal */
export function withPartial(error: AdedError, partial: Answer): AdedError {
  return failure(error.kind, { ...detailsOf(error), partial });
}

function detailsOf(error: AdedError): ErrorDetails {
  const { reason, message, code, retryAfterMs, violations, violationsLeftOut, partial, cause } = error;
  return { reason, message, code, retryAfterMs, violations, violationsLeftOut, partial, cause };
}

/** @internal */
export function cancelled(message: string, cause?: unknown): AdedError {
  return failure("CANCELLED", { reason: "CLIENT_CANCELLED", message, cause });
}

/** @internal */
export function timedOut(message: string): AdedError {
  return failure("DEADLINE_EXCEEDED", { reason: "CLIENT_TIMEOUT", message });
}

/** The domain of the reasons that are ours. */
const DOMAIN = "aded.io";

/** What a server says that noticed the call's deadline first. */
const SERVER_DEADLINE = "DEADLINE";

function kindOf(code: Code): ErrorKind {
  switch (code) {
    case Code.INVALID_ARGUMENT:
    case Code.OUT_OF_RANGE:
      return "INVALID_REQUEST";
    case Code.FAILED_PRECONDITION:
    case Code.ABORTED:
    case Code.ALREADY_EXISTS:
      return "FAILED_PRECONDITION";
    case Code.NOT_FOUND:
      return "NOT_FOUND";
    case Code.RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case Code.UNAVAILABLE:
      return "UNAVAILABLE";
    case Code.DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case Code.CANCELLED:
      return "CANCELLED";
    case Code.UNAUTHENTICATED:
    case Code.PERMISSION_DENIED:
      return "DENIED";
    case Code.UNIMPLEMENTED:
      return "UNSUPPORTED";
    default:
      return "INTERNAL";
  }
}

/** A connection that was lost, which grpc-js calls INTERNAL where it is a stream that tells. */
const LOST = /triggered by internal client error: .*(ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|[Ss]ession closed)/;

/**
 * The one place where a gRPC status becomes an error of ours. A deadline is the caller's, whether this side or the server
 * noticed it first.
 *
 * @internal
 */
export function decode(error: unknown, deadline?: number): AdedError {
  if (error instanceof AdedError) {
    return error;
  }
  const state = error as Partial<ServiceError>;
  if (typeof state.code !== "number") {
    const message = error instanceof Error ? error.message : String(error);
    return failure("INTERNAL", { reason: "", message, cause: error });
  }
  let kind = kindOf(state.code);
  let reason = "";
  let violationsLeftOut = 0;
  let retryAfterMs: number | undefined;
  const violations: Violation[] = [];
  for (const detail of detailsIn(state)) {
    const info = anyUnpack(detail, ErrorInfoSchema);
    if (info !== undefined && info.domain === DOMAIN) {
      reason = info.reason;
      violationsLeftOut = Number(info.metadata["violations_left_out"] ?? 0);
    }
    for (const wrong of anyUnpack(detail, BadRequestSchema)?.fieldViolations ?? []) {
      violations.push({ field: wrong.field, description: wrong.description });
    }
    const retry = anyUnpack(detail, RetryInfoSchema);
    if (retry !== undefined) {
      retryAfterMs = milliseconds(retry.retryDelay);
    }
  }
  if (kind === "INTERNAL" && LOST.test(state.details ?? "")) {
    kind = "UNAVAILABLE";
  }
  if (kind === "CANCELLED" && reason === "" && deadline !== undefined && Date.now() >= deadline) {
    kind = "DEADLINE_EXCEEDED"; // a server that was quicker to notice
  }
  if (kind === "DEADLINE_EXCEEDED" && (reason === "" || reason === SERVER_DEADLINE) && deadline !== undefined) {
    reason = "CLIENT_TIMEOUT";
  }
  const message = state.details ?? state.message ?? "";
  const code = Code[state.code];
  return failure(kind, { reason, message, code, retryAfterMs, violations, violationsLeftOut, cause: error });
}

function detailsIn(state: Partial<ServiceError>) {
  try {
    const [bytes] = state.metadata?.get("grpc-status-details-bin") ?? [];
    return bytes instanceof Uint8Array ? fromBinary(StatusSchema, bytes).details : [];
  } catch {
    return []; // damaged: the status itself still says what happened
  }
}
