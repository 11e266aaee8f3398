package io.aded.cli;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.SpeculationOutlook;
import io.aded.host.AdedVersion;
import io.aded.host.ContextConfiguration;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.Host;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.host.ServerConfiguration;
import io.aded.llama.ProcessEnd;
import io.aded.model.AdedException;
import io.aded.model.ModelInfo;
import io.aded.rpc.ListenAddress;
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
            "Serves a model over gRPC until it is told to stop (Ctrl-C, SIGTERM, SIGHUP); then it lets running answers"
                    + " end.",
            "Exit status: 0 after that, 9 if it could not stop in time and was cut off, 10 if an engine was lost, 11 if"
                    + " one hung for too long, 130 if it was told twice.",
            "It listens at once; health checks say NOT_SERVING until the model is loaded."
        })
final class ServeCommand implements Callable<Integer> {
    private static final ContextConfiguration USUAL = ContextConfiguration.DEFAULT;

    private static final Duration LONGEST_CALIBRATION = Duration.ofMinutes(5);

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
    private final DraftModelOptions draftModel = new DraftModelOptions();

    @Mixin
    private final SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private final AlignRecordOptions alignRecord = new AlignRecordOptions();

    @Mixin
    private final SafeguardOptions safeguards = new SafeguardOptions();

    @Option(
            names = "--metrics",
            paramLabel = "[HOST:]PORT",
            description = "Serve a Prometheus page there. Traces and OTLP are set by the OTEL_* environment variables.")
    private @Nullable String metrics;

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description =
                    "The process ends within this time of the signal to stop, whatever happens. Running answers may"
                            + " go on for most of it. Default: 30.")
    private int drain = 30;

    @Option(
            names = "--retention",
            paramLabel = "SECONDS",
            description = "The longest that a conversation with an id is kept after its stream ended. Default: 600.")
    private int retention = 600;

    @Option(names = "--retained", paramLabel = "N", description = "The most conversations kept so. Default: 64.")
    private int retained = 64;

    @Option(
            names = "--unread",
            paramLabel = "SECONDS",
            description = "How long an answer may wait for its caller to read it before it ends and gives up its place."
                    + " Default: 20.")
    private int unread = 20;

    @Option(
            names = "--max-message",
            paramLabel = "MIB",
            description =
                    "The largest message. Default: 16. Never more than a 128th of the heap, which is what reading one"
                            + " may take.")
    private int maxMessageMebibytes = 16;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            description =
                    "The most connections at once. For one more, one without a call is closed; it is turned away if"
                        + " there are calls on all of them. Default: 4096, or what the process may open of files less"
                        + " 256.")
    private int connections = ServerConfiguration.DEFAULT.connections();

    @Option(
            names = "--connection-idle",
            paramLabel = "SECONDS",
            description = "How long a connection may be without a call before it is closed; clients open it again by"
                    + " themselves. Default: 900.")
    private int connectionIdle =
            (int) ServerConfiguration.DEFAULT.connectionIdle().toSeconds();

    @Option(names = "--socket-mode", paramLabel = "OCTAL", description = "Mode of Unix sockets. Default: 660.")
    private String socketMode = "660";

    ServeCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        HostConfiguration configuration = configuration();
        Telemetry.PrometheusEndpoint page;
        try {
            page = metrics == null ? null : Telemetry.PrometheusEndpoint.parse(metrics);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("--metrics", String.valueOf(e.getMessage()));
        }
        try (Telemetry telemetry = Telemetry.fromEnvironment(page);
                StandIn standIn = StandIn.named(configuration.model().model(), configuration.draftModel())) {
            Host host = Host.listen(configuration, telemetry);
            Shutdown stop = new Shutdown(stopping(host), terminal::note);
            try (host;
                    Interrupts _ = Interrupts.onInterrupt(stop);
                    Interrupts _ = Interrupts.onTerminate(stop);
                    Interrupts _ = Interrupts.onHangup(stop)) {
                terminal.note("aded " + AdedVersion.text() + " listens on " + join(host.addresses())
                        + (page == null ? "" : ", metrics on http://" + page.host() + ":" + page.port() + "/metrics")
                        + "; loading the model");
                Duration drainFor = configuration.server().drain();
                var end = new EngineEnd(() -> host.drain(drainFor), ProcessEnd::halt, terminal::note);
                host.onEngineFailure(end);
                List<Engine> engines = standIn == null ? load(host) : serve(host, configuration, standIn, telemetry);
                stop.drainFor(configuration.server().drain());
                Thread outlook = Thread.ofVirtual().start(() -> tellOutlook(engines.getFirst(), standIn != null));
                try {
                    host.awaitTermination();
                } finally {
                    outlook.interrupt();
                }
                terminal.note("Stopped.");
                return end.code().code();
            }
        } catch (IllegalStateException e) {
            // Telemetry says so of a port in use or a variable that makes no sense.
            throw new AdedException.FailedPrecondition("TELEMETRY", String.valueOf(e.getMessage()));
        }
    }

    private List<Engine> load(Host host) {
        LocalModel local = ProgressPrinter.during(terminal, host::load);
        describe(name == null ? local.name() : name, local.model().info(), local.engines(), host.addresses());
        local.draft().ifPresent(drafting -> terminal.note("Draft model: " + drafting + "."));
        return local.engines();
    }

    private List<Engine> serve(Host host, HostConfiguration configuration, StandIn standIn, Telemetry telemetry) {
        ContextConfiguration shape = configuration.context();
        ModelInfo info = standIn.info();
        String served = name == null ? info.name() : name;
        EngineOptions each = shape.engineOptions(info, configuration.draft())
                .withPrefixSharing(configuration.safeguards().prefixSharing());
        List<Engine> engines =
                standIn.start(each, shape.replicas(), telemetry.forEngine(served), configuration.recorder());
        host.serve(served, engines);
        describe(served, info, engines, host.addresses());
        if (standIn.draftLine() != null) {
            terminal.note("Draft model: " + standIn.draftLine() + ".");
        }
        return engines;
    }

    /** The options as the one record; whatever is wrong is found out before a long download. */
    private HostConfiguration configuration() {
        if (maxMessageMebibytes < 1 || maxMessageMebibytes > 1024) {
            throw new AdedException.InvalidRequest(
                    "--max-message", "is " + maxMessageMebibytes + "; allowed: 1 to 1024 MiB");
        }
        ModelConfiguration wanted = model.configuration();
        DraftModelConfiguration drafting = draftModel.configuration(wanted.model());
        DraftModelOptions.require("--draft", draft.policy(), drafting);
        return HostConfiguration.DEFAULT
                .withModel(wanted)
                .withContext(context.configuration(USUAL.parallel(), USUAL.conversations())
                        .withReplicas(replicas.count()))
                .withDraftModel(drafting)
                .withDraft(draft.policy(), draft.table())
                .withSampling(sampling.parameters())
                .withServer(new ServerConfiguration(
                        listen,
                        name,
                        Duration.ofSeconds(drain),
                        Duration.ofSeconds(retention),
                        retained,
                        Duration.ofSeconds(unread),
                        maxMessageMebibytes << 20,
                        permissions(),
                        connections,
                        Duration.ofSeconds(connectionIdle)))
                .withSafeguards(safeguards.safeguards())
                .withRecorder(alignRecord.opener(terminal))
                .withEnvironment(terminal.environment());
    }

    private static Shutdown.Server stopping(Host host) {
        return new Shutdown.Server() {
            @Override
            public void drain(Duration time) {
                host.drain(time);
            }

            @Override
            public void close() {
                host.close();
            }
        };
    }

    private void describe(String served, ModelInfo info, List<Engine> engines, List<ListenAddress> addresses) {
        terminal.note(String.format(
                Locale.ROOT,
                "Serving %s (%s, %s tokens of context)%s on %s.",
                served,
                info.description(),
                (engines.size() == 1 ? "" : engines.size() + " × ")
                        + engines.getFirst().options().context().cells(),
                info.library().equals("none") ? "" : " by " + info.library(),
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

    /** Once passes have been timed, while nobody asks: what drafts can give here. Without weights that says nothing. */
    private void tellOutlook(Engine engine, boolean weightless) {
        try {
            if (!weightless && engine.awaitCalibration(LONGEST_CALIBRATION)) {
                SpeculationOutlook outlook =
                        SpeculationOutlook.of(engine.passCosts().nanos());
                terminal.note("Measured here: " + outlook.costs() + ". Drafts gain " + outlook.gains() + ".");
            }
        } catch (InterruptedException e) {
            // It stops before that was known.
        }
    }

    private static String join(List<ListenAddress> addresses) {
        return String.join(" and ", addresses.stream().map(Object::toString).toList());
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
