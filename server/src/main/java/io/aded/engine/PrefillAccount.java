package io.aded.engine;

/**
 * What a caller has had of the passes' room for prompts, against the others who want some; and what it gets of the pass
 * that is planned. {@link Chunking}'s.
 */
final class PrefillAccount {
    /**
     * Who has had less of it, counted in so many tokens, goes first. Within a quantum a prompt is not interrupted, so
     * short ones go in whole, and long ones are not cut finer than kernels like.
     */
    static final int QUANTUM = 64;

    private long used;
    private long lastPlan = -1;
    private long lastAsked = -1;
    private int wanted;
    private int share;

    /**
     * Asks for room in a plan.
     *
     * @param request its number, which is another one for each plan and priority
     * @param plan the plan's number
     * @param floor what a caller counts as having had at least who did not ask in the plan before
     * @return whether it is the first time that it asks by this number
     */
    boolean ask(long request, long plan, long floor, int tokens) {
        boolean first = lastAsked != request;
        if (first) {
            lastAsked = request;
            wanted = 0;
            share = 0;
        }
        if (lastPlan < plan - 1) {
            used = Math.max(used, floor);
        }
        lastPlan = plan;
        wanted += tokens;
        return first;
    }

    /** Tokens it asked for and has not got. */
    int open() {
        return wanted - share;
    }

    /** What it gets of the pass, in tokens. */
    int share() {
        return share;
    }

    long used() {
        return used;
    }

    /** Takes what is left of its quantum. Returns how much that is, at most {@code room}. */
    int take(int room) {
        int taken = (int) Math.min(Math.min(room, open()), QUANTUM - used % QUANTUM);
        share += taken;
        used += taken;
        return taken;
    }

    /** Whether it gets room before another: it has had less, by quanta; of equal ones, who wants less goes first. */
    boolean goesBefore(PrefillAccount other) {
        long mine = used / QUANTUM;
        long others = other.used / QUANTUM;
        return mine < others || (mine == others && open() < other.open());
    }
}
