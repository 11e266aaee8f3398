package io.aded.client;

import java.util.List;
import java.util.function.Consumer;

/**
 * One question: what is asked, and how it is to be answered. Nothing is sent before one of {@link #stream},
 * {@link #answer}, {@link #as}, {@link #typed} is called, or a run of {@link #tools}; each call of these asks anew.
 *
 * {@snippet :
 * City city = client.chat("Describe Rome.").with(options -> options.maxTokens(200)).as(City.class);
 * }
 *
 * <p>Immutable. Of {@link AdedClient#chat} it is a single answer, of {@link Conversation#chat} the next turn.
 */
public final class Chat {
    /** Where it is asked. */
    interface Asked {
        /** Asks, and gives the answer as it grows. */
        AnswerStream ask(Prompt prompt, AnswerOptions options);

        /** Opens what the rounds of a run of tools are turns of, with the tools offered. */
        ToolRun.Talk talk(AnswerOptions options, List<Tool> tools);
    }

    private final Asked asked;
    private final Prompt prompt;
    private final AnswerOptions options;

    Chat(Asked asked, Prompt prompt, AnswerOptions options) {
        this.asked = asked;
        this.prompt = prompt;
        this.options = options;
    }

    /** The same question, answered so. Replaces what was said before. */
    public Chat with(AnswerOptions replaced) {
        return new Chat(asked, prompt, replaced);
    }

    /** The same question with more said of how: {@code with(options -> options.maxTokens(64))}. */
    public Chat with(Consumer<? super AnswerOptions.Builder> changes) {
        AnswerOptions.Builder builder = options.toBuilder();
        changes.accept(builder);
        return with(builder.build());
    }

    /** Asks, and gives the answer as it grows; it can be read in three ways. */
    public AnswerStream stream() {
        return asked.ask(prompt, options);
    }

    /**
     * Asks, and waits for the whole answer.
     *
     * @throws AdedClientException if it fails, or the waiting thread is interrupted
     */
    public Answer answer() {
        return stream().await();
    }

    /**
     * Asks for a value of a type, which the model is constrained to, and waits for it.
     *
     * @throws AdedClientException if it fails; {@link AdedClientException.BadAnswer} if it was cut short
     * @throws IllegalArgumentException if the type has no JSON schema, see {@link JsonType}
     */
    public <T> T as(Class<T> type) {
        return as(JsonType.of(type));
    }

    /** As {@link #as(Class)}, of a type that was made before. */
    public <T> T as(JsonType<T> type) {
        return typed(type).value();
    }

    /** As {@link #as(Class)}, with the answer that the value was. */
    public <T> Typed<T> typed(Class<T> type) {
        return typed(JsonType.of(type));
    }

    /** As {@link #typed(Class)}, of a type that was made before. */
    public <T> Typed<T> typed(JsonType<T> type) {
        Answer answer = with(more -> more.constraint(type.constraint())).answer();
        return new Typed<>(type.read(answer), answer);
    }

    /**
     * Offers functions to the model. The run calls those that the model wants called and tells it their results,
     * until it answers.
     */
    public ToolRun tools(ToolFunction... functions) {
        return new ToolRun(asked, prompt, options, List.of(functions));
    }
}
