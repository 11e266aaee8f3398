package io.aded.rpc;

import io.aded.v1.GenerateRequest;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.Turn;

/** Requests that tests start from. */
final class Requests {
    static final Sampling GREEDY =
            Sampling.newBuilder().setTemperature(0).setSeed(3).build();

    private Requests() {}

    static GenerateRequest.Builder generate(String text, int tokens) {
        return GenerateRequest.newBuilder().setText(text).setMaxTokens(tokens).setSampling(GREEDY);
    }

    static Turn turn(String prompt, int tokens) {
        return Turn.newBuilder().setPrompt(prompt).setMaxTokens(tokens).build();
    }

    static Open open() {
        return Open.newBuilder().setSampling(GREEDY).build();
    }
}
