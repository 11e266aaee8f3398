package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ArmWeightsTest {
    /** Losses of none, table, model and both. */
    private static double[] losses(double none, double table, double model, double both) {
        return new double[] {none, table, model, both};
    }

    @Test
    void best_nothingSeen_isBoth() {
        assertThat(ArmWeights.ofEngine().ofStream().best(0)).isEqualTo(Arm.BOTH);
    }

    @Test
    void learn_oneRound_multipliesWeightsByTheExponentialOfTheLoss() {
        ArmWeights engine = ArmWeights.ofEngine();
        ArmWeights stream = engine.ofStream();

        stream.learn(4, losses(0, 1, 0, -1));

        // Engine: 0.1 a token, stream: 0.4. Table loses 1: −0.5; both gains 1: +0.5; elsewhere a quarter of it.
        assertThat(stream.log(4, Arm.TABLE)).isCloseTo(-0.5, within(1e-9));
        assertThat(stream.log(4, Arm.BOTH)).isCloseTo(0.5, within(1e-9));
        assertThat(stream.log(0, Arm.BOTH)).isCloseTo(0.125, within(1e-9));
        assertThat(engine.log(4, Arm.BOTH)).isCloseTo(0.1, within(1e-9));
    }

    @Test
    void learn_armIsBestForLong_isPlayedAndNewStreamsBeginWithIt() {
        ArmWeights engine = ArmWeights.ofEngine();
        ArmWeights stream = engine.ofStream();
        for (int round = 0; round < 100; round++) {
            stream.learn(2, losses(0.5, -0.2, 0.4, 0.1));
        }
        assertThat(stream.best(2)).isEqualTo(Arm.TABLE);
        assertThat(engine.ofStream().best(2)).isEqualTo(Arm.TABLE);
        assertThat(engine.share(Arm.TABLE)).isGreaterThan(0.5);
    }

    @Test
    void learn_textChanges_followsWithinSomeDozenRounds() {
        ArmWeights stream = ArmWeights.ofEngine().ofStream();
        for (int round = 0; round < 1000; round++) {
            stream.learn(0, losses(0.2, -0.3, 0.2, 0));
        }
        int rounds = 0;
        while (stream.best(0) != Arm.BOTH) {
            stream.learn(0, losses(0.2, 0.3, 0.2, -0.3));
            rounds++;
        }
        assertThat(rounds).isBetween(10, 60);
    }

    @Test
    void best_noneIsALittleBetter_stillDrafts() {
        ArmWeights stream = ArmWeights.ofEngine().ofStream();
        stream.learn(0, losses(-0.5, 0, 0.5, 0.5));
        assertThat(stream.best(0)).isEqualTo(Arm.TABLE);
        for (int round = 0; round < 20; round++) {
            stream.learn(0, losses(-0.5, 0.4, 0.5, 0.5));
        }
        assertThat(stream.best(0)).isEqualTo(Arm.NONE);
    }

    @Test
    void share_allArms_addUpToOne() {
        ArmWeights engine = ArmWeights.ofEngine();
        engine.learn(1, losses(1, 0, 2, -1));
        assertThat(Arrays.stream(Arm.values()).mapToDouble(engine::share).sum()).isCloseTo(1, within(1e-9));
    }

    @Test
    void context_isByMatchAndRun() {
        assertThat(ArmWeights.context(0, 0)).isZero();
        assertThat(ArmWeights.context(4, 3)).isEqualTo(4);
        assertThat(ArmWeights.context(5, 4)).isEqualTo(ArmWeights.CONTEXTS - 1);
    }
}
