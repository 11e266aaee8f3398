package io.aded.rpc;

import io.aded.v1.Chat;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import java.util.List;

/** Requests that tests start from. */
final class Requests {
    static final Sampling GREEDY =
            Sampling.newBuilder().setTemperature(0).setSeed(3).build();

    private Requests() {}

    static GenerationOptions.Builder options() {
        return GenerationOptions.newBuilder();
    }

    static GenerationOptions.Builder greedy() {
        return options().setSampling(GREEDY);
    }

    static GenerationOptions.Builder constrained(Constraint.Builder constraint) {
        return greedy().setMaxTokens(5).setConstraint(constraint);
    }

    static GenerateRequest.Builder generate(String text, int tokens) {
        return GenerateRequest.newBuilder().setText(text).setOptions(greedy().setMaxTokens(tokens));
    }

    static Turn turn(String prompt, int tokens) {
        return Turn.newBuilder()
                .setPrompt(prompt)
                .setOptions(options().setMaxTokens(tokens))
                .build();
    }

    static Chat chat(ChatMessage... messages) {
        return Chat.newBuilder().addAllMessages(List.of(messages)).build();
    }

    static Open open() {
        return Open.newBuilder().setOptions(greedy()).build();
    }

    static Update update(GenerationOptions.Builder options) {
        return Update.newBuilder().setOptions(options).build();
    }
}
