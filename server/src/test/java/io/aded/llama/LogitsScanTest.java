package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.aded.model.TopTokens;
import io.aded.testing.Seeds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LogitsScanTest {
    /** Rows begin somewhere inside a context's output buffer, not at its start. */
    private static final int SKIPPED = 3;

    private final LogitsScan scan = new LogitsScan();

    private TopTokens scan(int capacity, float... row) {
        return scan(new TopTokens(capacity), row);
    }

    private TopTokens scan(TopTokens top, float... row) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(ValueLayout.JAVA_FLOAT, SKIPPED + row.length);
            MemorySegment.copy(row, 0, memory, ValueLayout.JAVA_FLOAT, SKIPPED * 4L, row.length);
            scan.scan(memory, SKIPPED * 4L, row.length, top);
            int best = scan.best(memory, SKIPPED * 4L, row.length);
            if (top.capacity() > 0) {
                assertThat(best).as("the best alone").isEqualTo(top.token(0));
            }
        }
        return top;
    }

    /** The definition, in double, with the ties and the NaN rule of {@link LogitsScan}. */
    private static void assertMatchesDefinition(TopTokens top, float[] row, String description) {
        Integer[] ids = IntStream.range(0, row.length).boxed().toArray(Integer[]::new);
        float[] clean = row.clone();
        for (int i = 0; i < clean.length; i++) {
            clean[i] = Float.isNaN(clean[i]) ? Float.NEGATIVE_INFINITY : clean[i];
        }
        Arrays.sort(ids, Comparator.<Integer>comparingDouble(id -> -clean[id]).thenComparing(id -> id));
        assertThat(top.size()).as(description).isEqualTo(Math.min(top.capacity(), row.length));
        for (int i = 0; i < top.size(); i++) {
            assertThat(top.token(i)).as("%s, place %d", description, i).isEqualTo(ids[i]);
            assertThat(top.logit(i)).as("%s, place %d", description, i).isEqualTo(clean[ids[i]]);
        }
        double max = clean[ids[0]];
        double sum = 0;
        for (float logit : clean) {
            sum += Math.exp(logit - max);
        }
        assertThat((double) top.logSumExp()).as(description).isCloseTo(max + Math.log(sum), within(1e-4));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 63, 1023, 1024, 1025, 2048, 32_000, 151_936})
    void scan_randomRow_agreesWithTheDefinition(int count) {
        long seed = Seeds.next();
        Random random = new Random(seed);
        for (float spread : new float[] {0f, 0.01f, 1f, 3f, 20f}) {
            float[] row = new float[count];
            for (int i = 0; i < count; i++) {
                row[i] = (float) (random.nextGaussian() * spread - 2);
            }
            for (int capacity : new int[] {1, 8, 40}) {
                assertMatchesDefinition(scan(capacity, row), row, "seed " + seed + ", spread " + spread);
            }
        }
    }

    @Test
    void scan_fewDistinctValues_tiesGoToTheLowerId() {
        long seed = Seeds.next();
        Random random = new Random(seed);
        float[] row = new float[5000];
        for (int i = 0; i < row.length; i++) {
            row[i] = 1 + random.nextInt(3);
        }

        for (int capacity : new int[] {1, 2, 8, 100}) {
            assertMatchesDefinition(scan(capacity, row), row, "seed " + seed);
        }
    }

    @Test
    void scan_ascendingRow_everyBlockRaisesTheMaximum() {
        float[] row = new float[10_000];
        for (int i = 0; i < row.length; i++) {
            row[i] = i * 0.01f - 50;
        }

        assertMatchesDefinition(scan(8, row), row, "ascending");
    }

    @Test
    void scan_notANumber_countsAsMinusInfinity() {
        float[] row = new float[3000];
        Arrays.fill(row, 1f);
        row[5] = Float.NaN;
        row[6] = Float.intBitsToFloat(0xFFC0_0001);
        row[1500] = 9f;
        row[2999] = Float.NaN;

        assertMatchesDefinition(scan(8, row), row, "with NaN");
    }

    @Test
    void scan_maskedTokens_countForNothing() {
        float[] row = new float[3000];
        Arrays.fill(row, Float.NEGATIVE_INFINITY);
        row[2000] = 3f;
        row[10] = 2f;

        TopTokens top = scan(2, row);

        assertMatchesDefinition(top, row, "masked");
        assertThat(top.probability(0)).isCloseTo(0.731059f, within(1e-4f));
    }

    @Test
    void scan_nothingFinite_saysSo() {
        float[] row = new float[2000];
        Arrays.fill(row, Float.NEGATIVE_INFINITY);
        assertThat(scan(2, row).logSumExp()).isEqualTo(Float.NEGATIVE_INFINITY);

        Arrays.fill(row, Float.NaN);
        assertThat(scan(2, row).logSumExp()).isEqualTo(Float.NEGATIVE_INFINITY);

        row[1200] = Float.POSITIVE_INFINITY;
        TopTokens top = scan(2, row);
        assertThat(top.logSumExp()).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(top.token(0)).isEqualTo(1200);
    }

    @Test
    void scan_hugeSpan_isClampedNotWrong() {
        float[] row = new float[4000];
        for (int i = 0; i < row.length; i++) {
            row[i] = -1e30f * (i + 1);
        }
        row[3000] = 100f;
        row[3001] = 44.5f;
        row[3002] = 43f;

        assertMatchesDefinition(scan(3, row), row, "span of 1e33");
    }

    @Test
    void scan_flatRow_isTheLogarithmOfTheCount() {
        float[] row = new float[151_936];
        Arrays.fill(row, -3f);

        assertThat(scan(8, row).logSumExp()).isCloseTo((float) (Math.log(151_936) - 3), within(1e-4f));
    }

    @Test
    void scan_noCapacity_stillSums() {
        assertThat(scan(0, 0f, 0f).logSumExp()).isCloseTo((float) Math.log(2), within(1e-5f));
    }

    @Test
    void scan_secondRow_knowsNothingOfTheFirst() {
        float[] high = new float[3000];
        Arrays.fill(high, 50f);
        scan(8, high);

        float[] low = {1f, 2f, 3f};

        assertMatchesDefinition(scan(8, low), low, "after a larger row");
    }

    @Test
    void scan_repeated_allocatesNothing() {
        TopTokens top = new TopTokens(8);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(ValueLayout.JAVA_FLOAT, 32_000);
            // What is interpreted allocates, and when the compiler comes to it is its own affair.
            long allocated = Long.MAX_VALUE;
            for (int round = 0; round < 60 && allocated >= 1_000; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1_000; i++) {
                    scan.scan(memory, 0, 32_000, top);
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }

            assertThat(allocated).isLessThan(1_000);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 4096, 5000, 32_000, 151_936})
    void scan_sampledMass_hasTheSameBestTokensAndNearlyTheSameSum(int count) {
        Random random = new Random(count);
        for (int round = 0; round < 20; round++) {
            float[] row = new float[count];
            for (int i = 0; i < count; i++) {
                row[i] = (float) (-2 + 2.5 * random.nextGaussian());
            }
            for (int i = 0; i < 12; i++) {
                row[random.nextInt(count)] = (float) (4 + 10 * random.nextDouble());
            }
            TopTokens exact = scan(new TopTokens(8), row);
            TopTokens sampled = scan(new TopTokens(8, TopTokens.Mass.SAMPLED), row);
            for (int i = 0; i < exact.size(); i++) {
                assertThat(sampled.token(i)).isEqualTo(exact.token(i));
                assertThat(sampled.logit(i)).isEqualTo(exact.logit(i));
            }
            assertThat(sampled.size()).isEqualTo(exact.size());
            assertThat(sampled.logSumExp()).isCloseTo(exact.logSumExp(), within(0.1f));
        }
    }

    @Test
    void scan_sampledMassOfMaskedTokens_countsTheRestAlone() {
        float[] row = new float[8192];
        Arrays.fill(row, Float.NEGATIVE_INFINITY);
        row[10] = 3f;
        row[900] = 2f;
        TopTokens top = scan(new TopTokens(8, TopTokens.Mass.SAMPLED), row);
        assertThat((double) top.logSumExp()).isCloseTo(Math.log(Math.exp(3) + Math.exp(2)), within(1e-4));
        row[10] = Float.POSITIVE_INFINITY;
        assertThat(scan(new TopTokens(8, TopTokens.Mass.SAMPLED), row).logSumExp())
                .isEqualTo(Float.POSITIVE_INFINITY);
    }

    @Test
    void scan_signsAndZeros_areOrderedAsFloatsAre() {
        // Blocks without a sign, with nothing but signs, with both zeros, and with a NaN of either sign among signs.
        float[] row = new float[7 * 1024];
        Arrays.fill(row, 0, 1024, 1f);
        Arrays.fill(row, 1024, 2048, -3f);
        row[1500] = -0.5f;
        Arrays.fill(row, 2048, 3072, -0f);
        Arrays.fill(row, 3072, 4096, -0f);
        row[4000] = 0f;
        Arrays.fill(row, 4096, 5120, -7f);
        row[4100] = Float.NaN;
        Arrays.fill(row, 5120, 6144, -7f);
        row[5200] = Float.intBitsToFloat(0xFFC0_0001);
        Arrays.fill(row, 6144, 7168, -Float.MIN_VALUE);
        for (int from = 0; from < row.length; from += 1024) {
            float[] rest = Arrays.copyOfRange(row, from, row.length);
            assertMatchesDefinition(scan(8, rest), rest, "from " + from);
            float[] block = Arrays.copyOfRange(row, from, from + 1024);
            assertMatchesDefinition(scan(1, block), block, "block at " + from);
        }
    }

    @Test
    void scan_noMass_findsTheBestTokens() {
        float[] row = new float[5000];
        row[4999] = 2f;
        row[17] = Float.NaN;
        TopTokens top = scan(new TopTokens(2, TopTokens.Mass.NONE), row);
        assertThat(top.token(0)).isEqualTo(4999);
        assertThat(top.token(1)).isZero();
        assertThat(top.logSumExp()).isNaN();
    }
}
