package io.aded.draft;

/** What it costs to verify drafts in the pass that is to come. */
@FunctionalInterface
public interface VerificationPrice {
    /** Nobody knows: nothing. */
    VerificationPrice UNKNOWN = _ -> 0;

    /**
     * The time that a stream adds to the pass, in nanoseconds, if all streams verify so many draft nodes each.
     *
     * @param nodes 0 or more
     */
    double extraNanos(int nodes);
}
