package io.aded.lab.load;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/**
 * When the parts of one answer arrived. Written by the network's thread while the answer streams in, read by the
 * caller's once it is over; what signals the end orders the two.
 */
final class Timeline {
    private final LongSupplier nanoClock;
    private final LongAdder arrivedTokens;
    private long[] times = new long[32];
    private int[] tokens = new int[32];
    private int count;
    /** Also read when a caller has given up on an answer that still streams in. */
    private final AtomicLong total = new AtomicLong();

    /**
     * An empty one.
     *
     * @param arrivedTokens counts along, over all answers of a block
     */
    Timeline(LongSupplier nanoClock, LongAdder arrivedTokens) {
        this.nanoClock = nanoClock;
        this.arrivedTokens = arrivedTokens;
    }

    /** So many tokens came in one message. */
    void arrived(int number) {
        if (number <= 0) {
            return;
        }
        if (count == times.length) {
            times = Arrays.copyOf(times, count * 2);
            tokens = Arrays.copyOf(tokens, count * 2);
        }
        times[count] = nanoClock.getAsLong();
        tokens[count++] = number;
        total.addAndGet(number);
        arrivedTokens.add(number);
    }

    /** Messages that held tokens. */
    int messages() {
        return count;
    }

    long time(int message) {
        return times[message];
    }

    int tokens(int message) {
        return tokens[message];
    }

    /** All that arrived. */
    long totalTokens() {
        return total.get();
    }
}
