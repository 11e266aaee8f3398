import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { inspect } from "node:util";
import { create, fromJson, toBinary, type JsonValue } from "@bufbuild/protobuf";
import { AnySchema, durationFromMs } from "@bufbuild/protobuf/wkt";
import { createRegistry } from "@bufbuild/protobuf";
import { Metadata, status } from "@grpc/grpc-js";
import { context, trace } from "@opentelemetry/api";
import { z } from "zod";
import {
  AdedError,
  assistant,
  BadAnswerError,
  CancelledError,
  DeadlineExceededError,
  tool,
  UnavailableError,
  WrongCallError,
  type AnswerEvent,
  type ErrorKind,
} from "../src/index.js";
import { decode, failure } from "../src/errors.js";
import { FinishReason } from "../src/gen/aded/v1/answer_pb.js";
import { GenerateResponseSchema, type ConverseRequest } from "../src/gen/aded/v1/inference_service_pb.js";
import { ConverseResponseSchema } from "../src/gen/aded/v1/inference_service_pb.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, StatusSchema } from "../src/gen/google/rpc/details_pb.js";
import { pauseBefore } from "../src/retry.js";
import { delta, echo, ended, failing, Fake, finished, grown, opened, saying, type Answering, type Talking } from "./fake.js";

/** What a promise was rejected with. */
async function failed(promise: Promise<unknown>): Promise<AdedError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof AdedError, String(error));
    return error;
  }
  return assert.fail("it did not fail");
}

interface ErrorVector {
  name: string;
  code: keyof typeof status;
  message: string;
  details: JsonValue[];
  expect: { kind: ErrorKind; reason: string; violations: unknown[]; retry_after_seconds: number | null };
}

interface AnswerVector {
  name: string;
  responses: JsonValue[];
  failure?: ErrorKind;
  answer?: Record<string, unknown>;
}

function vectors<T>(name: string): T[] {
  const path = new URL(`../../../proto/vectors/${name}`, import.meta.url);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as T[]) : [];
}

for (const vector of vectors<ErrorVector>("errors.json")) {
  test(`decode: ${vector.name}`, () => {
    const registry = createRegistry(ErrorInfoSchema, BadRequestSchema, RetryInfoSchema);
    const known = vector.details.filter((detail) => !(detail as { "@type": string })["@type"].endsWith("QuotaFailure"));
    const details = known.map((detail) => fromJson(AnySchema, detail, { registry }));
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, create(StatusSchema, { details }))));
    const got = decode(Object.assign(new Error(), { code: status[vector.code], details: vector.message, metadata }));
    const { kind, reason, violations, retry_after_seconds } = vector.expect;
    assert.equal(got.kind, kind);
    assert.equal(got.constructor, failure(kind, { reason: "", message: "" }).constructor);
    assert.equal(got.reason, reason);
    assert.equal(got.code, vector.code);
    assert.deepEqual(got.violations, violations);
    assert.equal(got.retryAfterMs, retry_after_seconds === null ? undefined : retry_after_seconds * 1000);
  });
}

for (const vector of vectors<AnswerVector>("answers.json")) {
  test(`answer: ${vector.name}`, async () => {
    await using fake = await new Fake({
      generate: (to: Answering) => {
        vector.responses.forEach((response) => to.write(fromJson(GenerateResponseSchema, response)));
        to.end();
      },
    }).listen();
    const answer = fake.client().chat("Hello");
    if (vector.answer === undefined) {
      assert.equal((await failed(answer)).kind, vector.failure);
      return;
    }
    const { text, tokens, reasoning, toolCalls, finished: end } = await answer;
    assert.ok(end !== undefined);
    const told = {
      text,
      tokens,
      reasoning,
      tool_calls: toolCalls,
      reason: end.reason,
      prompt_tokens: end.usage.promptTokens,
      cached_prompt_tokens: end.usage.cachedPromptTokens ?? null,
      completion_tokens: end.usage.completionTokens,
      total_seconds: end.usage.totalTimeMs / 1000,
      seed: end.seed,
      mean_acceptance_length: end.speculation.meanAcceptanceLength,
    };
    assert.deepEqual(told, vector.answer);
  });
}

test("stream: events come in order, the last is finished", async () => {
  await using fake = await new Fake(saying("a", "b")).listen();
  const seen: string[] = [];
  for await (const event of fake.client().stream("Hello")) {
    seen.push(event.type === "delta" ? event.text : event.type);
  }
  assert.deepEqual(seen, ["a", "b", "finished"]);
});

test("chat: what had come before the time was up is kept", async () => {
  await using fake = await new Fake({ generate: (to: Answering) => void to.write(delta("half")) }).listen();
  const error = await failed(fake.client().chat("Hello", { timeoutMs: 1500 }));
  assert.ok(error instanceof DeadlineExceededError);
  assert.equal(error.reason, "CLIENT_TIMEOUT");
  assert.equal(error.text, "half");
});

test("error: what is printed of one is what there is to know, without its cause", async () => {
  await using fake = await new Fake({ generate: (to: Answering) => to.emit("error", failing(status.UNIMPLEMENTED, "NOT_SERVED")) }).listen();
  const printed = inspect(await failed(fake.client().chat("Hello")));
  assert.match(printed, /^UnsupportedError: /);
  assert.match(printed, /kind: 'UNSUPPORTED', reason: 'NOT_SERVED', code: 'UNIMPLEMENTED' }$/);
  assert.doesNotMatch(printed, /metadata|cause/);
});

test("stream: leaving the loop ends the call", async () => {
  let gone: () => void = () => undefined;
  const cancelled = new Promise<void>((resolve) => (gone = resolve));
  await using fake = await new Fake({
    generate: (to: Answering) => {
      to.on("cancelled", gone);
      to.write(delta("a"));
    },
  }).listen();
  for await (const _ of fake.client().stream("Hello")) {
    break;
  }
  await cancelled;
});

test("stream: an aborted signal is a cancelled answer, with what had come", async () => {
  await using fake = await new Fake({ generate: (to: Answering) => void to.write(delta("a")) }).listen();
  const controller = new AbortController();
  const stream = fake.client().stream("Hello", { signal: controller.signal });
  const error = await failed(
    (async () => {
      for await (const _ of stream) {
        controller.abort(new Error("enough"));
      }
    })(),
  );
  assert.ok(error instanceof CancelledError);
  assert.equal(error.reason, "CLIENT_CANCELLED");
  assert.equal(error.text, "a");
  assert.equal((error.cause as Error).message, "enough");
  assert.ok((await failed(fake.client().chat("Hello", { signal: controller.signal }))) instanceof CancelledError);
});

test("retry: before the first event, by reason", async () => {
  for (const [code, reason, calls] of [
    [status.UNAVAILABLE, "MODEL_LOADING", 3],
    [status.UNAVAILABLE, "", 3],
    [status.RESOURCE_EXHAUSTED, "QUEUE_FULL", 3],
    [status.RESOURCE_EXHAUSTED, "QUEUE_WAIT", 3],
    [status.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE", 1],
    [status.INTERNAL, "", 1],
  ] as const) {
    await using fake = await new Fake({
      generate: (to: Answering, call: number) => (call < 3 ? to.emit("error", failing(code, reason)) : saying("ok").generate(to)),
    }).listen();
    const text = await fake.client().chat("Hello").then(
      (answer) => answer.text,
      (error: unknown) => (error as AdedError).reason,
    );
    assert.equal(fake.calls, calls, reason);
    assert.equal(text, calls === 3 ? "ok" : reason);
  }
});

test("retry: not after the first event", async () => {
  await using fake = await new Fake({
    generate: (to: Answering) => {
      to.write(delta("a"));
      to.emit("error", failing(status.UNAVAILABLE, "DRAINING"));
    },
  }).listen();
  const error = await failed(fake.client().chat("Hello"));
  assert.ok(error instanceof UnavailableError);
  assert.equal(error.text, "a");
  assert.equal(fake.calls, 1);
});

test("pauseBefore: doubles, honours the server, and ends with the policy or the time", () => {
  const policy = { attempts: 9, initialMs: 100, maxMs: 300 };
  const loading = failure("UNAVAILABLE", { reason: "", message: "" });
  const asked = failure("UNAVAILABLE", { reason: "", message: "", retryAfterMs: 1000 });
  assert.equal(pauseBefore(policy, 1, loading, undefined, 0.5), 100);
  assert.equal(pauseBefore(policy, 2, loading, undefined, 0.5), 200);
  assert.equal(pauseBefore(policy, 8, loading, undefined, 0.5), 300);
  assert.equal(pauseBefore(policy, 1, loading, undefined, 0), 80);
  assert.equal(pauseBefore(policy, 1, asked, undefined, 0.5), 1000);
  assert.equal(pauseBefore(policy, 9, loading, undefined, 0.5), undefined);
  assert.equal(pauseBefore(policy, 1, asked, Date.now() + 500, 0.5), undefined);
});

test("stream: what is not read stays with the server", async () => {
  let sent = 0;
  const text = "x".repeat(1000);
  await using fake = await new Fake({
    generate: (to: Answering) => {
      const write = () => {
        while (sent < 20_000) {
          sent++;
          if (!to.write(delta(text))) {
            to.once("drain", write);
            return;
          }
        }
        to.write(finished());
        to.end();
      };
      write();
    },
  }).listen();
  for await (const _ of fake.client().stream("Hello")) {
    for (let before = -1; before !== sent; await sleep(50)) {
      before = sent;
    }
    assert.ok(sent < 1000, `${sent} messages were sent to a reader that read one`);
    break;
  }
});

test("metadata: every call says who calls, and in which trace", async () => {
  await using fake = await new Fake(saying("a")).listen();
  const client = fake.client({ clientId: "me", token: () => Promise.resolve("secret"), metadata: { "x-team": "blue" } });
  const parent = trace.wrapSpanContext({ traceId: "01".repeat(16), spanId: "02".repeat(8), traceFlags: 1 });
  // Without a context manager nothing is active, so the caller's span is given by hand.
  const active = context.active.bind(context);
  context.active = () => trace.setSpan(active(), parent);
  try {
    await client.chat("Hello");
  } finally {
    context.active = active;
  }
  const one = (name: string) => fake.last.get(name)[0];
  assert.equal(one("aded-client-id"), "me");
  assert.match(String(one("aded-client-version")), /^aded-node\/\d/);
  assert.equal(one("authorization"), "Bearer secret");
  assert.equal(one("x-team"), "blue");
  assert.equal(one("traceparent"), `00-${"01".repeat(16)}-${"02".repeat(8)}-01`);
});

test("version: another release is said once", async () => {
  for (const [version, warnings] of [
    ["0.1.9-SNAPSHOT", 0],
    ["0.2.0", 1],
  ] as const) {
    await using fake = await new Fake({ ...saying("a"), version }).listen();
    const said: string[] = [];
    const client = fake.client({ warn: (message) => said.push(message) });
    await client.chat("Hello");
    await client.chat("Hello");
    assert.equal(said.length, warnings);
  }
});

test("unix socket", async (context) => {
  const directory = mkdtempSync(join(tmpdir(), "aded-"));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  const target = `unix:${join(directory, "s")}`;
  await using fake = await new Fake(saying("local")).listen(target);
  assert.equal((await fake.client({}, target).chat("Hello")).text, "local");
});

test("waitReady: a server without health is unsupported, none at all is late", async () => {
  await using fake = await new Fake({}).listen();
  assert.equal((await failed(fake.client().waitReady(5000))).kind, "UNSUPPORTED");
  assert.equal((await failed(fake.client({}, "unix:/nonexistent/aded").waitReady(200))).kind, "DEADLINE_EXCEEDED");
});

test("conversation: turn by turn", async () => {
  await using fake = await new Fake({ converse: echo }).listen();
  await using conversation = await fake.client().converse({ id: "c" });
  assert.equal(conversation.info.model, "fake");
  for (const prompt of ["one", "two", "three"]) {
    assert.equal((await conversation.chat(prompt)).text, prompt);
  }
  assert.equal(fake.calls, 1);
});

test("conversation: asking while an answer runs is a wrong call, and unharmful", async () => {
  await using fake = await new Fake({ converse: echo }).listen();
  await using conversation = await fake.client().converse();
  const first = conversation.ask("wait");
  const error = await failed(conversation.chat("x"));
  assert.ok(error instanceof WrongCallError);
  assert.equal(error.reason, "TURN_RUNNING");
  first.cancel();
  assert.equal((await first.answer()).text, "wlate");
});

test("conversation: a turn's time limit, abort, cancel and leaving the loop leave it as it is", async () => {
  await using fake = await new Fake({ converse: echo }).listen();
  await using conversation = await fake.client().converse({ defaults: { timeoutMs: 300 } });
  const late = await failed(conversation.chat("wait"));
  assert.equal(late.reason, "CLIENT_TIMEOUT");
  assert.equal(late.text, "w");
  const controller = new AbortController();
  const aborted = conversation.ask("wait", { signal: controller.signal, timeoutMs: 9000 });
  for await (const _ of aborted) {
    break;
  }
  assert.equal((await conversation.chat("next")).text, "next");
  const stream = conversation.ask("wait", { timeoutMs: 9000 });
  const events: AnswerEvent[] = [];
  for await (const event of stream) {
    events.push(event);
    if (events.length === 1) {
      stream.cancel();
    }
  }
  assert.equal(stream.partial.text, "wlate");
  assert.equal(stream.partial.finished?.reason, "CANCELLED");
  assert.equal((await conversation.chat("last")).text, "last");
  assert.equal(fake.calls, 1);
});

test("conversation: a failed turn ends it", async () => {
  await using fake = await new Fake({ converse: echo }).listen();
  await using conversation = await fake.client().converse();
  assert.equal((await failed(conversation.chat("fail"))).reason, "BROKEN");
  assert.equal((await failed(conversation.chat("x"))).reason, "BROKEN");
});

test("conversation: a first turn that was refused is tried in a new one, with its updates", async () => {
  let updates = 0;
  await using fake = await new Fake({
    converse: (with_: Talking, call: number) => {
      if (call === 1) {
        with_.emit("error", failing(status.UNAVAILABLE, "MODEL_LOADING"));
        return;
      }
      with_.on("data", ({ event }: ConverseRequest) => {
        updates += Number(event.case === "update");
        if (event.case === "turn" && call === 2) {
          with_.emit("error", failing(status.RESOURCE_EXHAUSTED, "QUEUE_FULL"));
        }
      });
      if (call === 2) {
        with_.write(opened());
      } else {
        echo(with_);
      }
    },
  }).listen();
  await using conversation = await fake.client().converse();
  conversation.update({ maxTokens: 5 });
  assert.equal((await conversation.chat("hello")).text, "hello");
  assert.equal(fake.calls, 3);
  assert.equal(updates, 2);
});

test("conversation: a later turn that was refused is tried if the conversation is kept", async () => {
  for (const kept of [true, false]) {
    await using fake = await new Fake({
      converse: (with_: Talking, call: number) => {
        let turns = 0;
        with_.on("data", ({ event }: ConverseRequest) => {
          if (event.case === "open") {
            with_.write(opened({ resumed: event.value.requireResume, ...(kept && { retention: durationFromMs(60_000) }) }));
          } else if (event.case === "turn" && (call > 1 || ++turns === 1)) {
            with_.write(grown(String(call)));
            with_.write(ended());
          } else {
            with_.emit("error", failing(status.RESOURCE_EXHAUSTED, "QUEUE_WAIT"));
          }
        });
        with_.on("end", () => with_.end());
      },
    }).listen();
    await using conversation = await fake.client().converse({ id: "c" });
    await conversation.chat("first");
    if (kept) {
      assert.equal((await conversation.chat("second")).text, "2");
      assert.equal(conversation.info.resumed, true);
    } else {
      assert.equal((await failed(conversation.chat("second"))).reason, "QUEUE_WAIT");
    }
  }
});

test("conversation: one that is not opened in time", async () => {
  await using fake = await new Fake({ converse: () => undefined }).listen();
  assert.equal((await failed(fake.client().converse({ openTimeoutMs: 100 }))).reason, "CLIENT_TIMEOUT");
});

test("update: with a reset, what changes is named", async () => {
  let told: (paths: string[]) => void = () => undefined;
  const paths = new Promise<string[]>((resolve) => (told = resolve));
  await using fake = await new Fake({
    converse: (with_: Talking) => {
      with_.write(opened());
      with_.on("data", ({ event }: ConverseRequest) => {
        if (event.case === "update") {
          told(event.value.updateMask?.paths ?? []);
        }
      });
      with_.on("end", () => with_.end());
    },
  }).listen();
  await using conversation = await fake.client().converse();
  conversation.update({ reset: ["constraint"], sampling: { temperature: 0 }, maxTokens: 9, draft: "off" });
  assert.deepEqual((await paths).sort(), ["constraint", "draft.mode", "max_tokens", "sampling.temperature"]);
});

test("parse: a schema of zod's, and an answer that was cut short", async () => {
  const texts = ['{"city": "Rome", "rivers": ["Tiber"]}', '{"city": "Ro', '{"city": 7, "rivers": []}'];
  let schema: string | undefined;
  await using fake = await new Fake({
    generate: (to: Answering, call: number) => {
      schema = to.request.options?.constraint?.kind.value as string;
      to.write(delta(String(texts[call - 1])));
      const reason = call === 2 ? FinishReason.LENGTH : FinishReason.STOP;
      to.write(create(GenerateResponseSchema, { event: { case: "finished", value: { reason } } }));
      to.end();
    },
  }).listen();
  const Place = z.object({ city: z.string().describe("where it is"), rivers: z.array(z.string()), inhabitants: z.int().optional() });
  const client = fake.client();
  const { value } = await client.parse(Place, "Where is the Colosseum?");
  const city: string = value.city; // the type is the schema's
  assert.equal(city, "Rome");
  assert.deepEqual(JSON.parse(String(schema)), {
    type: "object",
    properties: {
      city: { type: "string", description: "where it is" },
      rivers: { type: "array", items: { type: "string" } },
      inhabitants: { type: "integer" },
    },
    required: ["city", "rivers"],
    additionalProperties: false,
  });
  const cut = await failed(client.parse(Place, "Again"));
  assert.ok(cut instanceof BadAnswerError);
  assert.equal(cut.reason, "CUT_SHORT");
  assert.equal(cut.text, '{"city": "Ro');
  assert.equal((await failed(client.parse(Place, "Again"))).reason, "NOT_OF_TYPE");
});

test("runTools: calls and results go back and forth", async () => {
  await using fake = await new Fake({
    converse: (with_: Talking) => {
      with_.on("data", ({ event }: ConverseRequest) => {
        if (event.case === "open") {
          with_.write(opened());
        } else if (event.case === "turn" && event.value.input.case === "prompt") {
          for (const [index, args] of ['{"a": 6, "b": 2}', '{"a": 1, "b": 0}', '{"a": "x"}'].entries()) {
            const value = { index, id: String(index), name: "divide", arguments: args };
            with_.write(create(ConverseResponseSchema, { event: { case: "toolCallDelta", value } }));
          }
          with_.write(ended(FinishReason.TOOL_CALLS));
        } else if (event.case === "turn" && event.value.input.case === "chat") {
          for (const { part } of event.value.input.value.messages[0]?.parts ?? []) {
            with_.write(grown(part.case === "toolResult" ? `${part.value.content.slice(0, 8)};` : "?"));
          }
          with_.write(ended());
        }
      });
      with_.on("end", () => with_.end());
    },
  }).listen();
  const divide = tool({
    name: "divide",
    description: "Divides.",
    parameters: z.object({ a: z.number(), b: z.number() }),
    run: ({ a, b }) => {
      if (b === 0) {
        throw new Error("division by zero");
      }
      return a / b;
    },
  });
  await using conversation = await fake.client().converse();
  const { answer, calls } = await conversation.runTools("Go", { tools: [divide] });
  assert.equal(answer.text, "3;division;the argu;");
  assert.deepEqual(
    calls.map(({ result }) => result.isError ?? false),
    [false, true, true],
  );
  assert.deepEqual(assistant({ ...answer, text: "", reasoning: "hm" }).content, [{ reasoning: "hm" }]);
});
