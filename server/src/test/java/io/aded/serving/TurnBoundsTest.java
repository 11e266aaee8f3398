package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.engine.DraftPolicy;
import io.aded.engine.Prompt;
import io.aded.engine.TurnRequest;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.SamplingParameters;
import io.opentelemetry.context.Context;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that are allowed by their kind and would be too much, or too little to mean anything. */
class TurnBoundsTest {
    private static TurnRequest turn(Prompt prompt, SamplingParameters sampling) {
        return TurnRequest.of(prompt, sampling, DraftPolicy.AUTO, 1);
    }

    @Test
    void validate_promptThatCannotFit_isRefusedUnsplit() {
        var small = new TurnValidator(259, 10);
        for (Prompt prompt : List.of(
                new Prompt.Text("x".repeat(11)),
                new Prompt.Messages(
                        List.of(new ChatMessage("system", "x".repeat(6)), new ChatMessage("user", "x".repeat(5)))))) {
            assertThatThrownBy(() -> small.validate(turn(prompt, SamplingParameters.GREEDY)))
                    .isInstanceOf(AdedException.InvalidRequest.class)
                    .hasMessageContaining("allowed: at most 10 bytes");
        }
        small.validate(turn(new Prompt.Text("x".repeat(10)), SamplingParameters.GREEDY));
    }

    @Test
    void validate_moreMessagesThanAnyConversationHas_areRefused() {
        var messages = new Prompt.Messages(Collections.nCopies(16_385, new ChatMessage("user", "x")));

        assertThatThrownBy(() -> new TurnValidator(259).validate(turn(messages, SamplingParameters.GREEDY)))
                .hasMessage("messages: has 16385 entries; allowed: at most 16384");
    }

    @Test
    void validate_listsOfStops_areBounded() {
        TurnRequest tokens = new TurnRequest(
                new Prompt.Text("x"),
                SamplingParameters.GREEDY,
                DraftPolicy.AUTO,
                1,
                List.of("x".repeat(1025)),
                Collections.nCopies(1025, 7),
                false,
                -1,
                false,
                0,
                "",
                Long.MAX_VALUE,
                Context.root());

        assertThatThrownBy(() -> new TurnValidator(259).validate(tokens))
                .hasMessageContaining("stop_tokens: has 1025 entries; allowed: at most 1024")
                .hasMessageContaining("stop_strings[0]: has 1025 characters; allowed: at most 1024");
    }

    @ParameterizedTest
    @ValueSource(floats = {1e-40f, Float.MIN_VALUE, 1e-38f, 9e-7f})
    void sampling_temperatureOfNearlyZero_isZero(float temperature) {
        SamplingParameters sampling =
                SamplingParameters.builder().temperature(temperature).build();

        assertThat(sampling.temperature()).isZero();
        assertThat(sampling.isPlainGreedy()).isTrue();
    }

    @Test
    void sampling_temperatureThatCanBeDividedBy_isKept() {
        assertThat(SamplingParameters.builder().temperature(1e-6f).build().temperature())
                .isEqualTo(1e-6f);
    }

    @Test
    void sampling_repeatPenaltyThatOverflowsLogits_becomesTheLeastThatDoesNot() {
        assertThat(SamplingParameters.builder().repeatPenalty(1e-40f).build().repeatPenalty())
                .isEqualTo(1e-6f);
        assertThat(SamplingParameters.builder().repeatPenalty(0f).build().violations("", 259))
                .hasSize(1);
    }

    @Test
    void sampling_manyBadBiases_areNamedUpToALimit() {
        var bias = new HashMap<Integer, Float>();
        for (int token = 1000; token < 3000; token++) {
            bias.put(token, Float.NaN);
        }

        assertThat(SamplingParameters.builder().logitBias(bias).build().violations("", 259))
                .hasSizeLessThanOrEqualTo(17);
    }
}
