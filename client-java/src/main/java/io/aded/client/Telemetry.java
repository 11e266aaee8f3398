package io.aded.client;

import io.grpc.CallOptions;
import io.grpc.ClientInterceptor;
import io.grpc.stub.AbstractStub;
import org.jspecify.annotations.Nullable;

/** Traces, where OpenTelemetry's API is on the class path; else nothing. This class must not name a type of it. */
final class Telemetry {
    /** The context that a call belongs to, where it is made by another thread than its caller's. */
    static final CallOptions.Key<@Nullable Object> PARENT = CallOptions.Key.create("io.aded.client.parent");

    private static final boolean PRESENT = isPresent();

    private Telemetry() {}

    private static boolean isPresent() {
        try {
            // The newest thing that is used of it.
            Class.forName("io.opentelemetry.api.GlobalOpenTelemetry").getMethod("getOrNoop");
            return true;
        } catch (ClassNotFoundException | NoSuchMethodException | LinkageError absent) {
            return false;
        }
    }

    static @Nullable ClientInterceptor interceptor() {
        return PRESENT ? new CallSpans() : null;
    }

    /** The stub, whose calls belong to the context of this thread. */
    static <S extends AbstractStub<S>> S within(S stub) {
        return PRESENT ? stub.withOption(PARENT, CallSpans.current()) : stub;
    }
}
