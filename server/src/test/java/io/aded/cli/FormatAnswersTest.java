package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.gguf.Quantization;
import io.aded.host.FormatChoice;
import io.aded.host.MeasuredFormat;
import io.aded.host.ModelConfiguration;
import io.aded.lab.experiment.FormatTrial.Rates;
import io.aded.lab.experiment.PlainRate;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class FormatAnswersTest {
    /** Passes that cost as much a token as one, so that no draft pays. */
    private static MeasuredFormat format(String name, @Nullable Quantization written, double millis) {
        double[] passes =
                IntStream.range(0, 65).mapToDouble(n -> n * millis * 1e6).toArray();
        return new MeasuredFormat(name, written, written == null ? 1 : 2, passes);
    }

    /** 100, 50 and 200 tokens a second. */
    private static final FormatChoice CHOICE = new FormatChoice(List.of(
            format("Q4_1", null, 10), format("Q8_0", Quantization.Q8_0, 20), format("Q4_0", Quantization.Q4_0, 5)));

    private static String printed(FormatAdvice advice) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        advice.print(new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void text_theChosenFormat_againstTheFastestThatKeepsAnswers() {
        FormatAnswers answers = new FormatAnswers(
                CHOICE,
                List.of(new Rates("Q4_1", 90, 76), new Rates("Q8_0", 60, 95), new Rates("Q4_0", 150, 180)),
                3,
                64);

        // Q4_1 was chosen and is served with drafts: 76, where Q8_0 gave 95. What costs answers does not count.
        assertThat(answers.ofTheBest()).isCloseTo(0.8, within(1e-9));
        assertThat(answers.text()).contains("3 rounds", "Q4_1 (the file)", "Q4_0 *", "gives 0.80 of the fastest");
        JsonNode json = JsonMapper.shared().readTree(FormatAnswers.json(CHOICE, answers));
        assertThat(json.get("ofTheBest").asDouble()).isCloseTo(0.8, within(1e-9));
        assertThat(json.get("formats").get(1).get("drafted").asDouble()).isEqualTo(95);
        assertThat(json.get("formats").get(0).get("chosen").asBoolean()).isTrue();
        assertThat(JsonMapper.shared()
                        .readTree(FormatAnswers.json(CHOICE, null))
                        .get("formats")
                        .get(2)
                        .get("plain")
                        .isNull())
                .isTrue();
    }

    @Test
    void of_otherFormatsThanWereMeasured_refused() {
        assertThatThrownBy(() -> new FormatAnswers(CHOICE, List.of(), 1, 64))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void advice_measured_ratesAbsoluteAndRelativeAndTheFlagForEach() {
        FormatAdvice advice = FormatAdvice.of(Optional.of(CHOICE), "aded", ModelConfiguration.of("my.gguf"));

        assertThat(printed(advice))
                .contains("100 (1.00×)", "50 (0.50×)", "200 (2.00×)")
                .contains("The file as it is, Q4_1, is the fastest here of those that keep answers.")
                .contains(
                        "Q4_0 is faster, with other answers. To use it: aded serve --model my.gguf --requantize q4_0.");
        assertThat(advice.line())
                .startsWith("Q4_1 as it is, the fastest here")
                .endsWith("to use Q4_0: aded serve --model my.gguf --requantize q4_0");
    }

    @Test
    void advice_gainOfDraftsWithTheFormatItself_isAColumn() {
        // Passes of eight tokens cost what those of one do, in one format: there every draft that is right is a gain.
        double[] flat = new double[65];
        Arrays.fill(flat, 10e6);
        FormatChoice choice = new FormatChoice(
                List.of(format("Q4_1", null, 10), new MeasuredFormat("Q6_K", Quantization.Q6_K, 2, flat)));
        List<String> lines = FormatAdvice.table(choice).lines().toList();
        assertThat(lines.getFirst()).contains("auto/plain");
        double gain = choice.formats().getLast().outlook().typicalRate() / 100;
        assertThat(gain).isGreaterThan(1.2);
        assertThat(lines).anyMatch(line -> line.contains("Q4_1 (the file)") && line.contains(" 1.00 "));
        assertThat(lines)
                .anyMatch(line -> line.contains("Q6_K *") && line.contains(String.format(Locale.ROOT, " %.2f ", gain)));
    }

    @Test
    void contradiction_oneSpeedMeasuredTwice_isSaidOnlyBeyondTheSpread() {
        // Q4_1 has 100 tokens a second by its passes.
        Optional<FormatChoice> known = Optional.of(CHOICE);
        assertThat(FormatAdvice.contradiction(known, "Q4_1", Optional.of(new PlainRate(95, 92, 98))))
                .isEmpty();
        assertThat(FormatAdvice.contradiction(known, "Q4_1", Optional.of(new PlainRate(70, 60, 80))))
                .hasValueSatisfying(line -> assertThat(line)
                        .contains("plain Q4_1", "70.0 tokens/s by the answers", "60.0 to 80.0", "100.0 by the passes")
                        .contains("did not run at one speed")
                        .doesNotContain("\n"));
        assertThat(FormatAdvice.contradiction(known, "Q4_1", Optional.of(new PlainRate(130, 120, 140))))
                .isPresent();
        assertThat(FormatAdvice.contradiction(known, "F16", Optional.of(new PlainRate(1, 1, 1))))
                .isEmpty();
        assertThat(FormatAdvice.contradiction(known, "Q4_1", Optional.empty())).isEmpty();
        assertThat(FormatAdvice.contradiction(Optional.empty(), "Q4_1", Optional.of(new PlainRate(1, 1, 1))))
                .isEmpty();
    }

    @Test
    void advice_finerFormatIsFastest_saysTheFlag() {
        FormatChoice finer = new FormatChoice(List.of(format("Q4_1", null, 10), format("Q8_0", Quantization.Q8_0, 5)));
        FormatAdvice advice = FormatAdvice.of(Optional.of(finer), "aded", ModelConfiguration.DEFAULT);

        assertThat(printed(advice)).contains("Q8_0 is the fastest here. To use it: aded serve --requantize auto");
        assertThat(advice.line()).endsWith("to use Q8_0: aded serve --requantize auto");
    }

    @Test
    void advice_nothingMeasured_saysHow() {
        FormatAdvice advice = FormatAdvice.of(Optional.empty(), "aded", ModelConfiguration.of("my.gguf"));

        assertThat(advice.line())
                .isEqualTo("what others would give was not measured; aded models formats my.gguf does");
    }
}
