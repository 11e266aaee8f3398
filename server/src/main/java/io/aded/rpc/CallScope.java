package io.aded.rpc;

import io.aded.serving.Caller;
import io.aded.serving.Departure;
import io.aded.serving.Serving;
import io.grpc.Attributes;
import io.grpc.Context;
import io.grpc.Deadline;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Who calls, as gRPC's context has it. */
final class CallScope {
    static final Context.Key<String> CLIENT_ID = Context.keyWithDefault("aded-client-id", "");
    static final Context.Key<io.opentelemetry.context.Context> TRACE =
            Context.keyWithDefault("aded-trace", io.opentelemetry.context.Context.root());

    /** The connection of a caller who does not say who they are. */
    static final Context.Key<String> CONNECTION = Context.keyWithDefault("aded-connection", "");

    /** The thread that the call's connection lives on, if its transport has such threads. */
    private static final Context.Key<ConnectionThread> THREAD = Context.key("aded-connection-thread");

    private CallScope() {}

    /** The context of a call over a connection. */
    static Context over(Attributes connection) {
        ConnectionThread thread = connection.get(ConnectionThread.KEY);
        return thread == null ? Context.current() : Context.current().withValue(THREAD, thread);
    }

    /** The thread that writes what the call being started on this thread sends; null if the transport has none. */
    static @Nullable ConnectionThread connectionThread() {
        return THREAD.get();
    }

    /** Who shares one portion of memory and of threads: who says the same name, or calls over one connection. */
    static String share() {
        String id = CLIENT_ID.get();
        return id.isEmpty() ? "at " + CONNECTION.get() : "id " + id;
    }

    /** The caller of the call that is being started on this thread. */
    static Caller caller(Serving serving) {
        Context context = Context.current();
        Deadline deadline = context.getDeadline();
        return new Caller(
                CLIENT_ID.get(context),
                deadline == null ? Long.MAX_VALUE : serving.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS),
                TRACE.get(context),
                share(),
                new ContextDeparture(context));
    }

    /** A call's context is cancelled when its caller cancels, is cut off, or its deadline passes. */
    private record ContextDeparture(Context context) implements Departure {
        @Override
        public boolean hasHappened() {
            return context.isCancelled();
        }

        @Override
        public Watch watch(Runnable woken) {
            Context.CancellationListener listener = _ -> woken.run();
            context.addListener(listener, Runnable::run);
            return () -> context.removeListener(listener);
        }
    }
}
