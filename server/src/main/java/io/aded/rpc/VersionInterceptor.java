package io.aded.rpc;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Client and server tell each other their versions, so that either can say when the two do not go together. */
final class VersionInterceptor implements ServerInterceptor {
    static final Metadata.Key<String> CLIENT = Metadata.Key.of("aded-client-version", Metadata.ASCII_STRING_MARSHALLER);
    static final Metadata.Key<String> SERVER = Metadata.Key.of("aded-server-version", Metadata.ASCII_STRING_MARSHALLER);

    private static final Logger LOG = LoggerFactory.getLogger(VersionInterceptor.class);
    private static final int LONGEST_LOGGED = 64;

    private final String version;

    VersionInterceptor(String version) {
        this.version = version;
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        String client = headers.get(CLIENT);
        if (client != null && LOG.isDebugEnabled()) {
            LOG.debug(
                    "{} by {}",
                    call.getMethodDescriptor().getFullMethodName(),
                    client.substring(0, Math.min(client.length(), LONGEST_LOGGED)));
        }
        return next.startCall(
                new SimpleForwardingServerCall<>(call) {
                    private boolean told;

                    @Override
                    public void sendHeaders(Metadata answered) {
                        told = true;
                        answered.put(SERVER, version);
                        super.sendHeaders(answered);
                    }

                    @Override
                    public void close(Status status, Metadata trailers) {
                        if (!told) { // a call that fails at once has trailers only
                            trailers.put(SERVER, version);
                        }
                        super.close(status, trailers);
                    }
                },
                headers);
    }
}
