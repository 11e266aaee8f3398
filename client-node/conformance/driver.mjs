// The driver by which ../../conformance tries this client: it reads vectors, does what they say, and prints what it saw.
import { createInterface } from "node:readline";
import { context, trace, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { AdedError, Client, tool } from "../dist/index.js";

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
const plain = (fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [camel(name), value]));

function constraintOf(constraint) {
  if ("none" in constraint) return "none";
  if ("json_object" in constraint) return "json";
  return plain(constraint);
}

function optionsOf(step) {
  const { sampling, draft, constraint, prefix_sharing, tools, tool_choice, ...rest } = step.options ?? {};
  const options = plain(rest);
  if (step.reset !== undefined) options.reset = step.reset;
  if (step.do !== "open" && step.timeout_ms !== undefined) options.timeoutMs = step.timeout_ms;
  if (step.model !== undefined) options.model = step.model;
  if (sampling !== undefined) options.sampling = plain(sampling);
  if (draft !== undefined) options.draft = plain(draft);
  if (constraint !== undefined) options.constraint = constraintOf(constraint);
  if (prefix_sharing !== undefined) options.prefixSharing = prefix_sharing.replace("PREFIX_SHARING_", "").toLowerCase();
  if (tools !== undefined) options.tools = tools;
  if (tool_choice !== undefined) {
    options.toolChoice = tool_choice.tool !== undefined ? tool_choice : tool_choice.mode.replace("TOOL_CHOICE_MODE_", "").toLowerCase();
  }
  return options;
}

function promptOf(step) {
  if (step.prompt_repeat !== undefined) return step.prompt_repeat[0].repeat(step.prompt_repeat[1]);
  if (step.messages !== undefined) return { messages: step.messages };
  if (step.text !== undefined) return { text: step.text };
  if (step.tokens !== undefined) return { tokens: step.tokens };
  return step.prompt;
}

// So that a step can have a context; the client's own spans are nobody's.
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

function clientOf({ target, tls, token, client_id, retry }, warnings) {
  const options = { token, clientId: client_id, warn: (message) => warnings.push(message) };
  if (tls !== undefined) options.tls = { authorities: tls.ca, certificate: tls.cert, key: tls.key };
  if (retry !== undefined) {
    options.retry = {
      ...(retry.attempts !== undefined && { attempts: retry.attempts }),
      ...(retry.initial_ms !== undefined && { initialMs: retry.initial_ms }),
    };
  }
  return new Client(target, options);
}

const logProbabilities = (all) =>
  all.length === 0
    ? {}
    : {
        log_probabilities: all.map(({ token, text, logProbability, alternatives }) => ({
          token,
          text,
          log_probability: logProbability,
          alternatives: alternatives.map((other) => ({ token: other.token, text: other.text, log_probability: other.logProbability })),
        })),
      };

function finishedOf({ reason, seed, usage, speculation }) {
  return {
    reason,
    seed,
    usage: {
      prompt_tokens: usage.promptTokens,
      cached_prompt_tokens: usage.cachedPromptTokens ?? null,
      completion_tokens: usage.completionTokens,
      reasoning_tokens: usage.reasoningTokens,
      total_seconds: usage.totalTimeMs / 1000,
    },
    speculation: {
      num_spec_steps: speculation.numSpecSteps,
      num_steps: speculation.numSteps,
      num_draft_tokens: speculation.numDraftTokens,
      num_accepted_draft_tokens: speculation.numAcceptedDraftTokens,
      mean_acceptance_length: speculation.meanAcceptanceLength,
      draft_acceptance_rate: speculation.draftAcceptanceRate,
      acceptance_histogram: speculation.acceptanceHistogram,
      num_accepted_tokens_per_pos: speculation.numAcceptedTokensPerPos,
    },
  };
}

/** Fields by their names in the proto, times in seconds. */
function asInProto(of) {
  const said = {};
  for (const [name, value] of Object.entries(of)) {
    if (name === "timeMs") {
      said.seconds = value / 1000;
    } else {
      said[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
    }
  }
  return said;
}

function eventOf(event) {
  switch (event.type) {
    case "delta":
    case "reasoning":
      return { event: event.type, text: event.text, tokens: event.tokens, ...logProbabilities(event.logProbabilities) };
    case "tool_call": {
      const { index, id, name, tokens } = event;
      return { event: "tool_call", index, id, name, arguments: event.arguments, tokens };
    }
    case "round":
      return {
        event: "round",
        index: event.index,
        drafter: event.drafter,
        nodes: event.nodes,
        emitted_tokens: event.emittedTokens,
        arm: event.arm,
        arm_reason: event.armReason,
      };
    case "finished":
      return { event: "finished", ...finishedOf(event) };
  }
}

function answerOf(answer) {
  return {
    text: answer.text,
    tokens: answer.tokens,
    reasoning: answer.reasoning,
    tool_calls: answer.toolCalls,
    ...logProbabilities(answer.logProbabilities),
    ...(answer.finished !== undefined && finishedOf(answer.finished)),
  };
}

function errorOf(error) {
  if (!(error instanceof AdedError)) return { kind: error?.kind ?? "NOT_OURS", message: error?.stack ?? String(error) };
  return {
    kind: error.kind,
    code: error.code,
    reason: error.reason,
    message: error.message,
    violations: error.violations,
    retry_after_seconds: error.retryAfterMs === undefined ? null : error.retryAfterMs / 1000,
    text: error.text,
  };
}

const City = z.object({ name: z.string(), population: z.int(), rivers: z.array(z.string()) });

const TOOLS = [
  tool({
    name: "weather",
    description: "The weather in a city.",
    parameters: z.object({ city: z.string() }),
    run: ({ city }) => ({ city, celsius: 21 }),
  }),
  tool({
    name: "divide",
    description: "Divides a by b.",
    parameters: z.object({ a: z.int(), b: z.int() }),
    run: ({ a, b }) => {
      if (b === 0) throw new Error("division by zero");
      return a / b;
    },
  }),
];

async function answer(step, index, stream, conversation) {
  if (step.do === "chat" || step.whole === true) return answerOf(await stream.answer());
  if (step.cancel_after === 0) stream.cancel();
  const timer = step.cancel_after_ms === undefined ? undefined : setTimeout(() => stream.cancel(), step.cancel_after_ms);
  let count = 0;
  let meanwhile;
  try {
    for await (const event of stream) {
      print({ step: index, ...eventOf(event) });
      count++;
      if (count === step.cancel_after) stream.cancel();
      if (count === 1 && step.ask_meanwhile === true) {
        meanwhile = await conversation.chat("meanwhile").then(() => undefined, errorOf);
      }
      if (count === step.close_conversation_after) void conversation.close();
      if (count === step.close_after) return null;
      if (step.pause_ms !== undefined && count === (step.pause_after ?? 1)) await sleep(step.pause_ms);
    }
  } finally {
    clearTimeout(timer);
  }
  return { ...answerOf(stream.partial), ...(meanwhile !== undefined && { meanwhile }) };
}

async function open(step, client, conversations) {
  const conversation = await client.converse({
    id: step.conversation_id,
    requireResume: step.require_resume,
    retentionMs: step.retention_ms,
    model: step.model,
    openTimeoutMs: step.timeout_ms,
    defaults: optionsOf(step),
  });
  conversations.set(step.name ?? "c", conversation);
  const { id, resumed, historyTokens, model, contextTokens } = conversation.info;
  return { conversation_id: id, resumed, history_tokens: historyTokens, model, context_tokens: contextTokens };
}

async function tools(step, client) {
  const conversation = await client.converse({ defaults: { tools: TOOLS } });
  try {
    const { answer: last, calls } = await conversation.runTools(promptOf(step));
    return {
      ...answerOf(last),
      calls: calls.map(({ call, result }) => ({
        name: call.name,
        arguments: JSON.parse(call.arguments),
        result: result.content,
        is_error: result.isError ?? false,
      })),
    };
  } finally {
    await conversation.close();
  }
}

/** The context that a step's calls are made in. */
function contextOf({ trace: told }) {
  if (told === undefined) return context.active();
  const span = { traceId: told.trace, spanId: told.span, traceFlags: TraceFlags.SAMPLED, isRemote: true };
  return trace.setSpanContext(context.active(), span);
}

async function carryOut(step, index, client, conversations) {
  const conversation = conversations.get(step.name ?? "c");
  if (["ask", "update", "close"].includes(step.do) && conversation === undefined) {
    throw Object.assign(new Error("no conversation of this name is open"), { kind: "NOT_OPEN_HERE" });
  }
  switch (step.do) {
    case "chat":
    case "stream":
      return answer(step, index, client.stream(promptOf(step), optionsOf(step)));
    case "open":
      return open(step, client, conversations);
    case "ask":
      return answer(step, index, conversation.ask(promptOf(step), optionsOf(step)), conversation);
    case "update":
      conversation.update(optionsOf(step));
      return null;
    case "close":
      await conversation.close();
      return null;
    case "sleep":
      await sleep(step.ms);
      return null;
    case "typed":
      return { value: (await client.parse(City, promptOf(step))).value };
    case "tools":
      return tools(step, client);
    case "tokenize":
      return { tokens: await client.tokenize(step.text) };
    case "detokenize":
      return { text: await client.detokenize(step.tokens) };
    case "count_tokens": {
      const { tokens, contextTokens } = await client.countTokens(promptOf(step), optionsOf(step));
      return { tokens, context_tokens: contextTokens };
    }
    case "model": {
      const { name, contextTokens, description } = await client.model(step.name ?? "");
      return { name, context_tokens: contextTokens, description };
    }
    case "models":
      return { names: (await client.models()).map((model) => model.name) };
    case "server": {
      const { version, capabilities, drafters, draftModel } = await client.server();
      return { version, capabilities, drafters: drafters.map((drafter) => drafter.name), draft_model: draftModel ? asInProto(draftModel) : null };
    }
    case "draft_statistics": {
      const { totals, arms, draftModel } = await client.draftStatistics(step.conversation_id ?? "");
      return {
        mean_acceptance_length: totals.meanAcceptanceLength,
        num_steps: totals.numSteps,
        arms: arms.map(asInProto),
        draft_model: draftModel ? { ...asInProto(draftModel), model: draftModel.model ? asInProto(draftModel.model) : null } : null,
      };
    }
    case "await_ready":
      await client.waitReady(step.timeout_ms);
      return null;
    default:
      throw new Error(`no such step: ${step.do}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { vector, client: told } = JSON.parse(line);
  const conversations = new Map();
  const warnings = [];
  let client;
  for (const [index, step] of told.steps.entries()) {
    try {
      client ??= clientOf(told.connect, warnings);
      const result = await context.with(contextOf(step), () => carryOut(step, index, client, conversations));
      print({ step: index, result });
    } catch (error) {
      print({ step: index, error: errorOf(error) });
    }
  }
  for (const conversation of conversations.values()) await conversation.close();
  client?.close();
  print({ done: vector, warnings });
}
