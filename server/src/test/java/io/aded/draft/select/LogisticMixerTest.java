package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LogisticMixerTest {
    private static final int CONTEXT = LogisticMixer.context(LogisticMixer.BOTH, 2, 1);

    @Test
    void logit_isTheLogarithmOfTheOdds() {
        assertThat(LogisticMixer.logit(0.5f)).isZero();
        assertThat(LogisticMixer.logit(0.9f)).isCloseTo(2.1972f, within(1e-4f)); // ln 9
        assertThat(LogisticMixer.logit(0.1f)).isCloseTo(-2.1972f, within(1e-4f));
        assertThat(LogisticMixer.logit(0)).isEqualTo(-8);
        assertThat(LogisticMixer.logit(1)).isEqualTo(8);
    }

    @Test
    void mix_newMixer_weighsTheModelTwiceAsMuch() {
        // 0.4 · ln(0.8/0.2) + 0.8 · ln(0.5/0.5) = 0.4 · 1.3863 = 0.5545; σ = 0.6352
        assertThat(new LogisticMixer().mix(CONTEXT, LogisticMixer.logit(0.8f), LogisticMixer.logit(0.5f)))
                .isCloseTo(0.6352f, within(1e-4f));
    }

    @Test
    void learn_oneWrongGuess_movesTheSumByRateTimesError() {
        LogisticMixer mixer = new LogisticMixer();
        float table = 1;
        float model = 2;
        float mixed = mixer.mix(CONTEXT, table, model); // σ(0.4 + 1.6) = 0.8808
        assertThat(mixed).isCloseTo(0.8808f, within(1e-4f));

        mixer.learn(CONTEXT, table, model, mixed, false);

        // The first rate is 0.1 + 4 / 4 = 1.1; the step 1.1 · (0 − 0.8808) / (1 + 1 + 4) = −0.16148.
        assertThat(mixer.weights(CONTEXT))
                .containsExactly(new float[] {-0.1615f, 0.4f - 0.1615f, 0.8f - 0.3230f}, within(1e-4f));
        assertThat(mixer.mix(CONTEXT, table, model)).isCloseTo(0.7371f, within(1e-4f)); // σ(2 − 0.9689)
        assertThat(mixer.weights(CONTEXT + 1)).containsExactly(0, 0.4f, 0.8f);
    }

    @Test
    void learn_modelIsNoise_comesToListenToTheTable() {
        LogisticMixer mixer = new LogisticMixer();
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 4000; i++) {
            float table = random.nextBoolean() ? 0.9f : 0.1f;
            float model = random.nextBoolean() ? 0.99f : 0.01f;
            float tableLogit = LogisticMixer.logit(table);
            float modelLogit = LogisticMixer.logit(model);
            float mixed = mixer.mix(CONTEXT, tableLogit, modelLogit);
            mixer.learn(CONTEXT, tableLogit, modelLogit, mixed, random.nextDouble() < table);
        }
        float high = LogisticMixer.logit(0.9f);
        assertThat(mixer.mix(CONTEXT, high, LogisticMixer.logit(0.01f))).isBetween(0.83f, 0.95f);
        assertThat(mixer.mix(CONTEXT, high, LogisticMixer.logit(0.99f))).isBetween(0.83f, 0.95f);
    }

    @Test
    void learn_modelIsTooSureOfItself_calibratesIt() {
        int alone = LogisticMixer.context(LogisticMixer.MODEL_ONLY, 0, 0);
        LogisticMixer mixer = new LogisticMixer();
        SplittableRandom random = new SplittableRandom(5);
        float rest = LogisticMixer.logit(0.01f);
        float says = LogisticMixer.logit(0.95f);
        double sum = 0;
        for (int i = 0; i < 3000; i++) {
            float mixed = mixer.mix(alone, rest, says);
            sum += i < 2000 ? 0 : mixed;
            mixer.learn(alone, rest, says, mixed, random.nextDouble() < 0.6);
        }
        assertThat(sum / 1000).isBetween(0.56, 0.64);
    }

    @Test
    void buckets_areByBounds() {
        assertThat(LogisticMixer.sureness(0)).isZero();
        assertThat(LogisticMixer.sureness(0.1f)).isEqualTo(1);
        assertThat(LogisticMixer.sureness(0.59f)).isEqualTo(2);
        assertThat(LogisticMixer.sureness(1)).isEqualTo(4);
        assertThat(LogisticMixer.place(0, 4)).isZero();
        assertThat(LogisticMixer.place(3, 5)).isEqualTo(3);
        assertThat(LogisticMixer.context(LogisticMixer.MODEL_ONLY, 4, 3)).isEqualTo(LogisticMixer.CONTEXTS - 1);
    }
}
