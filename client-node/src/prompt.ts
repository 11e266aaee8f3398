import { create } from "@bufbuild/protobuf";
import { ChatSchema, type Chat, type ContentPart as WirePart } from "./gen/aded/v1/chat_pb.js";
import { ContentPartSchema } from "./gen/aded/v1/chat_pb.js";
import { TokenIdsSchema, type TokenIds } from "./gen/aded/v1/inference_service_pb.js";
import type { Answer } from "./events.js";

/**
 * What an answer starts from: a text is one message of the user; messages go through the model's chat template; raw text and
 * token ids are continued as they are. In a conversation every kind continues what was said before.
 */
export type Prompt =
  | string
  | readonly Message[]
  | {
      /** The conversation so far, oldest first. */
      readonly messages: readonly Message[];
    }
  | {
      /** What to continue, without the chat template. */
      readonly text: string;
    }
  | {
      /** What to continue, as the model's own token ids. */
      readonly tokens: readonly number[];
    };

/** One message of a conversation. */
export interface Message {
  /** `system`, `user`, `assistant`, `tool`, or what else the model's chat template knows. */
  readonly role: string;
  /** A text, or the parts that it consists of, in order. Control tokens written out in a text stay text. */
  readonly content: string | readonly Part[];
}

/** A part of a message. */
export type Part =
  | {
      /** What is said. */
      readonly text: string;
    }
  | {
      /** What the model thought before an answer or a tool call. Only in messages of the assistant. */
      readonly reasoning: string;
    }
  | {
      /** A call that the model wants made. Only in messages of the assistant. */
      readonly toolCall: ToolCall;
    }
  | {
      /** What a call gave. Only in messages of the role `tool`. */
      readonly toolResult: ToolResult;
    };

/** A call that the model wants made. */
export interface ToolCall {
  /** Identifies the call within the conversation. */
  readonly id: string;
  /** The tool. */
  readonly name: string;
  /** A JSON object, as JSON text. */
  readonly arguments: string;
}

/** What a call gave. */
export interface ToolResult {
  /** `id` of the call. */
  readonly toolCallId: string;
  /** The tool's name; empty takes it from the call. */
  readonly name?: string;
  /** The result, as text; often JSON. */
  readonly content: string;
  /** Whether the call failed. `content` should say so too. */
  readonly isError?: boolean;
}

/** A whole answer as a message of the assistant: its reasoning, text and tool calls. */
export function assistant(answer: Answer): Message {
  const parts: Part[] = [];
  if (answer.reasoning !== "") {
    parts.push({ reasoning: answer.reasoning });
  }
  if (answer.text !== "" || parts.length + answer.toolCalls.length === 0) {
    parts.push({ text: answer.text });
  }
  for (const toolCall of answer.toolCalls) {
    parts.push({ toolCall });
  }
  return { role: "assistant", content: parts };
}

/** The oneof `input` of requests. @internal */
export type Input =
  | { case: "prompt"; value: string }
  | { case: "chat"; value: Chat }
  | { case: "text"; value: string }
  | { case: "tokens"; value: TokenIds };

/** @internal */
export function inputOf(prompt: Prompt): Input {
  if (typeof prompt === "string") {
    return { case: "prompt", value: prompt };
  }
  if ("text" in prompt) {
    return { case: "text", value: prompt.text };
  }
  if ("tokens" in prompt) {
    return { case: "tokens", value: create(TokenIdsSchema, { ids: [...prompt.tokens] }) };
  }
  return { case: "chat", value: chatOf("messages" in prompt ? prompt.messages : prompt) };
}

function chatOf(messages: readonly Message[]): Chat {
  return create(ChatSchema, {
    messages: messages.map(({ role, content }) =>
      // The plain field where there is but text: every server takes it, while parts are optional.
      typeof content === "string"
        ? { role, content }
        : content.every((part) => "text" in part)
          ? { role, content: content.map((part) => part.text).join("") }
          : { role, parts: content.map(partOf) },
    ),
  });
}

function partOf(part: Part): WirePart {
  if ("text" in part) {
    return create(ContentPartSchema, { part: { case: "text", value: part.text } });
  }
  if ("reasoning" in part) {
    return create(ContentPartSchema, { part: { case: "reasoning", value: part.reasoning } });
  }
  if ("toolCall" in part) {
    return create(ContentPartSchema, { part: { case: "toolCall", value: part.toolCall } });
  }
  return create(ContentPartSchema, { part: { case: "toolResult", value: part.toolResult } });
}
