package io.aded.serving;

import io.aded.model.AdedException;
import io.opentelemetry.context.Context;

/**
 * Who calls, and what a call brings along beside its messages.
 *
 * @param clientId who calls, for fair shares and for the names of conversations; empty if they do not say. It
 *     authenticates nobody
 * @param deadlineNanos when the caller gives up, on {@link Serving#nanoTime}'s clock; {@link Long#MAX_VALUE} for never
 * @param trace the call's span and the caller's baggage
 * @param share with whom a caller shares one fair portion of what is done before a turn is admitted: the same name for
 *     the same caller, such as a connection's for those who do not say who they are
 * @param departure whether the caller has left
 */
public record Caller(String clientId, long deadlineNanos, Context trace, String share, Departure departure) {
    /** Somebody who says nothing and waits for ever. */
    public static final Caller ANONYMOUS = new Caller("", Long.MAX_VALUE, Context.root());

    private static final int LONGEST_ID = 128;

    /** Somebody who stays, and is told from others by their name alone. */
    public Caller(String clientId, long deadlineNanos, Context trace) {
        this(clientId, deadlineNanos, trace, clientId, Departure.NEVER);
    }

    /**
     * Checks how a caller calls itself.
     *
     * @throws AdedException.InvalidRequest naming the field {@code client_id}, if it is too long
     */
    public static String requireId(String id) {
        if (id.length() > LONGEST_ID) {
            throw new AdedException.InvalidRequest(
                    "client_id", "has " + id.length() + " characters; allowed: at most " + LONGEST_ID);
        }
        return id;
    }
}
