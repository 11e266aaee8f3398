package io.aded.template.jinja;

/**
 * How much one rendering may cost.
 *
 * @param steps the most operations; an operation that copies n characters or items counts as 1 + n/64 of them
 * @param outputChars the most UTF-16 units that any text may have, the result included
 * @param depth the deepest nesting of macro calls, recursive loops and printed values, 1 to 500
 * @param deadlineNanos the time on {@code clock} at which rendering is given up
 * @param clock a clock in nanoseconds, such as {@code System::nanoTime}
 */
public record Bounds(long steps, int outputChars, int depth, long deadlineNanos, Clock clock) {

    /** Tells the time in nanoseconds. */
    @FunctionalInterface
    public interface Clock {
        /** The time now, such as {@code System.nanoTime()}. */
        long nanos();
    }

    /** Generous for real templates: 20 million steps, 64 Mi characters, 100 levels, no deadline. */
    public static final Bounds DEFAULT = new Bounds(20_000_000, 64 << 20, 100, Long.MAX_VALUE, () -> 0);

    public Bounds {
        if (steps < 1 || outputChars < 1 || depth < 1 || depth > 500) {
            throw new IllegalArgumentException("steps " + steps + ", outputChars " + outputChars + ", depth " + depth
                    + "; allowed: at least 1 each, depth at most 500");
        }
    }

    /** The same with a deadline. */
    public Bounds until(long deadline, Clock time) {
        return new Bounds(steps, outputChars, depth, deadline, time);
    }
}
