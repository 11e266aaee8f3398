package io.aded.rpc;

import io.grpc.Attributes;
import io.grpc.ServerTransportFilter;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Numbers connections, so that callers who say no name are told apart by them. An address would not do: those who come
 * through a Unix socket have none. And notes the thread that each lives on, which is the one that tells of it here.
 */
final class ConnectionNames extends ServerTransportFilter {
    static final Attributes.Key<String> NAME = Attributes.Key.create("aded-connection");

    private final Network network;
    private final AtomicLong last = new AtomicLong();

    ConnectionNames(Network network) {
        this.network = network;
    }

    @Override
    public Attributes transportReady(Attributes transport) {
        Attributes.Builder named = transport.toBuilder().set(NAME, "connection " + last.incrementAndGet());
        Executor thread = network.current();
        if (thread != null) {
            named.set(ConnectionThread.KEY, new ConnectionThread(thread));
        }
        return named.build();
    }
}
