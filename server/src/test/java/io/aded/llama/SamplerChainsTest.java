package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.SamplingParameters;
import io.aded.model.TokenSampler;
import io.aded.model.TopTokens;
import java.nio.file.Path;
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
