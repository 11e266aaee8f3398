package io.aded.grammar;

/** Counts the steps of compiling what a caller sent, which may be made to take very many. */
final class Effort {
    /** Some seconds at most; what people write takes a thousandth. */
    private static final long MOST_STEPS = 20_000_000;

    private long left = MOST_STEPS;

    /**
     * Takes so many steps.
     *
     * @throws GrammarRefused if there have been too many
     */
    void spend(long steps) throws GrammarRefused {
        left -= steps;
        if (left < 0) {
            throw new GrammarRefused("takes more than " + MOST_STEPS
                    + " steps to compile: it combines too much; write it with fewer combinations");
        }
    }
}
