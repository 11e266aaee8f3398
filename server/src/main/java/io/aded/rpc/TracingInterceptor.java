package io.aded.rpc;

import io.aded.telemetry.Telemetry;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One SERVER span a call, as a child of the caller's; the turn's span hangs below it.
 *
 * <p>grpc-opentelemetry's own tracing adds an event for every message, hundreds for one answer; this adds none.
 */
final class TracingInterceptor implements ServerInterceptor {
    private static final TextMapGetter<Metadata> GETTER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Metadata headers) {
            return headers.keys();
        }

        @Override
        public @Nullable String get(@Nullable Metadata headers, String key) {
            // Binary headers have another key type; no propagator uses them.
            return headers == null || key.endsWith(Metadata.BINARY_HEADER_SUFFIX)
                    ? null
                    : headers.get(Metadata.Key.of(key, Metadata.ASCII_STRING_MARSHALLER));
        }
    };

    /** Statuses that are the server's fault; the conventions leave a server span's status unset for the others. */
    private static final List<Status.Code> FAULTS = List.of(
            Status.Code.UNKNOWN,
            Status.Code.DEADLINE_EXCEEDED,
            Status.Code.UNIMPLEMENTED,
            Status.Code.INTERNAL,
            Status.Code.UNAVAILABLE,
            Status.Code.DATA_LOSS);

    private final Telemetry telemetry;

    TracingInterceptor(Telemetry telemetry) {
        this.telemetry = telemetry;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        MethodDescriptor<Q, A> method = call.getMethodDescriptor();
        Context parent = telemetry.propagator().extract(Context.root(), headers, GETTER);
        Context span = telemetry.startCall(parent, nameOr(method.getServiceName()), nameOr(method.getBareMethodName()));
        AtomicBoolean ended = new AtomicBoolean();
        ServerCall<Q, A> watched = new SimpleForwardingServerCall<>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                end(span, status, ended);
                super.close(status, trailers);
            }
        };
        ServerCall.Listener<Q> listener = Contexts.interceptCall(
                io.grpc.Context.current().withValue(CallScope.TRACE, span), watched, headers, next);
        return new SimpleForwardingServerCallListener<>(listener) {
            @Override
            public void onCancel() {
                end(span, Status.CANCELLED, ended);
                super.onCancel();
            }
        };
    }

    private void end(Context span, Status status, AtomicBoolean ended) {
        if (ended.compareAndSet(false, true)) {
            telemetry.endCall(
                    span,
                    status.getCode().value(),
                    FAULTS.contains(status.getCode()) ? status.getCode().name() : null);
        }
    }

    private static String nameOr(@Nullable String name) {
        return name == null ? "unknown" : name;
    }
}
