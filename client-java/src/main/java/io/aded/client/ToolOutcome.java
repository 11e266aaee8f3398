package io.aded.client;

/**
 * A call of a tool, and what it gave.
 *
 * @param call what the model wanted called
 * @param result what it was told
 * @param isError whether the call failed: there is no such tool, its arguments did not fit, or its function threw
 */
public record ToolOutcome(Message.ToolCall call, String result, boolean isError) {
    Message.ToolResult told() {
        return new Message.ToolResult(call.id(), call.name(), result, isError);
    }
}
