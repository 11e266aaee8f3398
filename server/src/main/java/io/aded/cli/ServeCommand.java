package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.model.AdedException;
import io.aded.model.ModelInfo;
import io.aded.rpc.AdedServer;
import io.aded.rpc.ListenAddress;
import io.aded.rpc.ServerLimits;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.serving.ServingLimits;
import io.aded.telemetry.Telemetry;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The sidecar itself. */
@Command(
        name = "serve",
        description = {
            "Serves a model over gRPC until it is told to stop (Ctrl-C, SIGTERM); then it lets running answers end.",
            "It listens at once; health checks say NOT_SERVING until the model is loaded."
        })
final class ServeCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(
            names = {"-l", "--listen"},
            split = ",",
            paramLabel = "HOST:PORT|unix:PATH",
            description = "Where to listen; may be given often. Port 0 picks a free one. Default: 127.0.0.1:50051.")
    private List<String> listen = List.of("127.0.0.1:50051");

    @Option(names = "--name", paramLabel = "NAME", description = "What the API calls the model. Default: its own name.")
    private @Nullable String name;

    @Mixin
    private final ContextOptions context = new ContextOptions();

    @Mixin
    private final ReplicaOption replicas = new ReplicaOption();

    @Mixin
    private final DraftOptions draft = new DraftOptions();

    @Mixin
    private final SamplingOptions sampling = new SamplingOptions();

    @Option(
            names = "--metrics",
            paramLabel = "[HOST:]PORT",
            description = "Serve a Prometheus page there. Traces and OTLP are set by the OTEL_* environment variables.")
    private @Nullable String metrics;

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description = "How long running answers may go on after the signal to stop. Default: 30.")
    private int drain = 30;

    @Option(
            names = "--retention",
            paramLabel = "SECONDS",
            description = "The longest that a conversation with an id is kept after its stream ended. Default: 600.")
    private int retention = 600;

    @Option(names = "--retained", paramLabel = "N", description = "The most conversations kept so. Default: 64.")
    private int retained = 64;

    @Option(names = "--max-message", paramLabel = "MIB", description = "The largest message. Default: 16.")
    private int maxMessageMebibytes = 16;

    @Option(names = "--socket-mode", paramLabel = "OCTAL", description = "Mode of Unix sockets. Default: 660.")
    private String socketMode = "660";

    ServeCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        DraftPolicy policy = draft.policy();
        replicas.count(); // wrong numbers are found out before a long download
        ModelOptions.Choice choice = model.choice();
        AdedServer.Builder builder =
                AdedServer.builder().limits(limits()).socketMode(permissions()).version(AdedCommand.Version.text());
        Telemetry.PrometheusEndpoint page;
        try {
            listen.forEach(builder::listen);
            page = metrics == null ? null : Telemetry.PrometheusEndpoint.parse(metrics);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("address", String.valueOf(e.getMessage()));
        }
        try (Telemetry telemetry = Telemetry.fromEnvironment(page)) {
            Serving serving = Serving.builder()
                    .limits(retentionLimits())
                    .telemetry(telemetry)
                    .build();
            AdedServer server = builder.serving(serving).start();
            Stop stop = new Stop(server);
            try (server;
                    Interrupts _ = Interrupts.onInterrupt(stop);
                    Interrupts _ = Interrupts.onTerminate(stop)) {
                terminal.note("aded " + AdedCommand.Version.text() + " listens on " + join(server.addresses())
                        + (page == null ? "" : ", metrics on http://" + page.host() + ":" + page.port() + "/metrics"));
                try (LocalModel local = LocalModel.open(
                        terminal,
                        choice,
                        (library, file) -> file,
                        context,
                        replicas,
                        file -> context.engineOptions(file, 16, 2, policy),
                        draft,
                        telemetry)) {
                    String served = name == null ? local.name() : name;
                    server.serve(new ServedModel(served, local.engines(), sampling.parameters()));
                    stop.drainFor(Duration.ofSeconds(drain));
                    describe(served, local, server.addresses());
                    server.awaitTermination();
                    terminal.note("Stopped.");
                    return ExitCode.OK.code();
                }
            }
        } catch (IllegalStateException e) {
            // Telemetry says so of a port in use or a variable that makes no sense.
            throw new AdedException.FailedPrecondition("TELEMETRY", String.valueOf(e.getMessage()));
        }
    }

    /** What the signals do: before there is anything to drain, end at once. */
    private final class Stop implements Runnable {
        private final AdedServer server;
        private volatile @Nullable Duration grace;

        Stop(AdedServer server) {
            this.server = server;
        }

        void drainFor(Duration time) {
            grace = time;
        }

        @Override
        public void run() {
            Duration time = grace;
            if (time == null) {
                server.close();
                System.exit(ExitCode.INTERRUPTED.code());
            } else {
                terminal.note("Stopping; running answers may take " + time.toSeconds()
                        + " s more. The same signal again stops at once.");
                server.drain(time);
            }
        }
    }

    private void describe(String served, LocalModel local, List<ListenAddress> addresses) {
        ModelInfo info = local.model().info();
        terminal.note(String.format(
                Locale.ROOT,
                "Serving %s (%s, %s tokens of context) by %s on %s.",
                served,
                info.description(),
                (local.engines().size() == 1 ? "" : local.engines().size() + " × ")
                        + local.engine().options().context().cells(),
                info.library(),
                String.join(", ", info.devices())));
        terminal.note("Try it:");
        for (ListenAddress address : addresses) {
            terminal.note("  " + terminal.program() + " generate --target " + address + " \"Why is the sky blue?\"");
            switch (address) {
                case ListenAddress.Tcp tcp -> {
                    terminal.note("  grpcurl -plaintext -d '{\"prompt\": \"Why is the sky blue?\"}' " + tcp
                            + " aded.v1.InferenceService/Generate");
                    terminal.note("  buf curl --protocol grpc --http2-prior-knowledge -d '{\"prompt\": \"Why is the sky"
                            + " blue?\"}' http://" + tcp + "/aded.v1.InferenceService/Generate");
                }
                case ListenAddress.Unix unix ->
                    terminal.note("  buf curl --unix-socket " + unix.path()
                            + " --protocol grpc --http2-prior-knowledge -d '{\"prompt\": \"Why is the sky blue?\"}'"
                            + " http://localhost/aded.v1.InferenceService/Generate");
            }
        }
    }

    private static String join(List<ListenAddress> addresses) {
        return String.join(" and ", addresses.stream().map(Object::toString).toList());
    }

    private ServerLimits limits() {
        if (drain < 0) {
            throw new AdedException.InvalidRequest("--drain", "is " + drain + "; allowed: 0 or more seconds");
        }
        if (maxMessageMebibytes < 1 || maxMessageMebibytes > 1024) {
            throw new AdedException.InvalidRequest(
                    "--max-message", "is " + maxMessageMebibytes + "; allowed: 1 to 1024 MiB");
        }
        return ServerLimits.DEFAULT.withMaxMessageBytes(maxMessageMebibytes << 20);
    }

    private ServingLimits retentionLimits() {
        try {
            return new ServingLimits(Duration.ofSeconds(retention), retained);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("limits", String.valueOf(e.getMessage()));
        }
    }

    private Set<PosixFilePermission> permissions() {
        if (!socketMode.matches("0?[0-7]{3}")) {
            throw new AdedException.InvalidRequest(
                    "--socket-mode", "is " + socketMode + "; allowed: three octal digits, such as 660");
        }
        int digits = Integer.parseInt(socketMode, 8);
        StringBuilder mode = new StringBuilder();
        for (int bit = 8; bit >= 0; bit--) {
            mode.append((digits >> bit & 1) == 1 ? "xwr".charAt(bit % 3) : '-');
        }
        return PosixFilePermissions.fromString(mode.toString());
    }
}
