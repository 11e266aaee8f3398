import { fromBinary, toBinary, type DescService } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { anyPack, durationFromMs } from "@bufbuild/protobuf/wkt";
import { Metadata, Server, ServerCredentials, status, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { ServerDuplexStream, ServerWritableStream } from "@grpc/grpc-js";
import { Client, type ClientOptions } from "../src/index.js";
import { FinishReason } from "../src/gen/aded/v1/answer_pb.js";
import {
  ConverseResponseSchema,
  GenerateResponseSchema,
  InferenceService,
  type ConverseRequest,
  type ConverseResponse,
  type GenerateRequest,
  type GenerateResponse,
  type Opened,
} from "../src/gen/aded/v1/inference_service_pb.js";
import { ErrorInfoSchema, RetryInfoSchema, StatusSchema } from "../src/gen/google/rpc/details_pb.js";

/** What a service looks like to gRPC's server. */
function definitionOf(service: DescService): ServiceDefinition {
  const entries = service.methods.map((method) => [
    method.name,
    {
      path: `/${service.typeName}/${method.name}`,
      requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
      responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
      requestSerialize: (message: never) => Buffer.from(toBinary(method.input, message)),
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      responseSerialize: (message: never) => Buffer.from(toBinary(method.output, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    },
  ]);
  return Object.fromEntries(entries) as ServiceDefinition;
}

export type Answering = ServerWritableStream<GenerateRequest, GenerateResponse>;
export type Talking = ServerDuplexStream<ConverseRequest, ConverseResponse>;

/** Serves, and gives a client of it. */
export class Fake implements AsyncDisposable {
  calls = 0;
  last = new Metadata();
  private readonly server = new Server();
  private readonly clients: Client[] = [];
  private port = 0;

  /** Each takes the number of the call, from 1. */
  constructor(answers: { generate?: (to: Answering, call: number) => unknown; converse?: (with_: Talking, call: number) => unknown; version?: string }) {
    const counted = (handle: ((call: never, number: number) => unknown) | undefined) => (call: Answering | Talking) => {
      this.last = call.metadata;
      call.on("error", () => undefined);
      if (answers.version !== undefined) {
        const header = new Metadata();
        header.set("aded-server-version", answers.version);
        call.sendMetadata(header);
      }
      void handle?.(call as never, ++this.calls);
    };
    const methods: UntypedServiceImplementation = { Generate: counted(answers.generate), Converse: counted(answers.converse) };
    this.server.addService(definitionOf(InferenceService), methods);
  }

  async listen(address = "localhost:0", credentials = ServerCredentials.createInsecure()): Promise<this> {
    this.port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
    });
    return this;
  }

  get target(): string {
    return `localhost:${this.port}`;
  }

  client(options: ClientOptions = {}, target = this.target): Client {
    const client = new Client(target, { retry: { attempts: 4, initialMs: 1, maxMs: 1 }, ...options });
    this.clients.push(client);
    return client;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.clients.forEach((client) => client.close());
    this.server.forceShutdown();
    return Promise.resolve();
  }
}

export function delta(text: string): GenerateResponse {
  return create(GenerateResponseSchema, { event: { case: "delta", value: { text, tokens: [1] } } });
}

export function finished(): GenerateResponse {
  return create(GenerateResponseSchema, { event: { case: "finished", value: { reason: FinishReason.STOP } } });
}

/** Answers every prompt with some texts. */
export function saying(...texts: string[]) {
  return {
    generate: (to: Answering) => {
      texts.forEach((text) => to.write(delta(text)));
      to.write(finished());
      to.end();
    },
  };
}

export function failing(code: status, reason: string, retryMs?: number) {
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { domain: "aded.io", reason }))];
  if (retryMs !== undefined) {
    details.push(anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(retryMs) })));
  }
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, create(StatusSchema, { code, details }))));
  return Object.assign(new Error("told to"), { code, details: "told to", metadata });
}

const event = (value: ConverseResponse["event"]) => create(ConverseResponseSchema, { event: value });

export const opened = (info: Partial<Opened> = {}) => event({ case: "opened", value: { conversationId: "c", model: "fake", ...info } as Opened });
export const grown = (text: string) => create(ConverseResponseSchema, { event: { case: "delta", value: { text, tokens: [1] } } });
export const ended = (reason = FinishReason.STOP) => create(ConverseResponseSchema, { event: { case: "finished", value: { reason } } });

/**
 * Opens, and answers each turn with its prompt, letter by letter; a prompt of "wait" grows by one letter and then waits for a
 * cancel; one of "fail" fails.
 */
export function echo(with_: Talking): void {
  let waiting = false;
  with_.on("data", ({ event: { case: kind, value } }: ConverseRequest) => {
    if (kind === "open") {
      with_.write(opened());
    } else if (kind === "cancel" && waiting) {
      waiting = false;
      with_.write(grown("late"));
      with_.write(ended(FinishReason.CANCELLED));
    } else if (kind === "turn") {
      const prompt = value.input.case === "prompt" ? value.input.value : "";
      if (prompt === "wait") {
        waiting = true;
        with_.write(grown("w"));
      } else if (prompt === "fail") {
        with_.emit("error", failing(status.INTERNAL, "BROKEN"));
      } else {
        Array.from(prompt).forEach((letter) => with_.write(grown(letter)));
        with_.write(ended());
      }
    }
  });
  with_.on("end", () => with_.end());
}
