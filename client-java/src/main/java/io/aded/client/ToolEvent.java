package io.aded.client;

/** What happens in a {@link ToolRun}: answers grow, calls begin and end. */
public sealed interface ToolEvent {

    /**
     * The answer of a round grows, or is complete.
     *
     * @param round from 1
     * @param event what happened
     */
    record Said(int round, AnswerEvent event) implements ToolEvent {}

    /** A function is about to be called. */
    record Calling(Message.ToolCall call) implements ToolEvent {}

    /** A call is over. Calls that ran side by side are told in the order in which the model asked. */
    record Called(ToolOutcome outcome) implements ToolEvent {}
}
