package io.aded.lab.load;

import io.aded.lab.report.Figures;
import java.util.SplittableRandom;

/** When calls begin. */
public sealed interface Arrivals {

    /**
     * Each of N callers asks again when it has its answer and has thought about it. The load follows the server: one
     * that stalls is asked less.
     *
     * @param streams how many callers, at least 1
     * @param thinkNanos from an answer to the next question
     */
    record Closed(int streams, long thinkNanos) implements Arrivals {
        @Override
        public String toString() {
            return "closed loop, " + streams + (streams == 1 ? " stream" : " streams")
                    + (thinkNanos == 0 ? "" : ", " + Figures.number(thinkNanos / 1e9, 2) + " s to think");
        }
    }

    /**
     * Calls begin at times of their own, as from the public at large. A call that cannot be sent yet, because too many
     * are outstanding, is still counted from the time at which it was to begin; else a stalled server would be excused
     * from the very calls that it kept waiting (coordinated omission).
     *
     * @param rate calls a second, above 0
     * @param poisson whether the gaps are drawn from the exponential distribution; else they are all alike
     * @param mostOutstanding calls without an answer, at most
     */
    record Open(double rate, boolean poisson, int mostOutstanding) implements Arrivals {
        /** The times of a block; the same seed gives the same ones. */
        Schedule schedule(long seed) {
            return new Schedule(this, seed);
        }

        @Override
        public String toString() {
            return "open loop, " + (poisson ? "Poisson, " : "constant, ") + Figures.number(rate, 2)
                    + " calls/s, at most " + mostOutstanding + " outstanding";
        }
    }

    /** Times of arrival one after the other; there is no list of them. */
    final class Schedule {
        private final Open open;
        private final SplittableRandom random;
        private double seconds;
        private long arrivals;

        private Schedule(Open open, long seed) {
            this.open = open;
            random = new SplittableRandom(seed);
        }

        /** The next arrival, in nanoseconds from the start; never before the last one. */
        long next() {
            if (open.poisson()) {
                // Gaps of a Poisson process; 1 - u is never 0, so the logarithm is finite.
                seconds += -Math.log(1 - random.nextDouble()) / open.rate();
            } else {
                seconds = arrivals / open.rate();
            }
            arrivals++;
            return (long) (seconds * 1e9);
        }
    }
}
