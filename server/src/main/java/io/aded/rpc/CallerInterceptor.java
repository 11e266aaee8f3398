package io.aded.rpc;

import io.aded.model.AdedException;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;

/** Reads who calls from the metadata. It is for fairness and for naming conversations; it authenticates nobody. */
final class CallerInterceptor implements ServerInterceptor {
    static final Metadata.Key<String> HEADER = Metadata.Key.of("aded-client-id", Metadata.ASCII_STRING_MARSHALLER);
    private static final int LONGEST = 128;

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String id = headers.get(HEADER);
        if (id == null) {
            return next.startCall(call, headers);
        }
        if (id.length() > LONGEST) {
            StatusRuntimeException refused = Statuses.of(new AdedException.InvalidRequest(
                    "metadata.aded-client-id", "has " + id.length() + " characters; allowed: at most " + LONGEST));
            Metadata trailers = refused.getTrailers();
            call.close(refused.getStatus(), trailers == null ? new Metadata() : trailers);
            return new ServerCall.Listener<>() {};
        }
        return Contexts.interceptCall(Context.current().withValue(CallScope.CLIENT_ID, id), call, headers, next);
    }
}
