package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.gguf.SkippedLayers;
import io.aded.host.SkipSearch.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SkipSearchTest {
    /** By tokens, in passes of one: t(2) to t(4) are 1.25, 1.5 and 1.75; nothing wider was measured. */
    private static final double[] PASSES = {0, 40, 50, 60, 70};

    private static final double[] FLAT = {0, 1, 1, 1, 1, 1, 1, 1, 1, 1};

    private final List<String> tried = new ArrayList<>();

    private SkipSearch.Finding best(int layers, boolean noneToo, SkipSearch.Trial trial) {
        return new SkipSearch(layers, FLAT, noneToo).best(skipped -> {
            tried.add(skipped.toString());
            return trial.of(skipped);
        });
    }

    @Test
    void speedUp_byHand_isThatOfTheBestChain() {
        // One guess: 1.5 tokens in 1.25 + 0.25. Two: 1.75 in 1.5 + 0.5. Three: 1.875 in 1.75 + 0.75.
        assertThat(SkipSearch.speedUp(new Outcome(0.5, 0.25), PASSES)).isCloseTo(1, within(1e-12));
        // Three guesses, all right, for nothing: four tokens in 1.75.
        assertThat(SkipSearch.speedUp(new Outcome(1, 0), PASSES)).isCloseTo(4 / 1.75, within(1e-12));
        // One guess, never right, that costs a pass: one token in 2.25.
        assertThat(SkipSearch.speedUp(new Outcome(0, 1), PASSES)).isCloseTo(1 / 2.25, within(1e-12));
    }

    @Test
    void best_lengthsAboutTheMiddleThenToBothSides() {
        // Four layers are best, and better near the front.
        SkipSearch.Finding found = best(22, false, skipped -> switch (skipped.toString()) {
            case "9-12" -> new Outcome(0.8, 0.5);
            case "6-9", "8-12", "7-10" -> new Outcome(0.85, 0.5);
            default -> new Outcome(0.5, 0.5);
        });
        assertThat(tried).containsExactly("10-11", "9-11", "8-12", "7-13", "5-15", "6-10", "10-14");
        assertThat(found.layers()).isEqualTo("8-12");
        assertThat(found.skipped()).isEqualTo(SkippedLayers.parse("8-12"));
        assertThat(found.acceptance()).isEqualTo(0.85);
    }

    @Test
    void best_nearerTheFront_isFound() {
        Map<String, Double> acceptance = Map.of("14-17", 0.9, "10-13", 0.95);
        SkipSearch.Finding found =
                best(32, false, skipped -> new Outcome(acceptance.getOrDefault(skipped.toString(), 0.1), 0.4));
        assertThat(found.layers()).isEqualTo("10-13");
    }

    @Test
    void best_coarserCopyWithAllLayers_mayWin() {
        assertThat(best(22, true, skipped -> new Outcome(skipped.isEmpty() ? 0.93 : 0.5, 0.5))
                        .layers())
                .isEmpty();
        assertThat(best(22, false, skipped -> new Outcome(skipped.isEmpty() ? 0.93 : 0.5, 0.5))
                        .layers())
                .isNotEmpty();
    }

    @Test
    void best_threeLayers_leavesTheFirstAndTheLast() {
        assertThat(best(3, false, skipped -> new Outcome(0.5, 0.5)).layers()).isEqualTo("1");
        assertThat(tried).containsExactly("1");
    }
}
