package io.aded.engine;

import io.aded.draft.Drafter;

/**
 * A stream's drafter, how its speculation is controlled, and how far it has read the history.
 *
 * <p>Owned by the engine thread.
 */
final class Learner {
    private final Drafter drafter;
    private final SpeculationControl control;
    private int seen;

    Learner(Drafter drafter, SpeculationControl control) {
        this.drafter = drafter;
        this.control = control;
    }

    Drafter drafter() {
        return drafter;
    }

    SpeculationControl control() {
        return control;
    }

    /**
     * Reads what it has not seen of a history.
     *
     * @param tokens the history; the first {@code length} entries count
     * @param lastEnd the end token that it saw when the last answer was closed, or -1; the history may lack it
     */
    void read(int[] tokens, int length, int lastEnd) {
        if (seen > length) {
            seen = 0; // the history was rewritten; what was learned from the old one does no harm
        }
        int from = seen;
        if (from < length && tokens[from] == lastEnd) {
            from++;
        }
        if (from < length) {
            drafter.learnPrompt(tokens, from, length);
        }
        seen = length;
    }

    /** It has seen the history up to this length, round by round. */
    void saw(int length) {
        seen = length;
    }
}
