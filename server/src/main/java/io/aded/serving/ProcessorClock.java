package io.aded.serving;

/** Tells what a thread has cost, whatever else the machine was at meanwhile. Thread-safe. */
@FunctionalInterface
public interface ProcessorClock {
    /** Nobody can tell. */
    ProcessorClock NONE = () -> -1;

    /** What the calling thread has had of a processor since it began, in nanoseconds; negative if nobody can tell. */
    long computedNanos();
}
