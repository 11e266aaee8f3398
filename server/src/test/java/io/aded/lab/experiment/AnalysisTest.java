package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.lab.prompts.Scenario;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnalysisTest {
    private static final ModeSpec AUTO = ModeSpec.parse("auto").get(1);
    private static final List<ModeSpec> MODES = ModeSpec.parse("off,auto,aded:4,aded:8,ngram-simple");

    private final List<Measurement> measurements = new ArrayList<>();

    /** An answer of 1 + decoded tokens: the first after 1 s, the others in the given seconds. */
    private static Answer answer(int decoded, double seconds) {
        int[] tokens = new int[decoded + 1];
        Arrays.setAll(tokens, i -> i);
        return new Answer(
                tokens, "length", 10, 0, 1, 1_000_000_000L, 1_000_000_000L + (long) (seconds * 1e9), new RoundTally());
    }

    private void add(int scenario, String group, String mode, int repeat, Answer answer) {
        ModeSpec spec = MODES.stream()
                .filter(candidate -> candidate.label().equals(mode))
                .findFirst()
                .orElseThrow();
        Scenario asked = new Scenario("p" + scenario, group, group, List.of("?"));
        measurements.add(new Measurement(asked, scenario, 0, repeat, spec, 0, answer));
    }

    private Analysis analysis() {
        return new Analysis(MODES, measurements, Scenario.Grouping.TASK, 1);
    }

    @Test
    void compare_twoPrompts_givesRatioOfSumsAndGeometricMean() {
        add(0, "a", "off", 0, answer(100, 10));
        add(0, "a", "auto", 0, answer(100, 5));
        add(1, "b", "off", 0, answer(100, 20));
        add(1, "b", "auto", 0, answer(100, 40));
        Comparison comparison = analysis().compare(AUTO, ModeSpec.OFF, null);
        // 200 tokens in 45 s against 200 in 30 s.
        assertThat(comparison.speed().estimate()).isCloseTo(30.0 / 45, within(1e-9));
        assertThat(comparison.geometric().estimate()).isCloseTo(1, within(1e-9));
        // 202 tokens in 47 s against 202 in 32 s.
        assertThat(comparison.whole().estimate()).isCloseTo(32.0 / 47, within(1e-9));
        assertThat(comparison.ratios()).containsExactly(new double[] {2, 0.5}, within(1e-9));
        assertThat(comparison.worst()).isCloseTo(0.5, within(1e-9));
        assertThat(comparison.worstId()).isEqualTo("p1");
        assertThat(comparison.shareBelow(0.97)).isEqualTo(0.5);
        assertThat(analysis().compare(AUTO, ModeSpec.OFF, "a").speed().estimate())
                .isCloseTo(2, within(1e-9));
    }

    @Test
    void plainRate_answersWithoutDrafts_allTogetherAndHowTheyDiffer() {
        assertThat(analysis().plainRate()).isEmpty();
        add(0, "a", "off", 0, answer(100, 10));
        add(1, "a", "off", 0, answer(100, 5));
        add(2, "a", "off", 0, answer(7, 1)); // too short to be timed
        add(2, "a", "auto", 0, answer(100, 1));
        PlainRate rate = analysis().plainRate().orElseThrow();
        // 200 tokens in 15 s; 10 and 20 a second, of whose distance a twentieth is 0.5.
        assertThat(rate.rate()).isCloseTo(200 / 15.0, within(1e-9));
        assertThat(rate.low()).isCloseTo(10.5, within(1e-9));
        assertThat(rate.high()).isCloseTo(19.5, within(1e-9));
        assertThat(rate.contradicts(9.46)).isFalse();
        assertThat(rate.contradicts(9.44)).isTrue();
        assertThat(rate.contradicts(21.44)).isFalse();
        assertThat(rate.contradicts(21.46)).isTrue();
    }

    @Test
    void compare_repeats_takesTheMedianOfAPromptsPairs() {
        double[] seconds = {5, 10, 40};
        for (int repeat = 0; repeat < 3; repeat++) {
            add(0, "a", "off", repeat, answer(100, 10));
            add(0, "a", "auto", repeat, answer(100, seconds[repeat]));
        }
        Comparison comparison = analysis().compare(AUTO, ModeSpec.OFF, null);
        assertThat(comparison.ratios()).containsExactly(new double[] {1}, within(1e-9));
        assertThat(comparison.speed().estimate()).isCloseTo(30.0 / 55, within(1e-9));
    }

    @Test
    void compare_shortAnswers_areLeftOutForAllModes() {
        add(0, "a", "off", 0, answer(100, 10));
        add(0, "a", "auto", 0, answer(100, 5));
        add(1, "a", "off", 0, answer(7, 1));
        add(1, "a", "auto", 0, answer(7, 100));
        Comparison comparison = analysis().compare(AUTO, ModeSpec.OFF, null);
        assertThat(comparison.prompts()).isEqualTo(1);
        assertThat(comparison.speed().estimate()).isCloseTo(2, within(1e-9));
        assertThat(analysis().prompts(null)).isEqualTo(2);
    }

    @Test
    void summary_differentTokens_saysHowManyAndWhereFirst() {
        add(0, "a", "off", 0, answer(20, 10));
        Answer same = answer(20, 5);
        add(0, "a", "auto", 0, same);
        add(1, "a", "off", 0, answer(20, 10));
        Answer other = answer(20, 5);
        other.tokens()[12] = -1;
        add(1, "a", "auto", 0, other);
        add(2, "a", "off", 0, answer(20, 10));
        add(2, "a", "auto", 0, answer(15, 5));
        Losslessness lossless = analysis().summary(AUTO, null).losslessness();
        assertThat(lossless).isEqualTo(new Losslessness(3, 2, 21 + 12 + 16, 12, "p1"));
    }

    @Test
    void rival_severalBudgets_findsTheBestOfEachGroup() {
        for (String group : List.of("a", "b")) {
            int scenario = group.equals("a") ? 0 : 1;
            add(scenario, group, "off", 0, answer(100, 10));
            add(scenario, group, "auto", 0, answer(100, 4));
            add(scenario, group, "aded:4", 0, answer(100, group.equals("a") ? 5 : 9));
            add(scenario, group, "aded:8", 0, answer(100, group.equals("a") ? 8 : 3));
            add(scenario, group, "ngram-simple", 0, answer(100, 1));
        }
        Analysis.Rival a = analysis().rival(ModeSpec::isFixedBudget, "a").orElseThrow();
        assertThat(a.best().label()).isEqualTo("aded:4");
        assertThat(a.autoAgainstBest().speed().estimate()).isCloseTo(1.25, within(1e-9));
        Analysis.Rival b = analysis().rival(ModeSpec::isFixedBudget, "b").orElseThrow();
        assertThat(b.best().label()).isEqualTo("aded:8");
        assertThat(b.autoAgainstBest().speed().estimate()).isCloseTo(0.75, within(1e-9));
        assertThat(analysis()
                        .rival(ModeSpec::isBaseline, null)
                        .orElseThrow()
                        .best()
                        .label())
                .isEqualTo("ngram-simple");
    }
}
