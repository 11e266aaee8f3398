import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { context, trace, type Context, type Span } from "@opentelemetry/api";
import { cancelled, decode, failure, timedOut, type AdedError } from "./errors.js";
import { eventOf, type Answer, type AnswerEvent } from "./events.js";
import {
  CancelSchema,
  ConverseRequestSchema,
  InferenceService,
  OpenSchema,
  TurnSchema,
  UpdateSchema,
  type ConverseRequest,
  type ConverseResponse,
  type Open,
  type Opened,
  type Turn as WireTurn,
  type Update,
} from "./gen/aded/v1/inference_service_pb.js";
import { settingsOf, type Settings } from "./info.js";
import { milliseconds, put } from "./message.js";
import { maskOf, messageOf, updateMask, type AnswerOptions } from "./options.js";
import { inputOf, type Prompt } from "./prompt.js";
import { pause, pauseBefore } from "./retry.js";
import { parseWith, type Parsed, type Schema } from "./schema.js";
import { AnswerStream, drain, failedStream, Mailbox, tell, type Source } from "./stream.js";
import { runTools, type ToolRun } from "./tool.js";
import { endSpan, type Wire } from "./wire.js";

/** How a conversation is opened. */
export interface ConversationOptions {
  /** Names the conversation, 1 to 128 characters of `A-Z a-z 0-9 . _ -`, and resumes it if it is kept. */
  readonly id?: string | undefined;
  /** Fails with {@link NotFoundError} if there is nothing to resume. */
  readonly requireResume?: boolean | undefined;
  /** How long the server keeps the conversation after its stream ends, within its own limit. */
  readonly retentionMs?: number | undefined;
  /** The model that is expected, as {@link Client.model} names it. */
  readonly model?: string | undefined;
  /** How turns are answered where they do not say otherwise. */
  readonly defaults?: AnswerOptions | undefined;
  /** How long opening may take; 30,000 unless said. */
  readonly openTimeoutMs?: number | undefined;
  /** Ends the conversation when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** What a conversation was opened with. */
export interface ConversationInfo {
  /** The conversation's name: the caller's, or one that the server made up. */
  readonly id: string;
  /** Whether it goes on with a conversation that was kept. */
  readonly resumed: boolean;
  /** Tokens of history that a resumed conversation starts with. */
  readonly historyTokens: number;
  /** How long it will be kept after its stream ends; 0 if it will not be. */
  readonly retentionMs: number;
  /** The model that answers. */
  readonly model: string;
  /** Tokens that the conversation can hold, prompts and answers together. */
  readonly contextTokens: number;
  /** The defaults of the conversation's turns. */
  readonly defaults: Settings;
  /** What runs the model. */
  readonly library: string;
  /** Where it runs. */
  readonly devices: readonly string[];
}

type Stream = ClientDuplexStream<ConverseRequest, ConverseResponse>;

/** One stream of the conversation's; a turn that is tried again gets another. */
interface Call {
  readonly stream: Stream;
  readonly over: Promise<AdedError>;
  failure?: AdedError;
}

/**
 * Remembers what was said, keeps its KV cache on the server, and guesses better with every turn. One turn at a time; open
 * several conversations to talk in parallel.
 *
 * An answer that fails by itself ends the conversation: {@link Conversation.ask} gives the same failure from then on. One
 * opened with an id can be resumed by opening it again. Turns that were cancelled, closed, or whose time was up leave it as it
 * is.
 */
export class Conversation implements AsyncDisposable {
  // One call, many answers. "current" is the turn that events belong to. One that its reader left early stays current until
  // its "finished" arrives; meanwhile its events are dropped, and a turn that is asked for waits in "waiting", so that the
  // server never sees two at once.
  private call: Call | undefined;
  private current: Turn | undefined;
  private waiting: Turn | undefined;
  private opened: ConversationInfo | undefined;
  private sent = 0;
  private readonly updates: Update[] = [];
  private failure: AdedError | undefined;
  private closed = false;
  private defaults: AnswerOptions;
  private readonly open: Open;
  private readonly span: Span;
  private readonly context: Context;

  private constructor(
    private readonly wire: Wire,
    private readonly options: ConversationOptions,
  ) {
    const defaults = options.defaults ?? {};
    this.defaults = defaults;
    this.open = create(OpenSchema, {
      model: options.model ?? defaults.model ?? "",
      conversationId: options.id ?? "",
      requireResume: options.requireResume ?? false,
    });
    put(this.open, "options", messageOf(defaults));
    put(this.open, "reset", maskOf(defaults.reset));
    put(this.open, "retention", options.retentionMs === undefined ? undefined : durationFromMs(options.retentionMs));
    [this.span, this.context] = wire.span(InferenceService.method.converse);
  }

  /** @internal */
  static async open(wire: Wire, options: ConversationOptions): Promise<Conversation> {
    const conversation = new Conversation(wire, options);
    const deadline = Date.now() + conversation.openTimeoutMs;
    for (let attempt = 1; ; attempt++) {
      try {
        await conversation.begin(conversation.open, deadline, options.signal);
        options.signal?.addEventListener("abort", conversation.aborted, { once: true });
        return conversation;
      } catch (error) {
        const failed = decode(error);
        const wait = pauseBefore(wire.policy, attempt, failed, deadline);
        if (wait === undefined) {
          endSpan(conversation.span, failed);
          throw failed;
        }
        await pause(wait, options.signal).catch((reason: unknown) => {
          throw cancelled("the caller aborted", reason);
        });
      }
    }
  }

  private get openTimeoutMs(): number {
    return this.options.openTimeoutMs ?? 30_000;
  }

  private readonly aborted = () => void this.close();

  /** Makes a call and waits until the server has opened the conversation. */
  private async begin(open: Open, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    const stream: Stream = await this.wire.duplex(InferenceService.method.converse, this.context);
    let ended: (failure: AdedError) => void = () => undefined;
    const call: Call = { stream, over: new Promise((resolve) => (ended = resolve)) };
    const opened = new Promise<Opened>((resolve) => {
      stream.on("data", (response: ConverseResponse) => {
        if (response.event.case === "opened") {
          resolve(response.event.value);
        } else {
          this.received(call, response);
        }
      });
    });
    const end = (error: AdedError) => {
      if (call.failure === undefined) {
        call.failure = error;
        this.ended(call, error);
        ended(error);
      }
    };
    stream.on("error", (error) => {
      drain(stream);
      end(decode(error));
    });
    // A call's "end" comes before its "error", if it has one.
    stream.on("end", () => setImmediate(end, failure("UNAVAILABLE", { reason: "CONVERSATION_ENDED", message: "the server ended the conversation" })));
    stream.write(create(ConverseRequestSchema, { event: { case: "open", value: open } }));
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    try {
      const info = await Promise.race([
        opened,
        call.over.then((error) => Promise.reject(error)),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(timedOut("the conversation was not open in time")), Math.max(0, deadline - Date.now()));
          stop = () => reject(cancelled("the caller aborted", signal?.reason));
          signal?.addEventListener("abort", stop, { once: true });
          if (signal?.aborted === true) {
            stop();
          }
        }),
      ]);
      this.opened = infoOf(info);
      this.failure = call.failure;
      this.call = call;
    } catch (error) {
      stream.cancel();
      throw error;
    } finally {
      clearTimeout(timer);
      if (stop !== undefined) {
        signal?.removeEventListener("abort", stop);
      }
    }
  }

  /** What the server opened. */
  get info(): ConversationInfo {
    return this.opened as ConversationInfo;
  }

  /**
   * Starts the next turn. One that was left early is waited for before it is sent. Failures come with the events;
   * {@link WrongCallError} if the previous answer is still being read, or the conversation was closed.
   */
  ask(prompt: Prompt, options: AnswerOptions = {}): AnswerStream {
    if (this.closed) {
      return failedStream(failure("WRONG_CALL", { reason: "CONVERSATION_CLOSED", message: "the conversation was closed" }));
    }
    if (this.failure !== undefined) {
      return failedStream(this.failure);
    }
    if (this.waiting !== undefined || (this.current !== undefined && !this.current.left)) {
      const message = "the previous answer is still running; read it to its end or close it first";
      return failedStream(failure("WRONG_CALL", { reason: "TURN_RUNNING", message }));
    }
    const message = create(TurnSchema, { input: inputOf(prompt) });
    put(message, "options", messageOf(options));
    put(message, "reset", maskOf(options.reset));
    const active = context.active();
    const [span] = this.wire.spanNamed("aded.turn", trace.getSpan(active) === undefined ? this.context : active);
    const turn = new Turn(this.actions, message, span, options.timeoutMs ?? this.defaults.timeoutMs, options.signal);
    if (!turn.left) {
      if (this.current === undefined) {
        this.start(turn);
      } else {
        this.waiting = turn;
      }
    }
    return new AnswerStream(turn);
  }

  /** Asks, and waits for the whole answer. */
  chat(prompt: Prompt, options: AnswerOptions = {}): Promise<Answer> {
    return this.ask(prompt, options).answer();
  }

  /**
   * Asks for a value of a schema, such as zod's, and checks it. {@link BadAnswerError} if the answer is not one, such as when
   * it was cut short.
   */
  parse<T>(schema: Schema<T>, prompt: Prompt, options: AnswerOptions = {}): Promise<Parsed<T>> {
    return parseWith(schema, options, (how) => this.ask(prompt, how));
  }

  /**
   * Asks, carries out the calls of the tools that the options or the conversation's defaults name, tells the model their
   * results, and so on until it answers without a call. Tools run one after the other. A call of a tool that is not there, or
   * whose function fails, is told to the model as an error. {@link FailedPreconditionError} after `maxRounds` (10) results.
   */
  runTools(prompt: Prompt, options: AnswerOptions & { maxRounds?: number } = {}): Promise<ToolRun> {
    const { maxRounds, ...how } = options;
    return runTools((next) => this.ask(next, how), prompt, how.tools ?? this.defaults.tools ?? [], maxRounds ?? 10, how.signal);
  }

  /**
   * Changes how the turns that follow are answered: what is said replaces what was in force, what is `reset` returns to the
   * server's own default, the rest stays. A turn that is running is not affected.
   */
  update(changes: AnswerOptions): void {
    if (this.closed) {
      throw failure("WRONG_CALL", { reason: "CONVERSATION_CLOSED", message: "the conversation was closed" });
    }
    if (this.failure !== undefined) {
      throw this.failure;
    }
    const message = messageOf(changes);
    const update = create(UpdateSchema);
    put(update, "options", message);
    put(update, "updateMask", updateMask(message, changes.reset));
    this.write({ case: "update", value: update });
    this.updates.push(update);
    this.defaults = { ...this.defaults, ...changes };
  }

  /** Says that no more turns follow. The server completes the one that is running, which is still to be read. */
  finish(): void {
    if (!this.closed && this.failure === undefined) {
      this.closed = true;
      this.call?.stream.end();
    }
  }

  /** Ends the conversation. A running answer is cancelled; else the server's end of it is waited for, a second at most. */
  async close(): Promise<void> {
    const { call } = this;
    const idle = this.current === undefined && this.failure === undefined;
    if (!this.closed && idle) {
      call?.stream.end();
    }
    this.closed = true;
    this.options.signal?.removeEventListener("abort", this.aborted);
    if (idle && call !== undefined) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([call.over, new Promise((resolve) => (timer = setTimeout(resolve, 1000)))]);
      clearTimeout(timer);
    }
    const why = cancelled("the conversation was closed");
    this.current?.fail(why);
    this.waiting?.fail(why);
    call?.stream.cancel();
  }

  /** As {@link Conversation.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private write(event: ConverseRequest["event"]): void {
    this.call?.stream.write(create(ConverseRequestSchema, { event }));
  }

  private start(turn: Turn): void {
    this.current = turn;
    turn.number = ++this.sent;
    turn.mailbox.from(this.call?.stream);
    this.write({ case: "turn", value: turn.message });
  }

  private received(call: Call, response: ConverseResponse): void {
    const event = eventOf(response.event);
    const turn = this.current;
    if (event === undefined || call !== this.call || turn === undefined) {
      return;
    }
    turn.received(event);
    if (event.type === "finished") {
      this.current = undefined;
      if (this.waiting !== undefined) {
        const next = this.waiting;
        this.waiting = undefined;
        this.start(next);
      }
    }
  }

  private ended(call: Call, error: AdedError): void {
    if (call !== this.call) {
      return;
    }
    const turns = [this.current, this.waiting];
    this.failure = error;
    this.current = this.waiting = undefined;
    endSpan(this.span, this.closed ? undefined : error);
    for (const turn of turns) {
      if (turn !== undefined && !turn.left) {
        void this.again(turn, error);
      }
    }
  }

  /** Has the conversation again as it was before a turn, and sends the turn; or lets it fail. */
  private async again(turn: Turn, error: AdedError): Promise<void> {
    turn.number ||= this.sent + 1;
    const kept = this.open.conversationId !== "" && this.info.retentionMs > 0;
    const fresh = turn.number === 1 && !this.info.resumed;
    const resume = this.open.requireResume || turn.number > 1 || this.info.resumed;
    // What it has already, and was updated since, is not said again.
    const { conversationId, model } = this.open;
    const open = resume ? create(OpenSchema, { conversationId, model, requireResume: true, ...retentionOf(this.open) }) : this.open;
    for (let failed = error; ; ) {
      turn.attempt++;
      const wait = turn.begun || this.closed || !(kept || fresh) ? undefined : pauseBefore(this.wire.policy, turn.attempt, failed, turn.deadline);
      if (wait === undefined) {
        turn.fail(failed);
        return;
      }
      await pause(wait);
      if (turn.isLeft()) {
        return;
      }
      try {
        await this.begin(open, Math.min(turn.deadline ?? Infinity, Date.now() + this.openTimeoutMs), undefined);
        break;
      } catch (next) {
        failed = decode(next);
      }
    }
    if (!this.info.resumed) {
      for (const update of this.updates) {
        this.write({ case: "update", value: update });
      }
    }
    this.sent = turn.number - 1;
    if (turn.isLeft() || this.closed) {
      turn.fail(cancelled("the conversation was closed"));
    } else {
      this.start(turn);
    }
  }

  /** What turns may ask of their conversation. */
  private readonly actions = {
    /** Asks the server to end a turn; whether it is the one that runs. */
    cancel: (turn: Turn): boolean => {
      if (this.waiting === turn) {
        return false;
      }
      if (this.current === turn && this.failure === undefined && !this.closed) {
        this.write({ case: "cancel", value: create(CancelSchema) });
      }
      return true;
    },
    /** Nobody reads a turn any more. */
    left: (turn: Turn): void => {
      if (this.waiting === turn) {
        this.waiting = undefined;
      } else {
        this.actions.cancel(turn);
      }
    },
  };
}

function retentionOf(open: Open) {
  return open.retention === undefined ? {} : { retention: open.retention };
}

function infoOf(opened: Opened): ConversationInfo {
  const { conversationId, resumed, historyTokens, model, contextTokens, library, devices } = opened;
  return {
    id: conversationId,
    resumed,
    historyTokens,
    retentionMs: milliseconds(opened.retention),
    model,
    contextTokens,
    defaults: settingsOf(opened.options),
    library,
    devices,
  };
}

interface Actions {
  cancel(turn: Turn): boolean;
  left(turn: Turn): void;
}

/** One turn, as the source of its answer's events. */
class Turn implements Source {
  readonly mailbox = new Mailbox();
  readonly deadline: number | undefined;
  number = 0;
  attempt = 0;
  begun = false;
  left = false;
  private over = false;
  private readonly timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly conversation: Actions,
    readonly message: WireTurn,
    private readonly span: Span,
    timeoutMs: number | undefined,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.deadline = timeoutMs === undefined ? undefined : Date.now() + timeoutMs;
    this.timer = timeoutMs === undefined ? undefined : setTimeout(() => this.abandon(timedOut("the answer was not complete in time")), timeoutMs);
    if (signal?.aborted === true) {
      this.aborted();
    } else {
      signal?.addEventListener("abort", this.aborted, { once: true });
    }
  }

  poll(): AnswerEvent | undefined {
    return this.mailbox.poll();
  }

  take(): Promise<AnswerEvent> {
    return this.mailbox.take();
  }

  /** `left`, as it is by now. */
  isLeft(): boolean {
    return this.left;
  }

  cancel(): void {
    if (!this.conversation.cancel(this)) {
      this.abandon(cancelled("the answer was cancelled by its reader"));
    }
  }

  abandon(why: AdedError): void {
    if (!this.over) {
      this.fail(why);
      this.conversation.left(this);
    }
  }

  fail(why: AdedError): void {
    if (!this.over) {
      this.left = true;
      this.mailbox.fail(why);
      this.end(why);
    }
  }

  received(event: AnswerEvent): void {
    if (this.left) {
      return;
    }
    this.begun = true;
    this.mailbox.push(event);
    if (event.type === "finished") {
      tell(this.span, event);
      this.end(undefined);
      this.mailbox.from(undefined); // what comes next is another turn's
    }
  }

  private end(why: AdedError | undefined): void {
    this.over = true;
    clearTimeout(this.timer);
    this.signal?.removeEventListener("abort", this.aborted);
    endSpan(this.span, why);
  }

  private readonly aborted = () => this.abandon(cancelled("the caller aborted", this.signal?.reason));
}
