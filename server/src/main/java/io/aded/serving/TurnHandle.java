package io.aded.serving;

import io.aded.engine.Turn;
import org.jspecify.annotations.Nullable;

/**
 * A turn that others steer, perhaps before it is known: the transport may become ready, or the client may cancel, while
 * the turn is still being submitted on another thread. What was missed is caught up when the turn is known.
 */
final class TurnHandle {
    private volatile @Nullable Turn turn;
    private volatile boolean cancelled;

    /** Says which turn it is. */
    void submitted(Turn submitted) {
        // Written before the flag is read, while cancel writes the flag before it reads the turn: one of them sees
        // both.
        turn = submitted;
        if (cancelled) {
            submitted.cancel();
        } else {
            submitted.resume();
        }
    }

    void cancel() {
        cancelled = true;
        Turn known = turn;
        if (known != null) {
            known.cancel();
        }
    }

    void resume() {
        Turn known = turn;
        if (known != null) {
            known.resume();
        }
    }
}
