package io.aded.engine;

import java.util.List;
import java.util.function.LongSupplier;

/**
 * A step of the host's work that is done for every round of a pass, by the {@link Crew}; and what it costs each stream.
 *
 * <p>Owned by the engine thread, and used again for every step.
 */
final class HostPhase {
    /*
     * What a stream pays
     *
     *   Budget and gate price drafts by the host's time, that is, by how much later the pass is for it. Where several
     *   threads are at work at once a step is over before the sum of its parts. So each stream is charged with that
     *   part of the step's time that its own work has in the sum.
     */

    /** What is done for a round. Nothing of another round may be touched, nor what rounds share. */
    interface Step {
        /**
         * Does it.
         *
         * @param worker who does it: see {@link Crew.Task}
         */
        void run(Round round, int worker);
    }

    private final Crew crew;
    private final LongSupplier clock;
    private final Crew.Task task = this::run;

    // Of the step.
    private List<Round> rounds = List.of();
    private Step step = (_, _) -> {};
    private boolean timed;

    HostPhase(Crew crew, LongSupplier clock) {
        this.crew = crew;
        this.clock = clock;
    }

    /** Threads that are at work. */
    int workers() {
        return 1 + crew.helpers();
    }

    /** Does a step for every round. */
    void each(List<Round> all, Step what) {
        play(all, what, false);
    }

    /** Does a step for every round, and charges the streams whose drafters need it. */
    void charged(List<Round> all, Step what) {
        if (anyPays(all)) {
            playCharged(all, what);
        } else {
            play(all, what, false);
        }
    }

    /** Does a step that is nothing to rounds without a drafter or a constraint, and charges the others for it. */
    void ofDrafters(List<Round> all, Step what) {
        if (anyPays(all)) {
            playCharged(all, what);
        }
    }

    private void playCharged(List<Round> all, Step what) {
        long start = clock.getAsLong();
        play(all, what, true);
        long took = clock.getAsLong() - start;
        long sum = 0;
        for (Round round : all) {
            sum += round.worked();
        }
        double share = sum > took ? (double) took / sum : 1;
        for (Round round : all) {
            round.chargeWorked(share);
        }
    }

    /** Whether anybody is to be charged. Where drafts do not pay that is nobody in nearly all passes. */
    private static boolean anyPays(List<Round> all) {
        for (Round round : all) {
            if (pays(round)) {
                return true;
            }
        }
        return false;
    }

    private static boolean pays(Round round) {
        return round.drafting() != null || round.isConstrained();
    }

    private void play(List<Round> all, Step what, boolean isTimed) {
        rounds = all;
        step = what;
        timed = isTimed;
        crew.each(all.size(), task);
    }

    private void run(int index, int worker) {
        Round round = rounds.get(index);
        if (timed && pays(round)) {
            long start = clock.getAsLong();
            step.run(round, worker);
            round.worked(clock.getAsLong() - start);
        } else {
            step.run(round, worker);
        }
    }

    /** Ends the helpers. */
    void close() {
        crew.close();
    }

    /** The engine's next step comes in about so long. */
    void expect(double nanos) {
        crew.expect(nanos);
    }
}
