package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.testing.Seeds;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

class PassTimeFilterTest {
    private final Random random = new Random(Seeds.orElse(1));

    /** Knows that one token costs 1, and nothing else. */
    private static PassTimeFilter filter() {
        PassTimeFilter filter = new PassTimeFilter(512);
        filter.setPace(0);
        return filter;
    }

    /** Kernels with tiles of four: what is left over is computed one by one. */
    private static double tiles(int width) {
        return 2.0 * (width / 4) + 1.0 * (width % 4);
    }

    private void play(PassTimeFilter filter, int passes, int widest, double noise, IntToDoubleFunction cost) {
        for (int pass = 0; pass < passes; pass++) {
            int width = 1 + random.nextInt(widest);
            filter.observe(width, 0, Math.log(cost.applyAsDouble(width)) + noise * random.nextGaussian());
        }
    }

    @Test
    void logarithm_nothingPlayed_isWhatPassesUsuallyCost() {
        PassTimeFilter filter = filter();
        // 0.4 an octave up to eight tokens, 0.6 beyond; half an octave adds half.
        assertThat(filter.logarithm(1)).isZero();
        assertThat(filter.logarithm(2)).isCloseTo(0.4, within(1e-12));
        assertThat(filter.logarithm(3)).isCloseTo(0.4 + 0.4 * Math.log(1.5) / Math.log(2), within(1e-12));
        assertThat(filter.logarithm(16)).isCloseTo(1.8, within(1e-12));
        assertThat(filter.logarithm(512)).isCloseTo(4.8, within(1e-12));
    }

    @Test
    void compare_oneRatio_isBelievedByHowSureItIs() {
        // What 2 tokens cost is uncertain by an octave's 0.35² and a step's 0.25²: 0.185 in all.
        PassTimeFilter filter = filter();
        filter.compare(2, 1.4, 0.185);
        assertThat(filter.logarithm(2)).as("half of the way").isCloseTo(0.9, within(1e-9));
        // Of that half the octave takes 0.1225 / 0.185, and the next one seven tenths of it.
        double octave = 0.5 * 0.1225 / 0.185;
        assertThat(filter.logarithm(4)).isCloseTo(0.8 + 1.7 * octave, within(1e-9));
        assertThat(filter.deviation(2)).isCloseTo(Math.sqrt(0.185 / 2), within(1e-9));
    }

    @Test
    void observe_tilesOfFour_aFullTileIsFoundCheaper() {
        PassTimeFilter filter = filter();
        play(filter, 1_000, 16, 0.2, PassTimeFilterTest::tiles);
        // Seven tokens take 5 and eight take 4.
        assertThat(Math.exp(filter.logarithm(7) - filter.logarithm(8))).isCloseTo(1.25, within(0.12));
        assertThat(Math.exp(filter.logarithm(15) - filter.logarithm(16))).isCloseTo(9 / 8.0, within(0.12));
    }

    @Test
    void observe_passesChosenForTheirPrice_costWhatIsBelieved() {
        // Each pass of its own width, chosen for what it is believed to cost a token; the machine's speed drifts, and
        // the same pass takes a third more or less.
        PassTimeFilter filter = filter();
        double pace = 0;
        double sum = 0;
        int count = 0;
        for (int pass = 0; pass < 4_000; pass++) {
            pace = 0.98 * pace + 0.08 * random.nextGaussian();
            int chosen = 1 + random.nextInt(8);
            if (pass % 2 == 0) {
                int from = chosen;
                double best = Double.MAX_VALUE;
                for (int width = from; width <= 64; width++) {
                    double each = filter.logarithm(width) - Math.log(from + 0.8 * (width - from));
                    if (each < best) {
                        best = each;
                        chosen = width;
                    }
                }
            }
            double log = Math.log(1 + 0.3 * (chosen - 1)) + pace + 0.33 * random.nextGaussian();
            if (pass % 2 == 0 && pass > 500) {
                sum += log - filter.logarithm(chosen);
                count++;
            }
            filter.observe(chosen, 0, log);
        }
        assertThat(sum / count).as("what they took above what was believed").isBetween(-0.05, 0.1);
    }

    @Test
    void observe_quietMachineThatSlowsDownByHalf_isBelievedAfterTwoDozenPasses() {
        PassTimeFilter filter = filter();
        play(filter, 600, 16, 0.01, PassTimeFilterTest::tiles);
        for (int pass = 0; pass < 24; pass++) {
            filter.observe(8, 0, Math.log(2 * tiles(8)) + 0.01 * random.nextGaussian());
        }
        assertThat(Math.exp(filter.logarithm(8)) / tiles(8)).isCloseTo(2, within(0.1));
        assertThat(Math.exp(filter.logarithm(2)) / tiles(2))
                .as("the others, by half as much or more")
                .isBetween(1.35, 2.2);
    }

    @Test
    void observe_oneStall_movesLittle() {
        PassTimeFilter filter = filter();
        play(filter, 600, 16, 0.05, PassTimeFilterTest::tiles);
        double before = filter.logarithm(8);
        filter.observe(8, 0, Math.log(100 * tiles(8)));
        assertThat(filter.logarithm(8) - before).isBetween(0.0, 0.1);
    }

    @Test
    void observe_promptsThatAreCheaper_makeDraftsNotCheaper() {
        // A prompt's tokens need no logits: they cost seven tenths.
        PassTimeFilter filter = filter();
        for (int pass = 0; pass < 1_000; pass++) {
            int width = 1 + random.nextInt(64);
            boolean prompt = random.nextInt(3) > 0;
            double cost = Math.log(1 + 0.3 * (width - 1)) + (prompt ? Math.log(0.7) : 0);
            filter.observe(width, prompt ? 1 : 0, cost + 0.05 * random.nextGaussian());
        }
        for (int width : new int[] {1, 8, 24, 60}) {
            assertThat(Math.exp(filter.logarithm(width)) / (1 + 0.3 * (width - 1)))
                    .as("%d tokens", width)
                    .isCloseTo(1, within(0.1));
        }
    }

    @Test
    void deviation_widthThatNobodyPlays_growsAndTheOthersStaysSmall() {
        PassTimeFilter filter = filter();
        play(filter, 300, 16, 0.05, PassTimeFilterTest::tiles);
        double known = filter.deviation(12);
        for (int pass = 0; pass < 1_000; pass++) {
            int width = pass % 2 == 0 ? 1 : 4;
            filter.observe(width, 0, Math.log(tiles(width)) + 0.05 * random.nextGaussian());
        }
        assertThat(known).isLessThan(0.05);
        assertThat(filter.deviation(12)).isBetween(0.1, 0.5);
        assertThat(filter.deviation(4)).isLessThan(0.1);
        assertThat(filter.deviation(1)).isZero();
    }

    @Test
    void observe_halfAMillionPasses_staysAnEstimate() {
        PassTimeFilter filter = filter();
        for (int pass = 0; pass < 500_000; pass++) {
            int width = (int) Math.pow(512, random.nextDouble());
            filter.observe(width, 0, Math.log(1 + 0.3 * (width - 1)) + 0.3 * random.nextGaussian());
        }
        for (int width = 2; width <= 512; width++) {
            assertThat(filter.deviation(width)).as("deviation at %d", width).isBetween(1e-4, 0.5);
            assertThat(Math.exp(filter.logarithm(width)) / (1 + 0.3 * (width - 1)))
                    .as("%d tokens", width)
                    .isBetween(0.65, 1.55);
        }
    }
}
