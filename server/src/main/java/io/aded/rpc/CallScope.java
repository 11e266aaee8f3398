package io.aded.rpc;

import io.grpc.Context;
import io.grpc.Deadline;
import java.util.concurrent.TimeUnit;

/**
 * What a call brings along beside its messages. Read on the thread that starts the call.
 *
 * @param clientId who calls; empty if they do not say
 * @param deadlineNanos on {@link System#nanoTime}'s clock; {@link Long#MAX_VALUE} for none
 * @param trace the call's span and the caller's baggage
 */
record CallScope(String clientId, long deadlineNanos, io.opentelemetry.context.Context trace) {
    static final Context.Key<String> CLIENT_ID = Context.keyWithDefault("aded-client-id", "");
    static final Context.Key<io.opentelemetry.context.Context> TRACE =
            Context.keyWithDefault("aded-trace", io.opentelemetry.context.Context.root());

    static CallScope current() {
        Context context = Context.current();
        Deadline deadline = context.getDeadline();
        return new CallScope(
                CLIENT_ID.get(context),
                deadline == null ? Long.MAX_VALUE : System.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS),
                TRACE.get(context));
    }
}
