package io.aded.host;

/** How many helpers an engine's thread has for its work beside passes, if nobody said. */
public final class HostThreads {
    /** With more, a step of some hundred microseconds is no longer shorter. */
    private static final int MOST_USUAL = 7;

    private HostThreads() {}

    /**
     * Half of the processors that neither compute passes nor are an engine's own; the other half is for requests, the
     * network and everybody else. None where nothing is free: helpers that have to share a processor make passes
     * slower.
     *
     * @param cores physical cores of the machine, at least 1
     * @param computing threads that each engine's passes use on the processor; 0 where they run on a device
     * @param engines at least 1
     * @return helpers of each engine, 0 to 7
     */
    public static int usual(int cores, int computing, int engines) {
        int free = cores - engines * (1 + computing);
        return Math.clamp(free / (2L * engines), 0, MOST_USUAL);
    }
}
