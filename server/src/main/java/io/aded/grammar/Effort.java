package io.aded.grammar;

import io.aded.model.Patience;

/** Counts the steps of compiling what a caller sent, which may be made to take very many. */
final class Effort {
    /** Some seconds at most; what people write takes a thousandth. */
    private static final long MOST_STEPS = 20_000_000;

    /** Whether the caller still waits is asked this often. */
    private static final long ASK_EVERY = 1 << 12;

    private long left = MOST_STEPS;
    private int calls;
    private long nextLook = MOST_STEPS;

    /**
     * Takes so many steps.
     *
     * @throws GrammarRefused if there have been too many
     * @throws io.aded.model.AdedException if the caller does not wait any more
     */
    void spend(long steps) throws GrammarRefused {
        left -= steps;
        if ((++calls & 63) == 0) {
            Patience.check();
        }
        if (left < nextLook) {
            nextLook = left - ASK_EVERY;
            Patience.check();
        }
        if (left < 0) {
            throw new GrammarRefused("takes more than " + MOST_STEPS
                    + " steps to compile: it combines too much; write it with fewer combinations");
        }
    }
}
