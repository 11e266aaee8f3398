package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.aded.model.SamplingParameters.Builder;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SamplingParametersTest {
    private static Arguments range(
            String field, float least, float most, float below, float above, BiFunction<Builder, Float, Builder> set) {
        return arguments(field, List.of(least, most), List.of(below, above, Float.NaN), set);
    }

    /** Least and most allowed, and a value beyond either. */
    static List<Arguments> ranges() {
        return List.of(
                range("temperature", 0f, 100f, -0.01f, 100.01f, Builder::temperature),
                range("top_p", Float.MIN_VALUE, 1f, 0f, 1.01f, Builder::topP),
                range("min_p", 0f, 1f, -0.01f, 1.01f, Builder::minP),
                range("typical_p", Float.MIN_VALUE, 1f, 0f, 1.01f, Builder::typicalP),
                range("top_n_sigma", 0f, 100f, -0.01f, 100.01f, Builder::topNSigma),
                range("xtc_probability", 0f, 1f, -0.01f, 1.01f, Builder::xtcProbability),
                range("xtc_threshold", Float.MIN_VALUE, 0.5f, 0f, 0.51f, Builder::xtcThreshold),
                range("dynamic_temperature_range", 0f, 100f, -0.01f, 100.01f, Builder::dynamicTemperatureRange),
                range(
                        "dynamic_temperature_exponent",
                        Float.MIN_VALUE,
                        100f,
                        0f,
                        100.01f,
                        Builder::dynamicTemperatureExponent),
                range("mirostat_tau", 0f, 100f, -0.01f, 100.01f, Builder::mirostatTau),
                range("mirostat_eta", Float.MIN_VALUE, 1f, 0f, 1.01f, Builder::mirostatEta),
                range("repeat_penalty", Float.MIN_VALUE, 100f, 0f, 100.01f, Builder::repeatPenalty),
                range("frequency_penalty", -100f, 100f, -100.01f, 100.01f, Builder::frequencyPenalty),
                range("presence_penalty", -100f, 100f, -100.01f, 100.01f, Builder::presencePenalty),
                range("dry_multiplier", 0f, 100f, -0.01f, 100.01f, Builder::dryMultiplier),
                range("dry_base", 1f, 100f, 0.99f, 100.01f, Builder::dryBase));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ranges")
    void violations_atTheEdges_areNoneAndBeyondThemNameTheField(
            String field, List<Float> valid, List<Float> invalid, BiFunction<Builder, Float, Builder> set) {
        for (float value : valid) {
            assertThat(set.apply(SamplingParameters.builder(), value).build().violations("", 10))
                    .as("%s %s", field, value)
                    .isEmpty();
        }
        for (float value : invalid) {
            assertThat(set.apply(SamplingParameters.builder(), value).build().violations("sampling.", 10))
                    .as("%s %s", field, value)
                    .extracting(FieldViolation::field)
                    .containsExactly("sampling." + field);
        }
    }

    @Test
    void isPlainGreedy_whatOnlyNarrowsTheDraw_changesNothingAtTemperatureZero() {
        assertThat(SamplingParameters.builder()
                        .temperature(0f)
                        .topNSigma(1f)
                        .build()
                        .isPlainGreedy())
                .isTrue();
        assertThat(SamplingParameters.builder()
                        .temperature(0f)
                        .repeatPenalty(2f)
                        .build()
                        .isPlainGreedy())
                .isFalse();
    }

    @Test
    void violations_ofDry_nameEachFieldAndEachText() {
        List<String> texts = List.of("", "é".repeat(20), "é".repeat(20) + "x", "a\0b");
        SamplingParameters wrong = SamplingParameters.builder()
                .dryAllowedLength(0)
                .dryWindow(65537)
                .drySequenceBreakers(texts)
                .build();
        assertThat(wrong.violations("", 10))
                .extracting(FieldViolation::field)
                .containsExactly(
                        "dry_allowed_length",
                        "dry_window",
                        "dry_sequence_breakers[0]",
                        "dry_sequence_breakers[2]",
                        "dry_sequence_breakers[3]");
        SamplingParameters many = SamplingParameters.builder()
                .drySequenceBreakers(Collections.nCopies(17, "x"))
                .build();
        assertThat(many.violations("", 10)).extracting(FieldViolation::field).containsExactly("dry_sequence_breakers");
    }

    @Test
    void lookBack_ofWhatIsOn_isTheLongest() {
        SamplingParameters off =
                SamplingParameters.builder().penaltyWindow(64).dryWindow(100).build();
        assertThat(off.lookBack()).isZero();
        assertThat(off.toBuilder().repeatPenalty(1.1f).build().lookBack()).isEqualTo(64);
        assertThat(off.toBuilder().dryMultiplier(1f).build().lookBack()).isEqualTo(100);
        assertThat(off.toBuilder()
                        .dryMultiplier(1f)
                        .dryWindow(10)
                        .presencePenalty(1f)
                        .build()
                        .lookBack())
                .isEqualTo(64);
    }

    @Test
    void violations_everyTokenForbidden_isNamed() {
        Map<Integer, Float> bias = new HashMap<>();
        for (int token = 0; token < 100; token++) {
            bias.put(token, Float.NEGATIVE_INFINITY);
        }
        SamplingParameters parameters = SamplingParameters.GREEDY.withLogitBias(bias);
        assertThat(parameters.violations("sampling.", 100))
                .containsExactly(new FieldViolation(
                        "sampling.logit_bias", "forbids every token of the vocabulary; allowed: to leave one or more"));
        assertThat(parameters.violations("sampling.", 101)).isEmpty();
    }
}
