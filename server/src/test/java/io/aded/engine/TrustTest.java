package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/**
 * Values are worked out by hand: 30 tokens of prior and a decay of 0.998 for an engine, 8, 0.97 and 0.99 for a stream.
 */
class TrustTest {
    private static final Offset<Double> EXACTLY = within(1e-12);

    @Test
    void value_nothingSeen_isTheStart() {
        assertThat(Trust.ofEngine().value()).isCloseTo(0.9, EXACTLY);
        assertThat(Trust.ofEngine().ofStream().value()).isCloseTo(0.9, EXACTLY);
    }

    @Test
    void saw_engine_isDeliveredOverPredictedWithThirtyTokensOfPrior() {
        Trust engine = Trust.ofEngine();
        engine.saw(10, 5);
        assertThat(engine.value())
                .isCloseTo((5 + 30 * 0.9) / (10 + 30), EXACTLY)
                .isCloseTo(0.8, EXACTLY);
        engine.saw(4, 4);
        // 10 · 0.998 + 4 predicted, 5 · 0.998 + 4 delivered.
        assertThat(engine.value()).isCloseTo((8.99 + 27) / (13.98 + 30), EXACTLY);
    }

    @Test
    void saw_stream_startsFromWhatTheEngineHasSeenByNow() {
        Trust engine = Trust.ofEngine();
        Trust stream = engine.ofStream();
        stream.saw(8, 2);
        assertThat(engine.value()).as("the engine's sees it too").isCloseTo((2 + 27) / 38.0, EXACTLY);
        assertThat(stream.value()).isCloseTo((2 + 8 * (29 / 38.0)) / (8 + 8), EXACTLY);
        stream.saw(1, 1);
        double general = (2 * 0.998 + 1 + 27) / (8 * 0.998 + 1 + 30);
        assertThat(stream.value()).isCloseTo((2 * 0.97 + 1 + 8 * general) / (8 * 0.97 + 1 + 8), EXACTLY);
        assertThat(engine.ofStream().value()).as("the next stream").isCloseTo(general, EXACTLY);
    }

    @Test
    void sawNothing_stream_driftsBackAndTheEngineDoesNot() {
        Trust engine = Trust.ofEngine();
        Trust stream = engine.ofStream();
        stream.saw(8, 2);
        stream.sawNothing();
        assertThat(stream.value()).isCloseTo((2 * 0.99 + 8 * (29 / 38.0)) / (8 * 0.99 + 8), EXACTLY);
        assertThat(engine.value()).isCloseTo(29 / 38.0, EXACTLY);
        for (int round = 0; round < 2000; round++) {
            stream.sawNothing();
        }
        assertThat(stream.value()).isCloseTo(29 / 38.0, within(1e-6));
    }

    @Test
    void value_farMoreDeliveredThanPredicted_isCapped() {
        Trust engine = Trust.ofEngine();
        engine.saw(1, 100);
        assertThat(engine.value()).isEqualTo(1.25);
        assertThat(engine.ofStream().value()).isCloseTo(1.25, EXACTLY);
    }
}
