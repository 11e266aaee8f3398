package io.aded.bench;

import io.aded.llama.LogitsScan;
import io.aded.model.TopTokens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One row of logits in native memory: the best 8 tokens and the log-sum-exp. The row is one of four in turn, as a pass
 * of a small draft leaves them behind: the branch predictor cannot learn one by heart.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class LogitsScanBenchmark {
    private static final int ROWS = 4;

    /** Llama 2's vocabulary and Qwen's. */
    @Param({"32000", "151936"})
    public int vocabulary = 32_000;

    private final Arena arena = Arena.ofShared();
    private final LogitsScan scan = new LogitsScan();
    private final TopTokens top = new TopTokens(8);
    private final TopTokens sampled = new TopTokens(8, TopTokens.Mass.SAMPLED);
    private MemorySegment logits = MemorySegment.NULL;
    private int row;

    /** Normal noise with a few tokens that stand out, as a model's rows look. */
    @Setup
    public void fill() {
        SplittableRandom random = new SplittableRandom(11);
        logits = arena.allocate(ValueLayout.JAVA_FLOAT, (long) ROWS * vocabulary);
        for (long i = 0; i < (long) ROWS * vocabulary; i++) {
            logits.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (-2 + 2.5 * random.nextGaussian()));
        }
        for (int i = 0; i < ROWS * 12; i++) {
            long place = (long) (i % ROWS) * vocabulary + random.nextInt(vocabulary);
            logits.setAtIndex(ValueLayout.JAVA_FLOAT, place, (float) (8 + 8 * random.nextDouble()));
        }
    }

    /** Gives the rows back. */
    @TearDown
    public void free() {
        arena.close();
    }

    /** Reads one row. */
    @Benchmark
    public int top8() {
        row = row + 1 == ROWS ? 0 : row + 1;
        scan.scan(logits, (long) row * vocabulary * Float.BYTES, vocabulary, top);
        return top.token(0);
    }

    /** Reads one row as drafters do, who want to know the others' share only roughly. */
    @Benchmark
    public int top8Sampled() {
        row = row + 1 == ROWS ? 0 : row + 1;
        scan.scan(logits, (long) row * vocabulary * Float.BYTES, vocabulary, sampled);
        return sampled.token(0);
    }

    /** Looks for the best token alone. */
    @Benchmark
    public int best() {
        row = row + 1 == ROWS ? 0 : row + 1;
        return scan.best(logits, (long) row * vocabulary * Float.BYTES, vocabulary);
    }
}
