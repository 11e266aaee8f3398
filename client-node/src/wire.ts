import { readFileSync } from "node:fs";
import { fromBinary, toBinary, type DescMethod, type Message, type MessageShape } from "@bufbuild/protobuf";
import {
  Client as GrpcClient,
  credentials as grpcCredentials,
  Metadata,
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type ClientDuplexStream,
  type ClientReadableStream,
} from "@grpc/grpc-js";
import { context, propagation, SpanKind, SpanStatusCode, trace, type Context, type Span, type TracerProvider } from "@opentelemetry/api";
import { cancelled, decode, failure, type AdedError } from "./errors.js";
import { VERSION } from "./gen/version.js";
import { pause, pauseBefore, type RetryPolicy } from "./retry.js";

/** Where certificates come from: the path of a PEM file, or its bytes. */
export type Pem = string | Uint8Array;

/** How to encrypt. */
export interface TlsOptions {
  /** The certificate authorities to trust; the system's unless said. */
  readonly authorities?: Pem | undefined;
  /** Who calls, for mutual TLS: a certificate chain. */
  readonly certificate?: Pem | undefined;
  /** The key of `certificate`. */
  readonly key?: Pem | undefined;
}

/** How a {@link Client} connects and behaves. */
export interface ClientOptions {
  /** Encrypts: `true` trusts the system's certificate authorities. */
  readonly tls?: boolean | TlsOptions | undefined;
  /** Sent as `authorization: Bearer TOKEN` with every call, or asked for each. Only over TLS or a unix socket is it a secret. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Names the caller: calls of one name share one fair portion of the server. */
  readonly clientId?: string | undefined;
  /** Headers to send with every call. Names are lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** How long calls other than answers and conversations may take; 30,000 unless said. */
  readonly timeoutMs?: number | undefined;
  /** What is tried again; see {@link DEFAULT_RETRY}, {@link NO_RETRY}. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Makes the client's spans; OpenTelemetry's global provider unless said. The server's spans join the trace in either case. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Takes the client's one warning: that client and server may not go together. `console.warn` unless said. */
  readonly warn?: ((message: string) => void) | undefined;
  /** Further options of gRPC's channel, such as keepalive. They win over this client's own. */
  readonly channelOptions?: ChannelOptions | undefined;
}

function read(pem: Pem | undefined): Buffer | null {
  if (pem === undefined) {
    return null;
  }
  return typeof pem === "string" ? readFileSync(pem) : Buffer.from(pem);
}

function credentialsOf(tls: boolean | TlsOptions | undefined): ChannelCredentials {
  if (tls === undefined || tls === false) {
    return grpcCredentials.createInsecure();
  }
  const { authorities, certificate, key } = tls === true ? {} : tls;
  try {
    return grpcCredentials.createSsl(read(authorities), read(key), read(certificate));
  } catch (cause) {
    throw failure("INVALID_REQUEST", { reason: "INVALID_OPTION", message: `TLS: ${String(cause)}`, cause });
  }
}

/** What must be the same of two versions, the first two numbers, as one that can be compared; undefined if there are none. */
function release(version: string): number | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined || minor === undefined ? undefined : Number(major) * 1e6 + Number(minor);
}

interface Described {
  readonly path: string;
  readonly serialize: (message: Message) => Buffer;
  readonly deserialize: (bytes: Buffer) => Message;
}

const described = new Map<DescMethod, Described>();

function describe(method: DescMethod): Described {
  let known = described.get(method);
  if (known === undefined) {
    known = {
      path: `/${method.parent.typeName}/${method.name}`,
      serialize: (message) => Buffer.from(toBinary(method.input, message as MessageShape<typeof method.input>)),
      deserialize: (bytes) => fromBinary(method.output, bytes),
    };
    described.set(method, known);
  }
  return known;
}

/** A call, as far as ending it goes. @internal */
export interface Call {
  cancel(): void;
}

/** What every call carries and how calls begin: who calls, by what, with which token, in which trace. @internal */
export class Wire {
  readonly timeoutMs: number;
  readonly policy: RetryPolicy;
  private readonly channel: GrpcClient;
  private readonly running = new Set<Call>();
  private versioned = false;

  constructor(
    target: string,
    private readonly options: ClientOptions,
    policy: RetryPolicy,
  ) {
    this.policy = { ...policy, ...options.retry };
    this.timeoutMs = options.timeoutMs ?? 30_000;
    this.channel = new GrpcClient(target, credentialsOf(options.tls), {
      "grpc.enable_retries": 0, // RetryPolicy does it; twice over would multiply
      "grpc.max_receive_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 5000,
      "grpc.use_local_subchannel_pool": 1, // so that close() closes the connection
      ...options.channelOptions,
    });
  }

  close(): void {
    for (const call of this.running) {
      call.cancel();
    }
    this.channel.close();
  }

  /** A call that has said all there is: closing the client lets it end by itself. */
  leave(call: Call): void {
    this.running.delete(call);
  }

  private async metadata(from: Context, waitForReady: boolean): Promise<Metadata> {
    const metadata = new Metadata({ waitForReady });
    metadata.set("aded-client-version", `aded-node/${VERSION}`);
    if (this.options.clientId !== undefined) {
      metadata.set("aded-client-id", this.options.clientId);
    }
    for (const [name, value] of Object.entries(this.options.metadata ?? {})) {
      metadata.set(name, value);
    }
    const { token } = this.options;
    if (token !== undefined) {
      try {
        metadata.set("authorization", `Bearer ${typeof token === "string" ? token : await token()}`);
      } catch (cause) {
        throw failure("DENIED", { reason: "", message: `no token: ${String(cause)}`, cause });
      }
    }
    const carrier: Record<string, string> = {};
    propagation.inject(from, carrier);
    const span = trace.getSpanContext(from);
    if (carrier["traceparent"] === undefined && span !== undefined && trace.isSpanContextValid(span)) {
      // W3C's, as the API says, where the process has set no propagator.
      carrier["traceparent"] = `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, "0")}`;
    }
    for (const [name, value] of Object.entries(carrier)) {
      metadata.set(name, value);
    }
    return metadata;
  }

  private begun<C extends Call & NodeJS.EventEmitter>(call: C): C {
    this.running.add(call);
    call.on("status", () => this.running.delete(call));
    if (!this.versioned) {
      call.on("metadata", (header: Metadata) => this.heard(header));
    }
    return call;
  }

  /** Says once if the server's version does not go together with this client's. */
  private heard(header: Metadata): void {
    const [told] = header.get("aded-server-version");
    if (told === undefined || this.versioned) {
      return;
    }
    this.versioned = true;
    const theirs = release(String(told));
    const ours = release(VERSION);
    if (theirs === undefined || ours === undefined || theirs === ours) {
      return;
    }
    const older = ours < theirs ? "client" : "server";
    const message = `aded: the client is ${VERSION} and the server ${String(told)}: what the newer one added does not work; update the ${older}`;
    (this.options.warn ?? console.warn)(message);
  }

  async serverStream<Q extends Message, A extends Message>(
    method: DescMethod,
    request: Q,
    from: Context,
    options: CallOptions = {},
    waitForReady = false,
  ): Promise<ClientReadableStream<A>> {
    const { path, serialize, deserialize } = describe(method);
    const metadata = await this.metadata(from, waitForReady);
    const call = this.channel.makeServerStreamRequest(path, serialize, deserialize as (bytes: Buffer) => A, request, metadata, options);
    return this.begun(call);
  }

  async duplex<Q extends Message, A extends Message>(method: DescMethod, from: Context): Promise<ClientDuplexStream<Q, A>> {
    const { path, serialize, deserialize } = describe(method);
    const metadata = await this.metadata(from, false);
    return this.begun(this.channel.makeBidiStreamRequest(path, serialize as (message: Q) => Buffer, deserialize as (bytes: Buffer) => A, metadata, {}));
  }

  /** Makes a call that has one answer, within the client's time limit and as often as its policy says. */
  async unary<Q extends Message, A extends Message>(method: DescMethod, request: Q, signal?: AbortSignal): Promise<A> {
    const deadline = Date.now() + this.timeoutMs;
    const [span, from] = this.span(method);
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.once<Q, A>(method, request, from, deadline, signal);
        endSpan(span);
        return response;
      } catch (error) {
        const failed = decode(error, deadline);
        const wait = pauseBefore(this.policy, attempt, failed, deadline);
        if (wait === undefined || signal?.aborted === true) {
          endSpan(span, failed);
          throw failed;
        }
        await pause(wait, signal).catch((reason: unknown) => {
          throw cancelled("the caller aborted", reason);
        });
      }
    }
  }

  private async once<Q extends Message, A extends Message>(
    method: DescMethod,
    request: Q,
    from: Context,
    deadline: number,
    signal?: AbortSignal,
  ): Promise<A> {
    const { path, serialize, deserialize } = describe(method);
    const metadata = await this.metadata(from, false);
    return new Promise<A>((resolve, reject) => {
      const call = this.channel.makeUnaryRequest(path, serialize, deserialize as (bytes: Buffer) => A, request, metadata, { deadline }, (error, response) => {
        signal?.removeEventListener("abort", aborted);
        if (error === null && response !== undefined) {
          resolve(response);
        } else {
          reject(signal?.aborted === true ? cancelled("the caller aborted", signal.reason) : (error as Error));
        }
      });
      const aborted = () => call.cancel();
      signal?.addEventListener("abort", aborted, { once: true });
      this.begun(call);
    });
  }

  /** Begins the span of a call, named as gRPC's conventions name them. */
  span(method: DescMethod): [Span, Context] {
    const service = method.parent.typeName;
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method.name };
    return this.spanNamed(`${service}/${method.name}`, context.active(), attributes);
  }

  spanNamed(name: string, parent: Context, attributes = {}): [Span, Context] {
    const tracer = (this.options.tracerProvider ?? trace.getTracerProvider()).getTracer("aded-client", VERSION);
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
    // A tracer that does nothing must not hide the caller's own span from the server.
    return [span, trace.isSpanContextValid(span.spanContext()) ? trace.setSpan(parent, span) : parent];
  }
}

/** Ends a span, as failed if there is a failure. No text of prompts or answers gets into it. @internal */
export function endSpan(span: Span, failed?: AdedError): void {
  if (failed !== undefined) {
    span.setAttribute("error.type", failed.kind);
    span.setStatus({ code: SpanStatusCode.ERROR, message: failed.reason });
  }
  span.end();
}
