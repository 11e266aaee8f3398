package io.aded.rpc;

import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Numbers connections, so that callers who say no name are told apart by them. An address would not do: those who come
 * through a Unix socket have none.
 */
final class ConnectionNames extends ServerTransportFilter {
    static final Attributes.Key<String> NAME = Attributes.Key.create("aded-connection");

    private final AtomicLong last = new AtomicLong();

    @Override
    public Attributes transportReady(Attributes transport) {
        return transport.toBuilder()
                .set(NAME, "connection " + last.incrementAndGet())
                .build();
    }
}
