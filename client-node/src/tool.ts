import { failure } from "./errors.js";
import type { Answer } from "./events.js";
import type { Prompt, ToolCall, ToolResult } from "./prompt.js";
import { jsonSchemaOf, type Schema } from "./schema.js";
import type { AnswerStream } from "./stream.js";

/** A function that the model may call; see {@link tool}. */
export interface Tool {
  /** What the model calls it: 1 to 64 characters of `A-Z a-z 0-9 _ -`. */
  readonly name: string;
  /** What it does and when to use it, for the model to read. */
  readonly description: string;
  /** A JSON schema of its arguments, as JSON text; empty if it takes none. */
  readonly parameters: string;
  /** Whether arguments are kept valid under `parameters`; the server's default (true) unless said. */
  readonly strict?: boolean | undefined;
  /** Carries a call out: its arguments as JSON text, its result as text. Without one the caller does it. */
  readonly call?: ((args: string, signal?: AbortSignal) => Promise<string>) | undefined;
}

/**
 * Makes a tool of a function. Its arguments are checked by the schema before it is called. A result that is a text is sent as
 * it is, any other as JSON; what it throws is told to the model, by its message.
 */
export function tool<T>(definition: {
  /** What the model calls it: 1 to 64 characters of `A-Z a-z 0-9 _ -`. */
  readonly name: string;
  /** What it does and when to use it. */
  readonly description: string;
  /** The arguments, an object, such as `z.object({ city: z.string() })`. */
  readonly parameters: Schema<T>;
  /** Whether the server keeps arguments valid; its default (true) unless said. */
  readonly strict?: boolean;
  /** The function. */
  readonly run: (args: T, signal?: AbortSignal) => unknown;
}): Tool {
  const { name, description, parameters, strict, run } = definition;
  return {
    name,
    description,
    parameters: JSON.stringify(jsonSchemaOf(parameters)),
    strict,
    call: async (args, signal) => {
      const checked = await parameters["~standard"].validate(JSON.parse(args === "" ? "{}" : args));
      if (checked.issues !== undefined) {
        throw new TypeError(`the arguments are not as they were declared: ${checked.issues.map((issue) => issue.message).join("; ")}`);
      }
      const result = await run(checked.value, signal);
      return typeof result === "string" ? result : JSON.stringify(result ?? null);
    },
  };
}

/** A call that was carried out. */
export interface CalledTool {
  /** What the model wanted. */
  readonly call: ToolCall;
  /** What the model was told. */
  readonly result: ToolResult;
}

/** What came of tools. */
export interface ToolRun {
  /** The last answer. */
  readonly answer: Answer;
  /** All calls that were made. */
  readonly calls: readonly CalledTool[];
}

/** @internal */
export async function runTools(
  ask: (prompt: Prompt) => AnswerStream,
  prompt: Prompt,
  tools: readonly Tool[],
  maxRounds: number,
  signal: AbortSignal | undefined,
): Promise<ToolRun> {
  const calls: CalledTool[] = [];
  let next = prompt;
  for (let round = 0; ; round++) {
    const answer = await ask(next).answer();
    if (answer.finished?.reason !== "TOOL_CALLS") {
      return { answer, calls };
    }
    if (round >= maxRounds) {
      const message = `the model still calls tools after ${round} rounds`;
      throw failure("FAILED_PRECONDITION", { reason: "TOOL_ROUNDS", message, partial: answer });
    }
    const results: ToolResult[] = [];
    for (const call of answer.toolCalls) {
      const result = await carryOut(tools, call, signal);
      calls.push({ call, result });
      results.push(result);
    }
    next = [{ role: "tool", content: results.map((toolResult) => ({ toolResult })) }];
  }
}

async function carryOut(tools: readonly Tool[], call: ToolCall, signal: AbortSignal | undefined): Promise<ToolResult> {
  const { id: toolCallId, name } = call;
  const found = tools.find((one) => one.name === name)?.call;
  try {
    if (found === undefined) {
      throw new Error(`there is no tool ${name}`);
    }
    return { toolCallId, name, content: await found(call.arguments, signal) };
  } catch (error) {
    return { toolCallId, name, content: error instanceof Error ? error.message : String(error), isError: true };
  }
}
