package io.aded.lab.load;

/** How a call ended. */
sealed interface Reply {

    /** With an answer. */
    record Answered(Usage usage) implements Reply {}

    /**
     * Without one.
     *
     * @param status a gRPC status' name, {@code HTTP} and a number, or one of the names below
     * @param rejected whether the server refused it for want of room, which is a way of keeping its promises
     * @param said the server's own words; empty if there are none, or none that are known to repeat no prompt
     */
    record Failed(String status, boolean rejected, String said) implements Reply {
        /** A failure without words. */
        Failed(String status, boolean rejected) {
            this(status, rejected, "");
        }
    }

    /** Nobody listens, or the connection broke. */
    Failed UNAVAILABLE = new Failed("UNAVAILABLE", false);

    /** The answer took longer than {@code --timeout}. */
    Failed LATE = new Failed("DEADLINE_EXCEEDED", false);

    /** What came is no answer: not the expected format, or cut off. */
    Failed MALFORMED = new Failed("MALFORMED", false);

    /** The run was stopped. */
    Failed CANCELLED = new Failed("CANCELLED", false);

    /**
     * What the server says about an answer; {@value #UNKNOWN} for what it does not say.
     *
     * @param tokens of the answer
     * @param promptTokens of the prompt, history included
     * @param cachedTokens those of them that it did not compute anew
     * @param queueNanos from submission until it was taken up
     * @param rounds forward passes for the answer
     * @param draftRounds those that verified a draft
     * @param draftTokens verified
     * @param acceptedTokens of them accepted
     * @param passNanos in forward passes after the prompt was read
     * @param hostNanos in those rounds, outside of the passes
     */
    record Usage(
            long tokens,
            long promptTokens,
            long cachedTokens,
            long queueNanos,
            long rounds,
            long draftRounds,
            long draftTokens,
            long acceptedTokens,
            long passNanos,
            long hostNanos) {

        static final long UNKNOWN = -1;

        /** A server that says nothing. */
        static final Usage NONE = new Usage(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN);

        /** Of a server that does not say where its time goes. */
        Usage(
                long tokens,
                long promptTokens,
                long cachedTokens,
                long queueNanos,
                long rounds,
                long draftRounds,
                long draftTokens,
                long acceptedTokens) {
            this(
                    tokens,
                    promptTokens,
                    cachedTokens,
                    queueNanos,
                    rounds,
                    draftRounds,
                    draftTokens,
                    acceptedTokens,
                    UNKNOWN,
                    UNKNOWN);
        }
    }
}
