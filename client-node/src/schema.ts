import { failure } from "./errors.js";
import type { Answer } from "./events.js";
import type { AnswerOptions, JsonObject } from "./options.js";
import type { AnswerStream } from "./stream.js";

/**
 * A schema that can be checked and told as a JSON schema: zod's from 4.2 on, or any other that keeps to the Standard JSON
 * Schema (https://standardschema.dev).
 */
export interface Schema<T> {
  /** What the standard asks for. */
  readonly "~standard": {
    /** Checks a value. */
    readonly validate: (value: unknown) => Checked<T> | Promise<Checked<T>>;
    /** Tells the schema of what is checked. */
    readonly jsonSchema: {
      /** The JSON schema of what goes in. */
      readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
    };
    /** The types, for the compiler. */
    readonly types?:
      | {
          /** Of what is checked. */
          readonly input: unknown;
          /** Of what the check gives. */
          readonly output: T;
        }
      | undefined;
  };
}

/** What a schema says of a value. */
export type Checked<T> =
  | {
      /** The value, of the schema's type. */
      readonly value: T;
      /** None. */
      readonly issues?: undefined;
    }
  | {
      /** What is wrong, at least one. */
      readonly issues: readonly Issue[];
    };

/** What a schema finds wrong with a value. */
export interface Issue {
  /** What is wrong, for people. */
  readonly message: string;
}

/** A value and the answer that it was. */
export interface Parsed<T> {
  /** The value. */
  readonly value: T;
  /** The answer. */
  readonly answer: Answer;
}

/** The JSON schema of a schema, as it is sent. */
export function jsonSchemaOf(schema: Schema<unknown>): JsonObject {
  const { $schema: _, ...told } = schema["~standard"].jsonSchema.input({ target: "draft-2020-12" });
  return tidy(told) as JsonObject;
}

/** Closes objects, which zod leaves open and a model would fill, and drops the bounds of safe integers. */
function tidy(node: unknown): unknown {
  if (Array.isArray(node)) {
    return node.map(tidy);
  }
  if (typeof node !== "object" || node === null) {
    return node;
  }
  const tidied: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    const safe = (key === "minimum" && value === Number.MIN_SAFE_INTEGER) || (key === "maximum" && value === Number.MAX_SAFE_INTEGER);
    if (!safe) {
      tidied[key] = key === "properties" || key === "$defs" ? mapped(value) : key === "enum" || key === "const" ? value : tidy(value);
    }
  }
  if (tidied["type"] === "object" && tidied["properties"] !== undefined && tidied["additionalProperties"] === undefined) {
    tidied["additionalProperties"] = false;
  }
  return tidied;
}

function mapped(value: unknown): unknown {
  return Object.fromEntries(Object.entries(value as object).map(([name, inner]) => [name, tidy(inner)]));
}

/** @internal */
export async function parseWith<T>(schema: Schema<T>, options: AnswerOptions, ask: (options: AnswerOptions) => AnswerStream): Promise<Parsed<T>> {
  const answer = await ask({ ...options, constraint: { jsonSchema: jsonSchemaOf(schema) } }).answer();
  const reason = answer.finished?.reason;
  let wrong: string;
  try {
    const checked = await schema["~standard"].validate(JSON.parse(answer.text));
    if (checked.issues === undefined) {
      return { value: checked.value, answer };
    }
    wrong = checked.issues.map((issue) => issue.message).join("; ");
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
    wrong = error.message;
  }
  const cut = reason !== "STOP";
  const message = cut ? `the answer was cut short (${String(reason)})` : `the answer is not of the type: ${wrong}`;
  throw failure("BAD_ANSWER", { reason: cut ? "CUT_SHORT" : "NOT_OF_TYPE", message, partial: answer });
}
