package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.Quantization;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FormatChoiceTest {
    /** Passes of so many milliseconds, of which two, four and eight tokens cost so many. */
    private static MeasuredFormat format(
            String name, @Nullable Quantization format, double millis, double two, double four, double eight) {
        double[] nanos = new double[65];
        double[] costs = {1, two, (two + four) / 2, four};
        for (int n = 1; n < nanos.length; n++) {
            double slope = (eight - four) / 4;
            nanos[n] = 1e6 * millis * (n <= 4 ? costs[n - 1] : four + slope * (n - 4));
        }
        return new MeasuredFormat(name, format, 1, nanos);
    }

    @Test
    void best_wherePassesOfEightBitsPay_isThatOne() {
        // TinyLlama on two cores without AMX: t(1), t(2), t(4), t(8) of docs/benchmarks.md.
        FormatChoice choice = new FormatChoice(List.of(
                format("IQ2_XXS", null, 75, 2.05, 3.99, 5.42),
                format("Q8_0", Quantization.Q8_0, 43.6, 1.52, 1.86, 2.88)));

        assertThat(choice.best().name()).isEqualTo("Q8_0");
        assertThat(choice.reason())
                .startsWith("Q8_0, the fastest here: 23 tokens/s plain")
                .contains("IQ2_XXS: 13 tokens/s plain");
    }

    @Test
    void best_fourBitsForTwo_isToldButNeverChosen() {
        FormatChoice choice = new FormatChoice(List.of(
                format("IQ2_XXS", null, 75, 2.05, 3.99, 5.42),
                format("Q8_0", Quantization.Q8_0, 43.6, 1.52, 1.86, 2.88),
                format("Q4_0", Quantization.Q4_0, 18.8, 1.86, 3.46, 6.26)));

        assertThat(choice.best().requantized()).isEqualTo(Quantization.Q8_0);
        assertThat(choice.reason()).contains("; Q4_0, with other answers: 53 tokens/s plain");
    }

    @Test
    void best_eightBitsForSixteen_changesAnswersAndIsNeverChosen() {
        FormatChoice choice = new FormatChoice(List.of(
                new MeasuredFormat(
                        "F16", null, 16, format("", null, 80, 1.1, 1.2, 1.3).passNanos()),
                new MeasuredFormat(
                        "Q8_0",
                        Quantization.Q8_0,
                        8,
                        format("", null, 40, 1.1, 1.2, 1.3).passNanos())));

        assertThat(choice.best().name()).isEqualTo("F16");
        assertThat(choice.reason()).contains("; Q8_0, with other answers: 25 tokens/s plain");
    }

    @Test
    void best_gainTooSmallToWriteAFile_isTheFileAsItIs() {
        FormatChoice choice = new FormatChoice(
                List.of(format("Q4_1", null, 10, 1.5, 2, 3), format("Q8_0", Quantization.Q8_0, 9.6, 1.5, 2, 3)));

        assertThat(choice.best()).isSameAs(choice.asItIs());
        assertThat(choice.reason())
                .startsWith("Q4_1 as it is, since none is faster by a twentieth: 100 tokens/s plain");
    }

    @Test
    void best_slowerPlainButWidePassesNearlyFree_winsByItsDrafts() {
        FormatChoice choice = new FormatChoice(
                List.of(format("Q4_1", null, 10, 2, 4, 8), format("Q8_0", Quantization.Q8_0, 12, 1.05, 1.1, 1.2)));

        assertThat(choice.best().name()).isEqualTo("Q8_0");
    }

    @Test
    void finer_onlyFormatsFinerThanTheFileAndNotTooLarge() {
        assertThat(FormatChoice.finer(322_591_712L, 1_100_048_384L))
                .containsExactly(Quantization.Q8_0, Quantization.Q4_0);
        assertThat(FormatChoice.finer(98_362_432L, 134_515_008L)).containsExactly(Quantization.Q8_0);
        assertThat(FormatChoice.finer(269_000_000L, 134_515_008L)).isEmpty();
        assertThat(FormatChoice.finer(143_000_000L, 134_515_008L)).isEmpty();
        assertThat(FormatChoice.finer(4_900_000_000L, 8_000_000_000L)).isEmpty();
        assertThat(FormatChoice.finer(1_100_000_000L, 3_400_000_000L)).containsExactly(Quantization.Q4_0);
    }

    @Test
    void fastest_amongAll_alsoWhatCostsAnswers() {
        FormatChoice choice = new FormatChoice(List.of(
                format("IQ2_XXS", null, 75, 2.05, 3.99, 5.42),
                format("Q8_0", Quantization.Q8_0, 43.6, 1.52, 1.86, 2.88),
                format("Q4_0", Quantization.Q4_0, 18.8, 1.86, 3.46, 6.26)));

        assertThat(choice.fastest().name()).isEqualTo("Q4_0");
        assertThat(choice.isClose()).isFalse();
    }

    @Test
    void isClose_noiseCouldHaveOrderedThoseThatKeepAnswers() {
        FormatChoice close = new FormatChoice(
                List.of(format("Q4_1", null, 10, 1.5, 2, 3), format("Q8_0", Quantization.Q8_0, 9, 1.5, 2, 3)));
        assertThat(close.isClose()).isTrue();

        FormatChoice onlyByOneThatCosts = new FormatChoice(
                List.of(format("Q4_1", null, 10, 1.5, 2, 3), format("Q4_0", Quantization.Q4_0, 9, 1.5, 2, 3)));
        assertThat(onlyByOneThatCosts.isClose()).isFalse();
        assertThat(new FormatChoice(List.of(format("Q4_1", null, 10, 1.5, 2, 3))).isClose())
                .isFalse();
    }

    @Test
    void of_withoutTheFileAsItCame_refused() {
        assertThatThrownBy(() -> new FormatChoice(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new FormatChoice(List.of(format("Q8_0", Quantization.Q8_0, 1, 1, 1, 1))))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
