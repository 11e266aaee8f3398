package io.aded.client;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A fake sidecar, a health service, and a client over an in-process channel, which counts messages exactly. */
final class Sidecars implements AutoCloseable {
    final String name = UUID.randomUUID().toString();
    final FakeSidecar fake = new FakeSidecar();
    final HealthStatusManager health = new HealthStatusManager();
    final Server server;
    final ManagedChannel channel;
    final AdedClient client;

    Sidecars() {
        try {
            server = fake.addTo(InProcessServerBuilder.forName(name))
                    .addService(health.getHealthService())
                    .build()
                    .start();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        channel = InProcessChannelBuilder.forName(name).build();
        client = AdedClient.builder(channel).build();
    }

    @Override
    public void close() {
        client.close();
        channel.shutdownNow();
        server.shutdownNow();
        try {
            if (!channel.awaitTermination(10, TimeUnit.SECONDS) || !server.awaitTermination(10, TimeUnit.SECONDS)) {
                throw new AssertionError("the fake sidecar or its channel did not end");
            }
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }
}
