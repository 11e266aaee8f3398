package io.aded.engine;

import io.aded.model.AdedException;
import org.jspecify.annotations.Nullable;

/**
 * Whether an engine is getting on, for who watches it. A look at one moment.
 *
 * @param step how many steps of its loop it has begun; while it is busy, a step that stays the same for too long is one
 *     that hangs
 * @param busy whether it is in a step. False while it waits for something to do
 * @param expectedNanos what the forward pass that it plays should take by all that is known; 0 outside of passes
 * @param lost why the engine has failed for good; null as long as it has not. One that was closed has not failed
 */
public record EnginePulse(
        long step,
        boolean busy,
        long expectedNanos,
        @Nullable AdedException lost) {

    /** Of an engine that has nothing to do. */
    public static final EnginePulse IDLE = new EnginePulse(0, false, 0, null);
}
