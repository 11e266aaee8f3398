package io.aded.serving;

import java.time.Duration;

/**
 * What may be spent on a request before the engine hears of it: on chat templates, tokenising and compiling grammars.
 *
 * @param threads requests worked on at once
 * @param perCaller how many of them may be one caller's
 * @param waiting requests that may wait for a thread, of all callers together; one caller may have half of them. Where
 *     more may wait for the engine, as many may wait here
 * @param longest how long work on one request may take
 */
public record PreparationLimits(int threads, int perCaller, int waiting, Duration longest) {

    /** A thread for each core and at least two, half of them for one caller; 512 may wait, and 10 s of work each. */
    public static final PreparationLimits DEFAULT = ofCores(Runtime.getRuntime().availableProcessors());

    public PreparationLimits {
        if (threads < 1 || perCaller < 1 || waiting < 0 || longest.isNegative() || longest.isZero()) {
            throw new IllegalArgumentException("threads " + threads + ", a caller's " + perCaller + ", waiting "
                    + waiting + ", longest " + longest + "; allowed: at least 1, 1 and 0, and more than no time");
        }
    }

    /**
     * Requests that may be worked on beside {@link #threads}, since they have turned out to take long; half of them
     * may be one caller's. More than these keep the places of short ones.
     */
    public int longWork() {
        return threads;
    }

    /** Cores that such work takes, all of it together, while turns are being answered: an eighth of them. */
    public double longWorkShare() {
        return threads / 8.0;
    }

    /** Requests that may wait for a thread where so many may be running in the engine or waiting for it. */
    public int waitingFor(int requests) {
        return Math.max(waiting, 2 * Math.min(requests, Integer.MAX_VALUE / 2));
    }

    static PreparationLimits ofCores(int cores) {
        int threads = Math.clamp(cores, 2, 16);
        return new PreparationLimits(threads, threads / 2, 512, Duration.ofSeconds(10));
    }
}
