package io.aded.serving;

/** What a thread does once its work has turned out to be long: it gives way to others wherever it can. */
@FunctionalInterface
public interface Demotion {
    /** It goes on as it is. */
    Demotion NONE = () -> false;

    /**
     * Lowers the priority that the calling thread has for the operating system, for as long as the thread lives. Never
     * fails.
     *
     * @return whether it is lower now
     */
    boolean demote();

    /** What the calling thread has had of a processor since it began, in nanoseconds; negative if nobody can tell. */
    default long computedNanos() {
        return -1;
    }
}
