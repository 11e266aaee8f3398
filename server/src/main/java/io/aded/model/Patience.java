package io.aded.model;

import java.util.function.Supplier;

/**
 * Cooperative cancellation of work on what a caller sent. It is wanted until the caller leaves, until their deadline,
 * or until it has taken as long as any such work may.
 *
 * <p>Whoever does the work (renders, splits into tokens, compiles a grammar) calls {@link #check} where it counts its
 * steps, some thousand times a second. Who asked for the work is several rooms above, so the limit is bound to the
 * thread for as long as the work lasts, and work that nobody limits is never stopped.
 */
public final class Patience {
    private static final ScopedValue<Limit> CURRENT = ScopedValue.newInstance();

    private Patience() {}

    /** When work ends before it is done. */
    @FunctionalInterface
    public interface Limit {
        /**
         * Returns while the work is wanted.
         *
         * @throws AdedException why it is not any more
         */
        void check();
    }

    /** The limit of this thread's work, for another thread that does a part of it. */
    public static Limit current() {
        return CURRENT.isBound() ? CURRENT.get() : () -> {};
    }

    /** Does work that {@link #check} stops when the limit says so. */
    public static <T> T during(Limit limit, Supplier<T> work) {
        return ScopedValue.where(CURRENT, limit).call(work::get);
    }

    /**
     * Returns while the work of this thread is wanted.
     *
     * @throws AdedException.DeadlineExceeded if the caller's deadline has passed
     * @throws AdedException.Cancelled if the caller has left
     * @throws AdedException.ResourceExhausted if it has taken as long as it may
     */
    public static void check() {
        if (CURRENT.isBound()) {
            CURRENT.get().check();
        }
    }
}
