package io.aded.host;

import io.aded.engine.EnginePulse;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * Tells engines that hang, or are lost, from those that are merely slow. It is asked again and again, says what it
 * thinks, and does nothing itself. Not thread-safe.
 */
final class Watchdog {
    /*
     * What hangs
     *
     *   An engine says which step of its loop it is in, and what the forward pass in it should take by all that was
     *   measured. A step hangs when it has gone on for longer than the limit, and for longer than ten times what its
     *   pass should take: a pass over a long prompt on a slow machine may take its time.
     *
     * Whose time
     *
     *   A process that is stopped (SIGSTOP, a debugger, a machine that slept) does not count the time: between two
     *   looks
     *   no more is booked than twice the time that there should be between them. For then the watchdog did not run
     *   either.
     */
    private static final int TIMES_EXPECTED = 10;

    /** How often it should be asked. */
    static final Duration INTERVAL = Duration.ofSeconds(1);

    /** What it thinks of all engines together: the worst of them. */
    enum Verdict {
        /** They get on, or have nothing to do. */
        WELL,
        /** One hangs; it may come back. */
        HANGS,
        /** One has hung for longer than the grace. */
        HUNG,
        /** One has failed for good. */
        LOST
    }

    private final List<Supplier<EnginePulse>> engines;
    private final long stallNanos;
    private final long graceNanos;

    /** By engine: the step seen last, and how long it has gone on. */
    private final long[] steps;

    private final long[] elapsed;
    private long lastLook;
    private boolean looked;

    /**
     * A watchdog that has seen nothing yet.
     *
     * @param stall how long a step may take
     * @param grace how much longer it may take before there is no hope
     */
    Watchdog(List<Supplier<EnginePulse>> engines, Duration stall, Duration grace) {
        this.engines = List.copyOf(engines);
        stallNanos = stall.toNanos();
        graceNanos = grace.toNanos();
        steps = new long[engines.size()];
        elapsed = new long[engines.size()];
    }

    /** Looks at all engines. */
    Verdict look(long nanoTime) {
        long since = looked ? Math.min(nanoTime - lastLook, 2 * INTERVAL.toNanos()) : 0;
        lastLook = nanoTime;
        looked = true;
        Verdict worst = Verdict.WELL;
        for (int i = 0; i < steps.length; i++) {
            Verdict verdict = look(i, engines.get(i).get(), since);
            worst = verdict.compareTo(worst) > 0 ? verdict : worst;
        }
        return worst;
    }

    private Verdict look(int engine, EnginePulse pulse, long since) {
        if (pulse.lost() != null) {
            return Verdict.LOST;
        }
        boolean same = pulse.busy() && pulse.step() == steps[engine];
        elapsed[engine] = same ? elapsed[engine] + since : 0;
        steps[engine] = pulse.step();
        long limit = Math.max(stallNanos, TIMES_EXPECTED * pulse.expectedNanos());
        if (elapsed[engine] <= limit) {
            return Verdict.WELL;
        }
        return elapsed[engine] <= limit + graceNanos ? Verdict.HANGS : Verdict.HUNG;
    }
}
