package io.aded.cli;

import io.aded.engine.EngineOptions;
import io.aded.lab.offline.PolicySimulation;
import io.aded.lab.recording.RecordedModel;
import io.aded.model.AdedException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Simulates draft policies on recorded answers. */
@Command(
        name = "simulate",
        description = {
            "Plays recorded answers through the real engine on a clock that follows a stated cost curve: what draft"
                    + " policies would gain on such a machine.",
            "A cell: acceptance length, speed-up of all, (geometric mean over prompts), shares of prompts below 0.97"
                    + " and 0.90, the worst. Of several callers: acceptance length, speed-up twice, the host's share."
        })
final class SimulateCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin
    private final RecordingOptions recordings = new RecordingOptions();

    @Option(
            names = "--curve",
            split = ";",
            paramLabel = "NAME|N:COST,…",
            description = "Cost of a pass by its tokens, in passes of one: amx, avx2, zen4, gpu, linear, or one's own.")
    private List<String> curves = List.of("amx", "avx2", "zen4", "gpu");

    @Option(
            names = "--modes",
            split = ",",
            paramLabel = "MODE[:N]",
            description =
                    "Draft modes, or whole-prompt, bigrams-and-views, suffix: the adaptive drafter's parts, at a fixed"
                            + " budget. Default: ${DEFAULT-VALUE}.")
    private List<String> modes =
            List.of("auto", "aded:1", "aded:2", "aded:3", "aded:5", "aded:7", "aded:11", "aded:15", "prompt-lookup:7");

    @Option(
            names = "--noise",
            paramLabel = "SIGMA",
            description = "σ of the logarithm of a pass's time. Default: ${DEFAULT-VALUE}.")
    private double noise = 0.1;

    @Option(
            names = "--stalls",
            paramLabel = "SHARE",
            description = "Share of passes that take twice their time. Default: ${DEFAULT-VALUE}.")
    private double stalls = 0.02;

    @Option(
            names = "--first-touch",
            paramLabel = "TIMES",
            description = "What the first pass of each width costs, in times its price. Default: ${DEFAULT-VALUE}.")
    private double firstTouch = 2.5;

    @Option(
            names = "--priced",
            description = "Every pass takes what the curve says: no noise, no stalls, no dearer first passes.")
    private boolean priced;

    @Option(names = "--pass", description = "Milliseconds of a pass of one token. Default: ${DEFAULT-VALUE}.")
    private double passMillis = 50;

    @Option(
            names = "--folds",
            paramLabel = "K",
            description = "Evidence weights fitted to the others' answers. Default: ${DEFAULT-VALUE}.")
    private int folds = 5;

    @Option(
            names = "--callers",
            paramLabel = "N",
            description = "Who ask at once, 1 to 256; of several, the time of all answers together is compared, the"
                    + " host's measured times for rows, drafts and deliveries included. Default: ${DEFAULT-VALUE}.")
    private int callers = 1;

    @Option(
            names = "--host-threads",
            paramLabel = "N",
            description = "Helpers of the engine's thread with which the host's times are shared out, 0 to 31."
                    + " Default: ${DEFAULT-VALUE}.")
    private int hostThreads;

    @Option(names = "--slow-prompts", description = "Also a line for each prompt that was slower than plain decoding.")
    private boolean prompts;

    SimulateCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (folds < 1 || !(passMillis > 0) || !(noise >= 0) || !(stalls >= 0 && stalls <= 1)) {
            throw new AdedException.InvalidRequest(
                    "--folds, --pass, --noise, --stalls", "allowed: 1 or more, above 0, 0 or more, 0 to 1");
        }
        if (callers < 1 || callers > RecordedModel.STREAMS) {
            throw new AdedException.InvalidRequest("--callers", "is " + callers + "; allowed: 1 to 256");
        }
        if (hostThreads < 0 || hostThreads > EngineOptions.MOST_HOST_THREADS) {
            throw new AdedException.InvalidRequest(
                    "--host-threads", "is " + hostThreads + "; allowed: 0 to " + EngineOptions.MOST_HOST_THREADS);
        }
        try {
            new PolicySimulation(
                            recordings.read(),
                            new PolicySimulation.Settings(
                                    priced ? 0 : noise,
                                    priced ? 0 : stalls,
                                    priced ? 1 : firstTouch,
                                    passMillis,
                                    folds,
                                    prompts,
                                    callers,
                                    hostThreads))
                    .print(terminal.out(), curves, modes);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("--curve, --modes", String.valueOf(e.getMessage()));
        }
        return ExitCode.OK.code();
    }
}
