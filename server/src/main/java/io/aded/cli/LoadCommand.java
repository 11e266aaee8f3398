package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.host.AdedVersion;
import io.aded.host.ContextConfiguration;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.Host;
import io.aded.host.HostConfiguration;
import io.aded.host.ModelConfiguration;
import io.aded.host.ServerConfiguration;
import io.aded.lab.load.LoadPlan;
import io.aded.lab.load.LoadSession;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.Telemetry;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Measures what a server does when many ask at once. */
@Command(
        name = "load",
        description = {
            "Measures what a server does when many ask at once: throughput, latencies, refused calls.",
            "It loads a server of aded (--target), another one over HTTP (--http), or, with neither, a model that it"
                    + " serves itself. --sequential --modes off,auto shows what concurrency and drafting are worth.",
            "Ctrl-C ends the run and reports what there is."
        })
final class LoadCommand implements Callable<Integer> {
    /** As many streams as {@code serve} would run, unless more callers are asked for. */
    private static final int USUAL_STREAMS = 16;

    /** A full-length conversation has room for so many ordinary calls. */
    private static final int CALLS_A_CONVERSATION = 4;

    private final Terminal terminal;

    @Mixin
    private final LoadOptions options = new LoadOptions();

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final ContextOptions context = new ContextOptions();

    @Mixin
    private final DraftModelOptions draftModel = new DraftModelOptions();

    @Mixin
    private final ReplicaOption replicas = new ReplicaOption();

    LoadCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() throws InterruptedException {
        LoadPlan plan = options.plan();
        if (plan.namesServer()) {
            return play(plan, null);
        }
        ModelConfiguration wanted = model.configuration();
        DraftModelConfiguration drafting = draftModel.configuration(wanted.model());
        plan.policies().forEach(policy -> DraftModelOptions.require("--modes", policy, drafting));
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(wanted)
                .withContext(context.configuration(streams(), conversations()).withReplicas(replicas.count()))
                .withDraft(DraftPolicy.OFF, null)
                .withDraftModel(drafting)
                .withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0"))
                .withEnvironment(terminal.environment());
        try (StandIn standIn = StandIn.named(wanted.model(), configuration.draftModel());
                Host host = Host.listen(configuration, Telemetry.none())) {
            if (standIn == null) {
                ProgressPrinter.during(terminal, host::load)
                        .draft()
                        .ifPresent(model -> terminal.note("Draft model: " + model + "."));
            } else {
                ContextConfiguration shape = configuration.context();
                EngineOptions each = shape.engineOptions(standIn.info(), DraftPolicy.OFF);
                host.serve(standIn.info().name(), standIn.start(each, shape.replicas(), EngineTelemetry.NONE));
                if (standIn.draftLine() != null) {
                    terminal.note("Draft model: " + standIn.draftLine() + ".");
                }
            }
            return play(plan, host.addresses().getFirst().toString());
        }
    }

    private int streams() {
        return Math.clamp(options.streams(), USUAL_STREAMS, ContextConfiguration.MOST_SEQUENCES);
    }

    private int conversations() {
        return Math.max(2, streams() / CALLS_A_CONVERSATION);
    }

    private int play(LoadPlan plan, @Nullable String own) throws InterruptedException {
        try (LoadSession session = plan.connect(own, AdedVersion.text());
                Interrupts interrupts = Interrupts.onInterrupt(session::stop);
                Interrupts terminations = Interrupts.onTerminate(session::stop)) {
            session.play(terminal.out(), terminal.interactive() ? terminal.err() : null);
            return interrupts.hasFired() || terminations.hasFired() ? ExitCode.INTERRUPTED.code() : ExitCode.OK.code();
        }
    }
}
