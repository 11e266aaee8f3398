package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.SamplingParameters;
import io.aded.model.TokenSampler;
import io.aded.model.TopTokens;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What each filter does to one row, against its definition written out here. */
class SamplerChainsTest {
    private static final String LIBRARIES = "io.aded.llama.Libraries#all";
    private static final int DRAWS = 3_000;

    /** Nearly uniform over what the filters leave. */
    private static final SamplingParameters FLAT =
            SamplingParameters.GREEDY.withTemperature(100f).withSeed(11);

    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void topNSigma_ofARow_leavesWhatIsWithinSoManyStandardDeviationsOfTheBest(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            float[] row = row(tiny);
            SamplingParameters parameters = FLAT.toBuilder().topNSigma(1f).build();
            Set<Integer> left = withinSigma(row, 1f, -1);
            assertThat(left).hasSizeBetween(2, 60);
            assertThat(drawn(tiny, parameters)).isEqualTo(left);
            // A forbidden token counts neither as the best nor for mean and deviation.
            int best = tiny.context.bestToken(0);
            assertThat(drawn(tiny, parameters.withLogitBias(Map.of(best, Float.NEGATIVE_INFINITY))))
                    .isEqualTo(withinSigma(row, 1f, best));
        }
    }

    private static Set<Integer> withinSigma(float[] row, float n, int without) {
        double sum = 0;
        float max = Float.NEGATIVE_INFINITY;
        int count = without < 0 ? row.length : row.length - 1;
        for (int token = 0; token < row.length; token++) {
            if (token != without) {
                sum += row[token];
                max = Math.max(max, row[token]);
            }
        }
        double squares = 0;
        for (int token = 0; token < row.length; token++) {
            squares += token == without ? 0 : Math.pow(row[token] - sum / count, 2);
        }
        double least = max - n * Math.sqrt(squares / count);
        Set<Integer> left = new TreeSet<>();
        for (int token = 0; token < row.length; token++) {
            if (token != without && row[token] >= least) {
                left.add(token);
            }
        }
        return left;
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void xtc_always_leavesTheLeastLikelyTopChoiceAndWhatIsBelow(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            row(tiny);
            // The ranks' probabilities are not known beforehand: the third best's is made the threshold.
            TopTokens best = new TopTokens(40);
            tiny.context.topTokens(0, best);
            float threshold = best.probability(2) * 0.999f;
            assertThat(threshold).isLessThan(0.5f);
            SamplingParameters always = FLAT.toBuilder()
                    .topK(40)
                    .xtcProbability(1f)
                    .xtcThreshold(renormalised(best, threshold))
                    .build();
            assertThat(drawn(tiny, always))
                    .contains(best.token(2), best.token(39))
                    .hasSize(38);
            // Half of the draws keep the top choices.
            SamplingParameters often = always.toBuilder().xtcProbability(0.5f).build();
            int top = 0;
            try (TokenSampler sampler = tiny.model.newSampler(often)) {
                for (int i = 0; i < DRAWS; i++) {
                    int token = sampler.sample(tiny.context, 0);
                    top += token == best.token(0) || token == best.token(1) ? 1 : 0;
                }
            }
            assertThat((double) top / DRAWS).isBetween(0.5 * 2 / 40 * 0.7, 0.5 * 2 / 40 * 1.4);
        }
    }

    /** A probability among all tokens, as one among the best that are left. */
    private static float renormalised(TopTokens best, float probability) {
        float sum = 0;
        for (int i = 0; i < best.size(); i++) {
            sum += best.probability(i);
        }
        return probability / sum;
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void dynamicTemperature_ofARow_isTheOneThatItsEntropyGives(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            row(tiny);
            int k = 4;
            TopTokens best = new TopTokens(k);
            tiny.context.topTokens(0, best);
            double[] plain = softmax(best, 1);
            double entropy = 0;
            for (double p : plain) {
                entropy -= p * Math.log(p);
            }
            double temperature = 0.5 + (2.5 - 0.5) * Math.pow(entropy / Math.log(k), 0.8);
            double[] expected = softmax(best, temperature);

            int[] counts = new int[k];
            SamplingParameters parameters = FLAT.withTemperature(1.5f).toBuilder()
                    .topK(k)
                    .dynamicTemperatureRange(1f)
                    .dynamicTemperatureExponent(0.8f)
                    .build();
            int draws = 4 * DRAWS;
            try (TokenSampler sampler = tiny.model.newSampler(parameters)) {
                for (int i = 0; i < draws; i++) {
                    int token = sampler.sample(tiny.context, 0);
                    for (int rank = 0; rank < k; rank++) {
                        counts[rank] += token == best.token(rank) ? 1 : 0;
                    }
                }
            }
            for (int rank = 0; rank < k; rank++) {
                // Five standard deviations of a count.
                double deviation = 5 * Math.sqrt(expected[rank] * (1 - expected[rank]) / draws);
                assertThat((double) counts[rank] / draws)
                        .as("rank %d at temperature %f", rank, temperature)
                        .isCloseTo(expected[rank], within(deviation));
            }
            assertThat(Math.abs(expected[0] - softmax(best, 1.5)[0])).isGreaterThan(0.02);
        }
    }

    private static double[] softmax(TopTokens best, double temperature) {
        double[] p = new double[best.size()];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp((best.logit(i) - best.logit(0)) / temperature);
            sum += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void mirostat_drawByDraw_keepsToTheBoundThatMovesWithWhatItDrew(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            float[] row = row(tiny);
            TopTokens best = new TopTokens(row.length);
            tiny.context.topTokens(0, best);
            float tau = 1.5f;
            Set<Integer> widths = new TreeSet<>();
            for (int seed = 0; seed < 40; seed++) {
                // The other filters would leave one token: while Mirostat is on they do not apply.
                SamplingParameters parameters = SamplingParameters.builder()
                        .temperature(1f)
                        .topK(1)
                        .mirostatTau(tau)
                        .mirostatEta(1f)
                        .seed(seed)
                        .build();
                try (TokenSampler sampler = tiny.model.newSampler(parameters)) {
                    double bound = 2 * tau;
                    for (int draw = 0; draw < 8; draw++) {
                        double mass = 0;
                        int width = 0;
                        // Where a surprise is as good as the bound, rounding may decide either way.
                        while (width < best.size() && surprise(best.probability(width)) <= bound + 1e-4 || width == 0) {
                            mass += best.probability(width++);
                        }
                        widths.add(width);
                        int token = sampler.sample(tiny.context, 0);
                        int rank = 0;
                        while (best.token(rank) != token) {
                            rank++;
                        }
                        assertThat(rank)
                                .as("seed %d, draw %d, bound %f", seed, draw, bound)
                                .isLessThan(width);
                        bound -= surprise(best.probability(rank) / mass) - tau;
                    }
                }
            }
            assertThat(widths).hasSizeGreaterThan(2);
        }
    }

    private static double surprise(double probability) {
        return -Math.log(probability) / Math.log(2);
    }

    @ParameterizedTest
    @MethodSource(LIBRARIES)
    void dry_repetition_isPenalisedByItsLengthUpToABreaker(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            row(tiny);
            TopTokens top = new TopTokens(2);
            tiny.context.topTokens(0, top);
            int best = top.token(0);
            float gap = top.logit(0) - top.logit(1);
            // Four other tokens: two of one letter, so that their texts can be breakers, and two words.
            int o = tiny.model.vocabulary().tokenize("cat", false, false)[0];
            int p = tiny.model.vocabulary().tokenize("dog", false, false)[0];
            int q = TinyModels.FIRST_BYTE + '#';
            int r = TinyModels.FIRST_BYTE + '%';
            int[] two = {p, q, best, r, p, q};
            int[] three = {o, p, q, best, r, o, p, q};
            SamplingParameters dry = SamplingParameters.GREEDY.toBuilder()
                    .dryMultiplier(0.6f * gap)
                    .dryBase(2f)
                    .build();
            // Two tokens are repeated: 0.6 of the gap is not enough. Three: twice that is.
            assertThat(next(tiny, dry, two)).isEqualTo(best);
            assertThat(next(tiny, dry, three)).isEqualTo(top.token(1));
            assertThat(next(tiny, dry.toBuilder().dryMultiplier(1.1f * gap).build(), two))
                    .isEqualTo(top.token(1));
            assertThat(next(tiny, dry.toBuilder().dryAllowedLength(3).build(), three))
                    .isEqualTo(best);
            assertThat(next(tiny, dry.toBuilder().dryWindow(5).build(), three)).isEqualTo(best);
            assertThat(next(
                            tiny,
                            dry.toBuilder().drySequenceBreakers(List.of("#")).build(),
                            three))
                    .isEqualTo(best);
            // The letter between does not break what comes after it.
            assertThat(next(
                            tiny,
                            dry.toBuilder().drySequenceBreakers(List.of("%")).build(),
                            three))
                    .isEqualTo(top.token(1));
        }
    }

    private static int next(Tiny tiny, SamplingParameters parameters, int... history) {
        try (TokenSampler sampler = tiny.model.newSampler(parameters)) {
            for (int token : history) {
                sampler.remember(token);
            }
            return sampler.sample(tiny.context, 0);
        }
    }

    /** The context then holds a row 0 of logits, which is returned. */
    private static float[] row(Tiny tiny) {
        return tiny.feed(0, tiny.model.vocabulary().tokenize("the cat and the dog", true, false));
    }

    private static Set<Integer> drawn(Tiny tiny, SamplingParameters parameters) {
        Set<Integer> drawn = new TreeSet<>();
        try (TokenSampler sampler = tiny.model.newSampler(parameters)) {
            for (int i = 0; i < DRAWS; i++) {
                drawn.add(sampler.sample(tiny.context, 0));
            }
        }
        return drawn;
    }
}
