package io.aded.rpc;

import io.grpc.Attributes;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.SecurityLevel;
import io.grpc.ServerCall;
import io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/**
 * A call that may be ended by more than its handler: by a budget, or by a fault. gRPC's own must be closed once, and by
 * one thread at a time; here whatever comes after the first end is dropped. Thread-safe.
 *
 * @param <R> what arrives
 * @param <Q> what the handler is given
 * @param <A> what is answered
 */
final class GuardedCall<R, Q, A> extends ServerCall<Q, A> {
    private final ServerCall<R, A> call;
    private final MethodDescriptor<Q, A> method;
    private final Object lock = new Object();
    private boolean closed;
    private volatile boolean refused;

    GuardedCall(ServerCall<R, A> call, MethodDescriptor<Q, A> method) {
        this.call = call;
        this.method = method;
    }

    /** Ends the call over its handler's head. */
    void refuse(Throwable reason) {
        StatusRuntimeException status = Statuses.of(reason);
        Metadata trailers = status.getTrailers();
        synchronized (lock) {
            if (!closed) {
                refused = true;
                closed = true;
                call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
            }
        }
    }

    /** Whether it was ended over its handler's head. */
    boolean isRefused() {
        return refused;
    }

    @Override
    public void request(int messages) {
        call.request(messages);
    }

    @Override
    public void sendHeaders(Metadata headers) {
        synchronized (lock) {
            if (!closed) {
                call.sendHeaders(headers);
            }
        }
    }

    @Override
    public void sendMessage(A message) {
        synchronized (lock) {
            if (!closed) {
                call.sendMessage(message);
            }
        }
    }

    @Override
    public void close(io.grpc.Status status, Metadata trailers) {
        synchronized (lock) {
            if (!closed) {
                closed = true;
                call.close(status, trailers);
            }
        }
    }

    @Override
    public boolean isCancelled() {
        return refused || call.isCancelled();
    }

    @Override
    public boolean isReady() {
        return call.isReady();
    }

    @Override
    public void setMessageCompression(boolean enabled) {
        call.setMessageCompression(enabled);
    }

    @Override
    public void setCompression(String compressor) {
        call.setCompression(compressor);
    }

    @Override
    public void setOnReadyThreshold(int bytes) {
        call.setOnReadyThreshold(bytes);
    }

    @Override
    public SecurityLevel getSecurityLevel() {
        return call.getSecurityLevel();
    }

    @Override
    public Attributes getAttributes() {
        return call.getAttributes();
    }

    @Override
    public @Nullable String getAuthority() {
        return call.getAuthority();
    }

    @Override
    public MethodDescriptor<Q, A> getMethodDescriptor() {
        return method;
    }
}
