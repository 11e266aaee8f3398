package io.aded.host;

import io.aded.engine.Engine;
import io.aded.model.AdedException;
import io.aded.model.TargetModel;
import io.aded.rpc.AdedServer;
import io.aded.rpc.ListenAddress;
import io.aded.rpc.ServerLimits;
import io.aded.serving.ConversationBounds;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.telemetry.Telemetry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The sidecar inside this process: a server, and behind it a model with its engines. Thread-safe, but for {@link
 * #load}, which is called once.
 *
 * <p>It listens first and loads then, so that health checks are answered (NOT_SERVING) while weights are read.
 */
public final class Host implements AutoCloseable {
    private final HostConfiguration configuration;
    private final Telemetry telemetry;
    private final AdedServer server;
    private final AtomicReference<@Nullable LocalModel> local = new AtomicReference<>();
    private final AtomicReference<@Nullable EngineGuard> guard = new AtomicReference<>();
    private final AtomicReference<EngineFailureListener> failures = new AtomicReference<>(EngineFailureListener.NONE);

    private Host(HostConfiguration configuration, Telemetry telemetry, AdedServer server) {
        this.configuration = configuration;
        this.telemetry = telemetry;
        this.server = server;
    }

    /**
     * Listens, and serves nothing yet.
     *
     * @param telemetry stays the caller's
     * @throws AdedException.FailedPrecondition if an address is in use or cannot be listened on
     */
    public static Host listen(HostConfiguration configuration, Telemetry telemetry) {
        ServerConfiguration wanted = configuration.server();
        Safeguards safeguards = configuration.safeguards();
        AdedServer.Builder builder = AdedServer.builder()
                .serving(Serving.builder()
                        .limits(new ServingLimits(wanted.retention(), wanted.retained(), wanted.longestUnread()))
                        .conversations(
                                new ConversationBounds(safeguards.conversations(), safeguards.conversationsPerClient()))
                        .telemetry(telemetry)
                        .coalescing(safeguards.coalescing())
                        .build())
                .version(AdedVersion.text())
                .socketMode(wanted.socketMode())
                .limits(ServerLimits.DEFAULT
                        .withMaxMessageBytes(wanted.maxMessageBytes())
                        .withConnections(wanted.connections(), wanted.connectionIdle()));
        wanted.listen().forEach(builder::listen);
        return new Host(configuration, telemetry, builder.start());
    }

    /** Listens, loads and serves: {@link #listen} and {@link #load} one after the other. */
    public static Host start(HostConfiguration configuration, Telemetry telemetry, HostListener listener) {
        Host host = listen(configuration, telemetry);
        try {
            host.load(listener);
            return host;
        } catch (RuntimeException | Error e) {
            host.close();
            throw e;
        }
    }

    /**
     * Loads the model, starts its engines and serves them. Takes as long as a download and the reading of the weights.
     */
    public LocalModel load(HostListener listener) {
        LocalModel loaded = LocalModel.open(configuration, telemetry, listener);
        local.set(loaded);
        String name = configuration.server().name();
        serve(name == null ? loaded.name() : name, loaded.engines());
        return loaded;
    }

    /** Serves engines of the caller's instead, such as those over a {@link TargetModel} of its own. */
    public void serve(String name, List<Engine> engines) {
        server.serve(new ServedModel(name, engines, configuration.sampling()));
        if (configuration.safeguards().watches()) {
            EngineGuard watching = new EngineGuard(
                    engines,
                    configuration.safeguards(),
                    server.serving(),
                    failure -> failures.get().failed(failure));
            stop(guard.getAndSet(watching.start()));
        }
    }

    /** Who hears when an engine fails for good; nobody unless said otherwise. */
    public void onEngineFailure(EngineFailureListener listener) {
        failures.set(listener);
    }

    private static void stop(@Nullable EngineGuard running) {
        if (running != null) {
            running.close();
        }
    }

    /** Where it listens, with the ports that were picked. */
    public List<ListenAddress> addresses() {
        return server.addresses();
    }

    /** Waits until it is drained or closed. */
    public void awaitTermination() throws InterruptedException {
        server.awaitTermination();
    }

    /** Takes no new calls, lets running ones end for as long as {@code grace}, then ends them. */
    public void drain(Duration grace) {
        server.drain(grace);
    }

    /** Ends running calls, closes the server, then the engines and the model. Again, it does nothing. */
    @Override
    public void close() {
        stop(guard.getAndSet(null));
        try {
            server.close();
        } finally {
            LocalModel loaded = local.getAndSet(null);
            if (loaded != null) {
                loaded.close();
            }
        }
    }
}
