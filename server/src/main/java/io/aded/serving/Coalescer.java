package io.aded.serving;

import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Holds back what a turn emits, so that it is sent at intervals and not with each pass. How many tokens a pass yields
 * tells how well its draft was guessed, and thereby of the text; when passes end tells who else is decoding. Both show
 * in the sizes and times of packets, whether or not they are encrypted. The first delta is sent at once, since what it
 * tells is only how long the prompt took. Used by one thread at a time, as a turn's events come.
 */
final class Coalescer {
    private final long intervalNanos;
    private final LongSupplier clock;
    private final Output output;

    private final List<Delta> deltas = new ArrayList<>();
    private final List<RoundReport> rounds = new ArrayList<>();
    private boolean begun;
    private long due;

    /** Where it goes. */
    interface Output {
        /** The answer grows. */
        void emitted(Delta delta);

        /** A round is over, whose delta was told before. */
        void round(RoundReport report);
    }

    /** Makes one for each turn. */
    @FunctionalInterface
    interface Factory {
        /** One that holds back what goes to an output. */
        Coalescer to(Output output);
    }

    /**
     * One that begins a turn.
     *
     * @param intervalNanos how far apart deltas are at least; 0 holds nothing back
     * @param clock the engines' own
     */
    Coalescer(long intervalNanos, LongSupplier clock, Output output) {
        this.intervalNanos = intervalNanos;
        this.clock = clock;
        this.output = output;
    }

    void delta(Delta delta) {
        if (intervalNanos == 0) {
            output.emitted(delta);
            return;
        }
        deltas.add(delta);
        long now = clock.getAsLong();
        if (!begun || now - due >= 0) {
            begun = true;
            due = now + intervalNanos;
            flush();
        }
    }

    void round(RoundReport report) {
        if (deltas.isEmpty()) {
            output.round(report);
        } else {
            rounds.add(report);
        }
    }

    /** Sends all that is held back. */
    void flush() {
        for (int from = 0, to; from < deltas.size(); from = to) {
            to = from + 1;
            while (to < deltas.size()
                    && deltas.get(from).part().goesOnWith(deltas.get(to).part())) {
                to++;
            }
            output.emitted(to == from + 1 ? deltas.get(from) : Delta.joined(deltas.subList(from, to)));
        }
        deltas.clear();
        rounds.forEach(output::round);
        rounds.clear();
    }
}
