import type { ClientReadableStream } from "@grpc/grpc-js";
import type { Context, Span } from "@opentelemetry/api";
import { cancelled, decode, failure, withPartial, type AdedError } from "./errors.js";
import { Collector, eventOf, type Answer, type AnswerEvent, type Finished } from "./events.js";
import { InferenceService, type GenerateRequest, type GenerateResponse } from "./gen/aded/v1/inference_service_pb.js";
import { pauseBefore } from "./retry.js";
import { endSpan, type Wire } from "./wire.js";

/** Where events come from: a call, or one turn of a conversation. @internal */
export interface Source {
  /** An event that is there already. */
  poll(): AnswerEvent | undefined;
  /** Waits for an event. */
  take(): Promise<AnswerEvent>;
  /** Asks for an early end, which is still awaited. */
  cancel(): void;
  /** Ends the answer; nothing more of it is delivered. */
  abandon(why: AdedError): void;
}

/** Whether more is to come from the transport. @internal */
export interface Flow {
  pause(): unknown;
  resume(): unknown;
}

/** Events that a reader may be behind: enough to hide a turn of the event loop, small enough to feel a slow reader. */
const READ_AHEAD = 16;

/** Events between a transport and a reader. Bounded: the transport pauses while the reader is behind. @internal */
export class Mailbox {
  private readonly items: AnswerEvent[] = [];
  private reader: { resolve: (event: AnswerEvent) => void; reject: (error: AdedError) => void } | undefined;
  private end: AdedError | undefined;
  private flow: Flow | undefined;
  private paused = false;

  /** Whose events these are, from now on. */
  from(flow: Flow | undefined): void {
    if (this.paused) {
      this.flow?.resume();
      this.paused = false;
    }
    this.flow = flow;
  }

  push(event: AnswerEvent): void {
    if (this.end !== undefined) {
      return;
    }
    if (this.reader !== undefined) {
      const { resolve } = this.reader;
      this.reader = undefined;
      resolve(event);
      return;
    }
    this.items.push(event);
    if (this.items.length >= READ_AHEAD && !this.paused && this.flow !== undefined) {
      this.paused = true;
      this.flow.pause();
    }
  }

  /** Ends it, once: what is there is still delivered. */
  fail(error: AdedError): void {
    if (this.end !== undefined) {
      return;
    }
    this.end = error;
    this.from(undefined);
    this.reader?.reject(error);
    this.reader = undefined;
  }

  poll(): AnswerEvent | undefined {
    const event = this.items.shift();
    if (event !== undefined && this.paused && this.items.length <= READ_AHEAD / 2) {
      this.paused = false;
      this.flow?.resume();
    }
    return event;
  }

  take(): Promise<AnswerEvent> {
    const event = this.poll();
    if (event !== undefined) {
      return Promise.resolve(event);
    }
    if (this.end !== undefined) {
      return Promise.reject(this.end);
    }
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }
}

/**
 * An answer while it grows, to be read once: event by event (`for await`), by its texts, or as a whole. The server is at work
 * from the moment the prompt was sent; whoever does not read to the end closes. Leaving the loop does.
 */
export class AnswerStream implements AsyncIterable<AnswerEvent>, AsyncDisposable {
  private readonly collector = new Collector();
  private over = false;
  private failed: AdedError | undefined;

  /** @internal */
  constructor(private readonly source: Source) {}

  /**
   * Reads event by event; the last is {@link Finished}. Failures are thrown, as {@link AdedError}s. Leaving the loop early ends
   * the answer: in a conversation the server is told, and the next turn waits until it has stopped.
   */
  [Symbol.asyncIterator](): AsyncIterator<AnswerEvent, undefined> {
    return {
      next: () => this.next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Reads the text of the answer as it comes. */
  async *texts(): AsyncGenerator<string, void, undefined> {
    for await (const event of this) {
      if (event.type === "delta" && event.text !== "") {
        yield event.text;
      }
    }
  }

  /** Reads what is left and gives the whole answer. If it fails, the error has what had come: {@link AdedError.partial}. */
  async answer(): Promise<Answer> {
    while ((await this.next()).done !== true);
    return this.partial;
  }

  /** What has been read of the answer until now. */
  get partial(): Answer {
    return this.collector.answer();
  }

  /**
   * Asks the server to end the answer early. In a conversation the reader still gets what is under way and then
   * {@link Finished} with `CANCELLED`, and the conversation goes on; a single answer ends with a {@link CancelledError}. Does
   * nothing once the answer is over.
   */
  cancel(): void {
    if (!this.over) {
      this.source.cancel();
    }
  }

  /** Ends the answer if it is not over. A reader that goes on gets what had come and then a {@link CancelledError}. */
  close(): void {
    if (!this.over) {
      this.source.abandon(cancelled("the answer was closed by its reader"));
    }
  }

  /** As {@link AnswerStream.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  private next(): Promise<IteratorResult<AnswerEvent, undefined>> {
    if (this.over) {
      return this.failed === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(this.failed);
    }
    const event = this.source.poll(); // saves a turn of the queue of promises for most events
    return event === undefined ? this.source.take().then(this.took, this.ended) : Promise.resolve(this.took(event));
  }

  private readonly took = (event: AnswerEvent): IteratorResult<AnswerEvent, undefined> => {
    this.collector.add(event);
    this.over = event.type === "finished";
    return { done: false, value: event };
  };

  private readonly ended = (error: unknown): never => {
    this.over = true;
    this.failed = withPartial(decode(error), this.partial);
    throw this.failed;
  };
}

/** An answer that cannot begin. @internal */
export function failedStream(error: AdedError): AnswerStream {
  return new AnswerStream({ poll: () => undefined, take: () => Promise.reject(error), cancel: () => undefined, abandon: () => undefined });
}

/** Reads what a call that failed had still to deliver, before the failure is. @internal */
export function drain(call: { read(): unknown }): void {
  while (call.read() !== null);
}

/** Tells a span what an answer cost. @internal */
export function tell(span: Span, finished: Finished): void {
  span.setAttributes({
    "gen_ai.response.finish_reason": finished.reason,
    "gen_ai.usage.input_tokens": finished.usage.promptTokens,
    "gen_ai.usage.output_tokens": finished.usage.completionTokens,
    "aded.mean_acceptance_length": finished.speculation.meanAcceptanceLength,
  });
}

/** An answer that is a call of its own. @internal */
export class Single implements Source {
  private readonly mailbox = new Mailbox();
  private readonly deadline: number | undefined;
  private readonly span: Span;
  private readonly context: Context;
  private call: ClientReadableStream<GenerateResponse> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private attempt = 0;
  private begun = false;
  private over = false;

  constructor(
    private readonly wire: Wire,
    private readonly request: GenerateRequest,
    timeoutMs: number | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
    [this.span, this.context] = wire.span(InferenceService.method.generate);
    if (signal?.aborted === true) {
      this.aborted();
    } else {
      signal?.addEventListener("abort", this.aborted, { once: true });
      void this.start();
    }
  }

  poll(): AnswerEvent | undefined {
    return this.mailbox.poll();
  }

  take(): Promise<AnswerEvent> {
    return this.mailbox.take();
  }

  cancel(): void {
    this.abandon(cancelled("the answer was cancelled by its reader"));
  }

  abandon(why: AdedError): void {
    if (!this.over) {
      this.finish(why);
      this.call?.cancel();
    }
  }

  private readonly aborted = () => this.abandon(cancelled("the caller aborted", this.signal?.reason));

  private async start(): Promise<void> {
    this.attempt++;
    let call: ClientReadableStream<GenerateResponse>;
    try {
      const options = this.deadline === undefined ? {} : { deadline: this.deadline };
      call = await this.wire.serverStream(InferenceService.method.generate, this.request, this.context, options);
    } catch (error) {
      this.failed(decode(error));
      return;
    }
    if (this.over) {
      call.on("error", () => undefined);
      call.cancel();
      return;
    }
    this.call = call;
    this.mailbox.from(call);
    call.on("data", (response: GenerateResponse) => this.received(response));
    call.on("error", (error) => {
      drain(call);
      this.failed(decode(error, this.deadline));
    });
    call.on("end", () => {
      const message = "the server closed the stream before the answer was complete";
      this.ifNoError(() => this.failed(failure("INTERNAL", { reason: "INCOMPLETE_ANSWER", message })));
    });
  }

  /** A call's "end" comes before its "error", if it has one; both within one turn of the event loop. */
  private ifNoError(then: () => void): void {
    const call = this.call;
    setImmediate(() => {
      if (!this.over && this.call === call && this.timer === undefined) {
        then();
      }
    });
  }

  private received(response: GenerateResponse): void {
    const event = eventOf(response.event);
    if (event === undefined || this.over) {
      return;
    }
    this.begun = true;
    this.mailbox.push(event);
    if (event.type === "finished") {
      tell(this.span, event);
      this.finish(undefined);
    }
  }

  private failed(error: AdedError): void {
    if (this.over) {
      return;
    }
    const wait = this.begun ? undefined : pauseBefore(this.wire.policy, this.attempt, error, this.deadline);
    if (wait === undefined) {
      this.finish(error);
      return;
    }
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.start();
    }, wait);
  }

  private finish(error: AdedError | undefined): void {
    this.over = true;
    clearTimeout(this.timer);
    this.signal?.removeEventListener("abort", this.aborted);
    endSpan(this.span, error);
    if (error === undefined) {
      this.mailbox.from(undefined); // nothing more comes but the end of the call
      if (this.call !== undefined) {
        this.wire.leave(this.call);
      }
    } else {
      this.mailbox.fail(error);
    }
  }
}
