package io.aded.rpc;

import io.aded.model.AdedException;
import io.aded.serving.Caller;
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

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        Context over = CallScope.over(call.getAttributes());
        String id = headers.get(HEADER);
        if (id == null) {
            String connection = String.valueOf(call.getAttributes().get(ConnectionNames.NAME));
            return Contexts.interceptCall(over.withValue(CallScope.CONNECTION, connection), call, headers, next);
        }
        try {
            Caller.requireId(id);
        } catch (AdedException.InvalidRequest invalid) {
            StatusRuntimeException refused = Statuses.of(FieldPaths.renamed(invalid, _ -> "metadata." + HEADER.name()));
            Metadata trailers = refused.getTrailers();
            call.close(refused.getStatus(), trailers == null ? new Metadata() : trailers);
            return new ServerCall.Listener<>() {};
        }
        return Contexts.interceptCall(over.withValue(CallScope.CLIENT_ID, id), call, headers, next);
    }
}
