import { create } from "@bufbuild/protobuf";
import { context } from "@opentelemetry/api";
import type { ClientReadableStream } from "@grpc/grpc-js";
import { Conversation, type ConversationOptions } from "./conversation.js";
import { cancelled, decode, failure, timedOut } from "./errors.js";
import type { Answer } from "./events.js";
import { DraftService, GetDraftStatisticsRequestSchema, type GetDraftStatisticsResponse } from "./gen/aded/v1/draft_service_pb.js";
import {
  CountTokensRequestSchema,
  DetokenizeRequestSchema,
  GenerateRequestSchema,
  InferenceService,
  TokenizeRequestSchema,
  type CountTokensResponse,
  type DetokenizeResponse,
  type TokenizeResponse,
} from "./gen/aded/v1/inference_service_pb.js";
import {
  GetModelRequestSchema,
  GetServerInfoRequestSchema,
  ListModelsRequestSchema,
  ModelService,
  type GetModelResponse,
  type GetServerInfoResponse,
  type ListModelsResponse,
} from "./gen/aded/v1/model_service_pb.js";
import { Health, HealthCheckRequestSchema, HealthCheckResponse_ServingStatus, type HealthCheckResponse } from "./gen/grpc/health/v1/health_pb.js";
import { draftStatisticsOf, modelOf, serverOf, type DraftStatistics, type ModelDetails, type ServerDetails } from "./info.js";
import { put } from "./message.js";
import { messageOf, type AnswerOptions } from "./options.js";
import { inputOf, type Prompt } from "./prompt.js";
import { DEFAULT_RETRY, pause } from "./retry.js";
import { parseWith, type Parsed, type Schema } from "./schema.js";
import { AnswerStream, Single } from "./stream.js";
import { Wire, type ClientOptions } from "./wire.js";

/** The size of a prompt. */
export interface TokenCount {
  /** Tokens that the prompt takes. */
  readonly tokens: number;
  /** Tokens that the context holds, prompt and answer together. */
  readonly contextTokens: number;
}

/** What calls with one answer take. */
export interface CallOptions {
  /** Ends the call when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One connection to a sidecar. Cheap to use for many calls at once; make one and keep it.
 *
 * The connection is made when it is first needed and again whenever it breaks. {@link Client.waitReady} waits for a sidecar
 * that is still loading its model.
 */
export class Client implements Disposable {
  private readonly wire: Wire;

  /**
   * Nothing is sent yet. Without TLS, as one does to a sidecar on the same machine, unless the options say otherwise.
   *
   * @param target `HOST:PORT`, `unix:PATH`, or any other that gRPC understands
   * @param options how to connect
   */
  constructor(target: string, options: ClientOptions = {}) {
    this.wire = new Wire(target, options, DEFAULT_RETRY);
  }

  /** Ends every call under way and closes the connection. */
  close(): void {
    this.wire.close();
  }

  /** As {@link Client.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Answers one prompt and forgets it. The server is at work from now on. Failures come with the events. `timeoutMs` travels to
   * the server as the call's deadline.
   */
  stream(prompt: Prompt, options: AnswerOptions = {}): AnswerStream {
    const request = create(GenerateRequestSchema, { input: inputOf(prompt), model: options.model ?? "" });
    put(request, "options", messageOf(options));
    return new AnswerStream(new Single(this.wire, request, options.timeoutMs, options.signal));
  }

  /** Answers one prompt and forgets it, and waits for the whole answer. If it fails, the error has what had come. */
  chat(prompt: Prompt, options: AnswerOptions = {}): Promise<Answer> {
    return this.stream(prompt, options).answer();
  }

  /**
   * Asks for a value of a schema, such as zod's, and checks it. {@link BadAnswerError} if the answer is not one, such as when
   * it was cut short.
   */
  parse<T>(schema: Schema<T>, prompt: Prompt, options: AnswerOptions = {}): Promise<Parsed<T>> {
    return parseWith(schema, options, (how) => this.stream(prompt, how));
  }

  /** Opens or resumes a conversation. */
  converse(options: ConversationOptions = {}): Promise<Conversation> {
    return Conversation.open(this.wire, options);
  }

  /** Splits text into token ids. Text such as `<|im_end|>` stays text, and nothing is added around it. */
  async tokenize(text: string, options: CallOptions = {}): Promise<number[]> {
    const request = create(TokenizeRequestSchema, { text });
    return (await this.wire.unary<typeof request, TokenizeResponse>(InferenceService.method.tokenize, request, options.signal)).tokens;
  }

  /** Puts token ids back together; control tokens have no text. */
  async detokenize(tokens: readonly number[], options: CallOptions = {}): Promise<string> {
    const request = create(DetokenizeRequestSchema, { tokens: [...tokens] });
    return (await this.wire.unary<typeof request, DetokenizeResponse>(InferenceService.method.detokenize, request, options.signal)).text;
  }

  /**
   * Counts the tokens that a prompt would take, the chat template included, without running the model. Of the options `tools`,
   * `reasoning`, `templateVariables` and `model` matter.
   */
  async countTokens(prompt: Exclude<Prompt, { tokens: readonly number[] }>, options: AnswerOptions = {}): Promise<TokenCount> {
    const input = inputOf(prompt);
    if (input.case === "tokens") {
      throw failure("WRONG_CALL", { reason: "INVALID_OPTION", message: "token ids are counted already" });
    }
    const request = create(CountTokensRequestSchema, { input, model: options.model ?? "" });
    put(request, "options", messageOf(options));
    const counted = await this.wire.unary<typeof request, CountTokensResponse>(InferenceService.method.countTokens, request, options.signal);
    return { tokens: counted.tokens, contextTokens: counted.contextTokens };
  }

  /** Describes a model that the server has; the empty name is its default. {@link NotFoundError} if it is not served. */
  async model(name = "", options: CallOptions = {}): Promise<ModelDetails> {
    const request = create(GetModelRequestSchema, { name });
    return modelOf((await this.wire.unary<typeof request, GetModelResponse>(ModelService.method.getModel, request, options.signal)).model);
  }

  /** All models that the server has, in the order of their names. */
  async models(options: CallOptions = {}): Promise<ModelDetails[]> {
    const all: ModelDetails[] = [];
    for (let pageToken = ""; ; ) {
      const request = create(ListModelsRequestSchema, { pageToken });
      const page = await this.wire.unary<typeof request, ListModelsResponse>(ModelService.method.listModels, request, options.signal);
      all.push(...page.models.map(modelOf));
      pageToken = page.nextPageToken;
      if (pageToken === "") {
        return all;
      }
    }
  }

  /** Describes the server: versions, limits, defaults, and how busy it is. */
  async server(options: CallOptions = {}): Promise<ServerDetails> {
    const request = create(GetServerInfoRequestSchema);
    return serverOf(await this.wire.unary<typeof request, GetServerInfoResponse>(ModelService.method.getServerInfo, request, options.signal));
  }

  /**
   * How drafting has fared since the server started, or in a conversation of this client's that is open or kept
   * ({@link NotFoundError} if there is none of that id).
   */
  async draftStatistics(conversationId = "", options: CallOptions = {}): Promise<DraftStatistics> {
    const request = create(GetDraftStatisticsRequestSchema, { conversationId });
    const { method } = DraftService;
    return draftStatisticsOf(await this.wire.unary<typeof request, GetDraftStatisticsResponse>(method.getDraftStatistics, request, options.signal));
  }

  /**
   * Waits until the sidecar is there and ready to answer. It watches the standard health service, so it learns of the change as
   * it happens; a sidecar that is not there yet, or goes away in between, is waited for too.
   *
   * {@link DeadlineExceededError} if it is not within the limit, with what was seen last; {@link UnsupportedError} if the server
   * has no health service.
   */
  async waitReady(timeoutMs: number, options: CallOptions = {}): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    const seen = { last: "no sidecar answered" };
    for (;;) {
      if (await this.watch(deadline, seen, options.signal)) {
        return;
      }
      if (options.signal?.aborted === true) {
        throw cancelled("the caller aborted", options.signal.reason);
      }
      if (Date.now() + 50 >= deadline) {
        throw timedOut(`the sidecar was not ready in time: ${seen.last}`);
      }
      await pause(50); // where a peer ends each watch at once
    }
  }

  /** True as soon as the sidecar serves; false if it ends the watch before. */
  private async watch(deadline: number, seen: { last: string }, signal: AbortSignal | undefined): Promise<boolean> {
    const request = create(HealthCheckRequestSchema, { service: InferenceService.typeName });
    const call: ClientReadableStream<HealthCheckResponse> = await this.wire.serverStream(Health.method.watch, request, context.active(), { deadline }, true);
    const stop = () => call.cancel();
    signal?.addEventListener("abort", stop, { once: true });
    return new Promise<boolean>((resolve, reject) => {
      call.on("data", ({ status }: HealthCheckResponse) => {
        if (status === HealthCheckResponse_ServingStatus.SERVING) {
          resolve(true);
          call.cancel();
        } else {
          seen.last = `it says ${HealthCheckResponse_ServingStatus[status]}`;
        }
      });
      call.on("error", (error) => {
        const failed = decode(error, deadline);
        if (failed.kind === "UNAVAILABLE") {
          seen.last = failed.message;
        }
        if (["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"].includes(failed.kind)) {
          resolve(false);
        } else {
          reject(failed);
        }
      });
      call.on("end", () => setImmediate(resolve, false));
    }).finally(() => signal?.removeEventListener("abort", stop));
  }
}
