package io.aded.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.lab.schema.ColdMasks;
import io.aded.lab.schema.SampleGrammars;
import io.aded.lab.schema.SyntheticVocabulary;
import java.util.BitSet;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Masks that nobody asked for before: right, and bounded in what they take, which is counted and not timed. */
class MaskCostTest {
    static final Iterable<SampleGrammars.Sample> SAMPLES = SampleGrammars.all();

    private static final VocabularyTrie SMALL = VocabularyTrie.of(SyntheticVocabulary.of(6_000));

    @ParameterizedTest
    @FieldSource("SAMPLES")
    void fill_vocabularyAsTokenisersLearnThem_isWhatEachTokenWouldDo(SampleGrammars.Sample sample)
            throws GrammarRefused {
        TokenMasks masks = sample.compile(SMALL);
        SplittableRandom random = new SplittableRandom(11);
        long[] mask = new long[SMALL.vocabularySize() + 63 >> 6];
        TokenMasks.Position position = masks.start();
        for (int i = 0; i < 12 && !position.isComplete(); i++) {
            masks.fill(position, mask);
            BitSet expected = new BitSet();
            for (int token = 0; token < SMALL.vocabularySize(); token++) {
                expected.set(token, !masks.after(position, token).isDead());
            }
            assertThat(BitSet.valueOf(mask))
                    .as("%s, after %d tokens", sample.name(), i)
                    .isEqualTo(expected);
            int token = expected.nextSetBit(random.nextInt(SMALL.vocabularySize()));
            position = masks.after(position, token < 0 ? expected.nextSetBit(0) : token);
        }
    }

    @Test
    void fill_positionsNobodyAskedFor_visitsAFewNodesOfTheTrie() throws GrammarRefused {
        VocabularyTrie trie = VocabularyTrie.of(SyntheticVocabulary.of(151_936));
        ColdMasks cold = new ColdMasks(trie, 2, 0, () -> 0);
        for (SampleGrammars.Sample sample : SampleGrammars.all()) {
            ColdMasks.Costs costs = cold.measure(sample);
            assertThat(costs.masks()).as(sample.name()).isNotEmpty().allSatisfy(cost -> {
                assertThat(cost.work().visits()).as("visits, %s", sample.name()).isLessThan(65_000);
                assertThat(cost.work().steps()).as("steps, %s", sample.name()).isLessThan(1_500);
            });
            assertThat(costs.compiling().work().visits())
                    .as("visits ahead, %s", sample.name())
                    .isLessThan(2_000_000);
        }
    }
}
