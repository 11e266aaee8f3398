package io.aded.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Characters that a state reads alike, again and again: after each of them the grammar is in the same state, which
 * reads them too. Inside a string of JSON these are all but quote, backslash and control characters.
 *
 * @param low those of ASCII up to 63, a bit each, and {@link Subtrees#BEYOND_ASCII}; never {@code 2}
 * @param high those of ASCII from 64 on
 * @param characters how many in a row can be read for certain; {@link Subtrees#MANY} where there is no end
 * @param bytes up to how many in a row; {@link Subtrees#MANY} where it does not matter
 * @param ends whether after so many characters none of them can follow, and the place cannot have been left before
 * @param isCut whether there may be more than so many characters, since nobody looked further
 */
record Run(long low, long high, int characters, int bytes, boolean ends, boolean isCut) {
    /** Of ASCII, all but control characters are looked at: what these lead to may take long to find out. */
    private static final int FIRST = ' ';

    private static final int LAST = 0x7F;

    /** Fewer characters are not worth the search, nor is it where there are more places. */
    private static final int FEW = 16;

    private static final int MOST_PLACES = 48;

    /** States after one character that are told apart. */
    private static final int MOST_TARGETS = 6;

    /** None. */
    static final Run NONE = new Run(0, 0, 0, 0, false, false);

    /** How many characters are looked ahead where each leads to another state. */
    private static final int MOST_LOOKED_AHEAD = 12;

    /** What was found for a state on the way is looked for again if it was cut so short. */
    private static final int SHORT = 6;

    /**
     * Finds the most characters that a state reads alike.
     *
     * @param depth how many states have been looked at before this one, on the way to it
     */
    @SuppressWarnings("ReferenceEquality") // equal states are one object
    static Run of(Machine.State state, Machine machine, int depth) {
        if (state.places() > MOST_PLACES || !machine.reads(state, FEW)) {
            return NONE;
        }
        Machine.State to = mostFrequent(state, machine);
        if (to == null) {
            return NONE;
        }
        long low = readsAllBeyondAscii(state, to, machine) ? Subtrees.BEYOND_ASCII : 0;
        long high = 0;
        for (int c = FIRST; c < LAST; c++) {
            long bit = machine.step(state, (byte) c) == to ? 1L << c : 0;
            low |= c < Long.SIZE ? bit : 0;
            high |= c < Long.SIZE ? 0 : bit;
        }
        if (to == state) {
            return new Run(low, high, Subtrees.MANY, Subtrees.MANY, false, false);
        }
        if (machine.alike(to) == machine.alike(state)) {
            // Alike for so many bytes: what one reads first, it reads again.
            return new Run(low, high, Subtrees.MANY, Automaton.FAR, false, false);
        }
        if (depth == MOST_LOOKED_AHEAD) {
            return new Run(low, high, 1, Subtrees.MANY, false, true);
        }
        Run next = machine.run(to, depth + 1);
        if ((low & ~next.low | high & ~next.high) != 0) {
            return new Run(low, high, 1, Subtrees.MANY, !to.escapes() && readsNone(to, low, high, machine), false);
        }
        return next.characters == Subtrees.MANY
                ? new Run(low, high, Subtrees.MANY, next.bytes, false, false)
                : new Run(
                        low,
                        high,
                        Math.min(next.characters + 1, Subtrees.MANY - 1),
                        Subtrees.MANY,
                        next.ends && !to.escapes(),
                        next.isCut);
    }

    /** Whether there is no need to look for it again. */
    boolean isFinal(int depth) {
        return !isCut || depth > 0 || characters >= SHORT;
    }

    private static boolean readsNone(Machine.State state, long low, long high, Machine machine) {
        for (int c = FIRST; c < LAST; c++) {
            long word = c < Long.SIZE ? low : high;
            if ((word & 1L << c) != 0 && !machine.step(state, (byte) c).isDead()) {
                return false;
            }
        }
        return true;
    }

    /** The state after most of the ASCII characters that can follow, if there are enough of them. */
    @SuppressWarnings("ReferenceEquality")
    private static Machine.@Nullable State mostFrequent(Machine.State state, Machine machine) {
        Machine.@Nullable State[] targets = new Machine.State[MOST_TARGETS];
        int[] counts = new int[MOST_TARGETS];
        int most = 0;
        for (int c = FIRST; c < LAST; c++) {
            Machine.State target = machine.step(state, (byte) c);
            int at = 0;
            while (at < MOST_TARGETS && targets[at] != null && targets[at] != target) {
                at++;
            }
            if (at < MOST_TARGETS && !target.isDead()) {
                targets[at] = target;
                counts[at]++;
                most = counts[at] > counts[most] ? at : most;
            }
        }
        return counts[most] < FEW ? null : targets[most];
    }

    private static boolean readsAllBeyondAscii(Machine.State from, Machine.State to, Machine machine) {
        return reach(from, 0xC2, 0xDF, 1, to, machine)
                && continues(machine.step(from, (byte) 0xE0), 0xA0, 0xBF, 1, to, machine)
                && reach(from, 0xE1, 0xEC, 2, to, machine)
                && continues(machine.step(from, (byte) 0xED), 0x80, 0x9F, 1, to, machine)
                && reach(from, 0xEE, 0xEF, 2, to, machine)
                && continues(machine.step(from, (byte) 0xF0), 0x90, 0xBF, 2, to, machine)
                && reach(from, 0xF1, 0xF3, 3, to, machine)
                && continues(machine.step(from, (byte) 0xF4), 0x80, 0x8F, 2, to, machine);
    }

    /** Whether a state is reached by a first byte from a range and so many further ones, whatever they are. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean reach(
            Machine.State from, int first, int last, int further, Machine.State to, Machine machine) {
        Machine.State before = null;
        for (int octet = first; octet <= last; octet++) {
            Machine.State after = machine.step(from, (byte) octet);
            if (after != before && !continues(after, 0x80, 0xBF, further - 1, to, machine)) {
                return false;
            }
            before = after;
        }
        return true;
    }

    /** Whether a state is reached by a byte from a range and so many further ones. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean continues(
            Machine.State from, int first, int last, int further, Machine.State to, Machine machine) {
        Machine.State before = null;
        for (int octet = first; octet <= last && !from.isDead(); octet++) {
            Machine.State after = machine.step(from, (byte) octet);
            boolean arrives = further == 0
                    ? after == to
                    : after == before || continues(after, 0x80, 0xBF, further - 1, to, machine);
            if (!arrives) {
                return false;
            }
            before = after;
        }
        return !from.isDead();
    }
}
