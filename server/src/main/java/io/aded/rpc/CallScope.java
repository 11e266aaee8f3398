package io.aded.rpc;

import io.aded.serving.Caller;
import io.aded.serving.Serving;
import io.grpc.Context;
import io.grpc.Deadline;
import java.util.concurrent.TimeUnit;

/** Who calls, as gRPC's context has it. */
final class CallScope {
    static final Context.Key<String> CLIENT_ID = Context.keyWithDefault("aded-client-id", "");
    static final Context.Key<io.opentelemetry.context.Context> TRACE =
            Context.keyWithDefault("aded-trace", io.opentelemetry.context.Context.root());

    private CallScope() {}

    /** The caller of the call that is being started on this thread. */
    static Caller caller(Serving serving) {
        Context context = Context.current();
        Deadline deadline = context.getDeadline();
        return new Caller(
                CLIENT_ID.get(context),
                deadline == null ? Long.MAX_VALUE : serving.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS),
                TRACE.get(context));
    }
}
