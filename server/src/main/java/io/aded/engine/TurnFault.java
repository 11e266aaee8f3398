package io.aded.engine;

import io.aded.model.AdedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a turn is told that ran into an exception on the engine's thread.
 *
 * <p>A sampler, a grammar, a drafter and a listener are one turn's own: what they throw ends that turn, and the pass
 * goes on for all others. What cannot be put down to a turn (the context, the account of cells) is the engine's
 * failure, and is not handled here.
 */
final class TurnFault {
    private static final Logger LOG = LoggerFactory.getLogger(TurnFault.class);

    private TurnFault() {}

    /** The failure to report. What is not meant for callers is logged, and told them by its kind alone. */
    static AdedException of(Throwable cause) {
        if (cause instanceof AdedException.Internal fault) {
            LOG.error("a turn failed; the others go on", fault);
            return fault;
        }
        if (cause instanceof AdedException known) {
            return known;
        }
        LOG.error("a turn failed; the others go on", cause);
        if (cause instanceof OutOfMemoryError) {
            return new AdedException.ResourceExhausted(
                    "TURN_OUT_OF_MEMORY",
                    "the server had no memory for this turn; what was sent of the answer stands. Send it again later,"
                            + " or give the server a larger heap (-Xmx)",
                    null);
        }
        return new AdedException.Internal(
                "TURN_FAILED",
                "this turn failed by an unexpected " + cause.getClass().getSimpleName()
                        + "; what was sent of the answer stands, and the conversation can go on. The server's log tells"
                        + " more",
                cause);
    }

    /** Runs what gives back something of one turn: if it fails, that is logged, and what comes next is done. */
    static void quietly(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | Error e) {
            LOG.error("{} failed; it is taken as done", what, e);
        }
    }
}
