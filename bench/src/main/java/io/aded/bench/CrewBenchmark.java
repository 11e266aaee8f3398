package io.aded.bench;

import io.aded.engine.Crew;
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
import org.openjdk.jmh.infra.Blackhole;

/** What it takes to share a step of the host's work among threads: 32 tasks of so many microseconds each. */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Benchmark)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class CrewBenchmark {
    private static final int TASKS = 32;

    /** Of JMH's own measure of work, for about a microsecond. */
    private static final long WORK = 400;

    /** Beside the calling thread. */
    @Param({"0", "1"})
    public int helpers;

    /** Of each task; 0 for an empty one. */
    @Param({"0", "1", "8"})
    public int micros;

    private Crew crew = Crew.alone();

    /** Starts the helpers. */
    @Setup
    public void start() {
        crew = Crew.of(helpers);
    }

    /** Ends them. */
    @TearDown
    public void end() {
        crew.close();
    }

    /** One step. */
    @Benchmark
    public void step() {
        crew.each(TASKS, (_, _) -> Blackhole.consumeCPU(micros * WORK));
    }
}
