package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.host.AdedVersion;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelFiles;
import io.aded.lab.alignment.AlignmentEvaluation;
import io.aded.lab.alignment.AlignmentExport;
import io.aded.lab.alignment.AlignmentFacts;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.recording.Recording;
import io.aded.lab.recording.Recordings;
import io.aded.lab.report.Figures;
import io.aded.lab.report.Machine;
import io.aded.lab.report.ResultFiles;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.FieldViolation;
import io.aded.natives.LibraryChoice;
import io.aded.store.WritableFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Aligning a small draft model with a target: the data, and what came of it. */
@Command(
        name = "align",
        description = "Writes what a draft model is aligned with its target by, and judges draft models on it.",
        subcommands = {AlignCommand.Export.class, AlignCommand.Evaluate.class})
final class AlignCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "a command is missing; one of export, evaluate (training is the program in the folder align)");
    }

    /** Looks at a file that is to draft before anything else is loaded or judged. */
    private static void requireThere(Terminal terminal, String draft) {
        ProgressPrinter.during(terminal, listener -> {
            new ModelFiles(terminal.environment(), listener).requireThere(ModelConfiguration.of(draft));
            return draft;
        });
    }

    /** Loads a draft model beside what is loaded already. */
    private static LlamaModel loadDraft(
            Terminal terminal, LlamaLibrary library, String draft, ModelParameters parameters) {
        return ProgressPrinter.during(terminal, listener -> {
            Path file = new ModelFiles(terminal.environment(), listener).find(ModelConfiguration.of(draft));
            return LocalModel.loadWeights(library, file, parameters, listener);
        });
    }

    private static String draftName(String draft) {
        return draft.substring(draft.lastIndexOf('/') + 1);
    }

    @Command(
            name = "export",
            description = {
                "Plays prompts, of conversations the first turn, through a model and writes its answers: tokens, its 16"
                        + " best with their probabilities at each, and where a drafter guessed wrong.",
                "Token ids are text for whoever has the model. Nothing is taken from calls that the server answers:"
                        + " what is written is what the prompt files and recordings hold that are named here.",
                "An export that was stopped goes on where it was when it is started again with the same options. Only"
                        + " the choice of prompts may have grown, such as --limit: what is new is answered too."
            })
    static final class Export implements Callable<Integer> {
        /** Prompts at once: more gain little on processors, whose passes grow with each token. */
        private static final int PARALLEL = 8;

        private final Terminal terminal;

        @Mixin
        private final ModelOptions model = new ModelOptions();

        @Mixin
        private final ContextOptions context = new ContextOptions();

        @Mixin
        private final PromptOptions prompts = new PromptOptions();

        @Option(
                names = "--from-recordings",
                paramLabel = "FILE|DIR",
                description = "Take recorded answers of this model over instead of playing prompts (aded record); may"
                        + " be repeated.")
        private List<Path> recordings = new ArrayList<>();

        @Option(names = "--headerless", description = "The recordings are of version 0, which has no header.")
        private boolean headerless;

        @Option(
                names = {"-n", "--max-tokens"},
                paramLabel = "N",
                description = "The longest answer. Default: ${DEFAULT-VALUE}.")
        private int maxTokens = 192;

        @Option(names = "--raw", description = "Prompts go to the model as they are, without its chat template.")
        private boolean raw;

        @Option(
                names = "--samples",
                paramLabel = "N",
                description = "Answers to each prompt that is not held out: the greedy one, and N-1 at the temperature."
                        + " Default: ${DEFAULT-VALUE}.")
        private int samples = 1;

        @Option(
                names = "--temperature",
                paramLabel = "T",
                description = "Of all answers but the first. Default: ${DEFAULT-VALUE}.")
        private double temperature = 0.7;

        @Option(names = "--seed", paramLabel = "N", description = "Of the random streams. Default: ${DEFAULT-VALUE}.")
        private int seed = 1;

        @Option(
                names = "--held-out",
                paramLabel = "SHARE",
                description = "Prompts that no training may see. Default: ${DEFAULT-VALUE}.")
        private double heldOut = 0.15;

        @Option(names = "--keep-loops", description = "Keep what repeats to an answer's end; else it is cut off.")
        private boolean loops;

        @Option(
                names = "--draft",
                paramLabel = "FILE|NAME",
                description = "A draft model, whose guess at each position is written too. Default: none.")
        private @Nullable String draft;

        @Option(
                names = {"-o", "--output"},
                required = true,
                paramLabel = "DIR",
                description = "A folder, made if it is not there.")
        @SuppressWarnings("NullAway.Init")
        private Path output;

        Export(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            check();
            WritableFile.require(output.resolve("export.json"), "the export");
            if (draft != null) {
                requireThere(terminal, draft);
            }
            List<Scenario> scenarios = recordings.isEmpty() ? prompts.scenarios(Scenario.Grouping.TASK) : List.of();
            Map<String, Recording> recorded = recordings.isEmpty() ? Map.of() : Recordings.read(recordings, headerless);
            HostConfiguration configuration = HostConfiguration.DEFAULT
                    .withModel(model.configuration())
                    .withContext(context.configuration(PARALLEL, PARALLEL / 2))
                    .withDraft(DraftPolicy.OFF, null)
                    .withEnvironment(terminal.environment());
            try (LocalModel target =
                            ProgressPrinter.during(terminal, listener -> LocalModel.load(configuration, listener));
                    LlamaModel drafter = draft == null
                            ? null
                            : loadDraft(
                                    terminal,
                                    target.library(),
                                    draft,
                                    configuration.model().parameters());
                    AlignmentExport export = new AlignmentExport(
                            output,
                            facts(target, recorded),
                            drafter,
                            target.options().context())) {
                AlignmentExport.Outcome outcome = recordings.isEmpty()
                        ? export.play(
                                target.model(),
                                target.options().context(),
                                target.options().maxRunning(),
                                scenarios,
                                ProgressPrinter.ofRun(terminal))
                        : export.take(recorded, ProgressPrinter.ofRun(terminal));
                terminal.out()
                        .printf(
                                Locale.ROOT,
                                "%s: %s, %s; %s held out; %s left out%n",
                                output,
                                Figures.count(outcome.answers(), "answer"),
                                Figures.count(outcome.tokens(), "token"),
                                Figures.count(outcome.heldOut(), "answer"),
                                Figures.count(outcome.leftOut(), "prompt"));
            }
            return ExitCode.OK.code();
        }

        private void check() {
            List<FieldViolation> wrong = new ArrayList<>();
            LoadOptions.within(wrong, "--max-tokens", maxTokens, 1, 1 << 16);
            LoadOptions.within(wrong, "--samples", samples, 1, 64);
            LoadOptions.refuse(
                    wrong,
                    !(temperature > 0 && temperature <= 100),
                    "--temperature",
                    "is " + temperature + "; allowed: above 0, up to 100");
            LoadOptions.refuse(
                    wrong, !(heldOut >= 0 && heldOut < 1), "--held-out", "is " + heldOut + "; allowed: 0 to below 1");
            prompts.check(wrong);
            LoadOptions.refuse(
                    wrong,
                    !recordings.isEmpty() && prompts.given(),
                    "--from-recordings",
                    "stands beside options of prompts; allowed: one or the other");
            LoadOptions.refuse(
                    wrong,
                    Files.exists(output) && !Files.isDirectory(output),
                    "--output",
                    "names " + output + ", which is a file; allowed: a folder");
            if (!wrong.isEmpty()) {
                throw new AdedException.InvalidRequest(wrong);
            }
        }

        private AlignmentFacts facts(LocalModel target, Map<String, Recording> recorded) {
            return new AlignmentFacts(
                    InstantSource.system()
                            .instant()
                            .truncatedTo(ChronoUnit.SECONDS)
                            .toString(),
                    AdedVersion.text(),
                    AlignmentExport.describe(target.name(), target.model()),
                    recordings.isEmpty() ? prompts.source() : "recordings " + String.join(", ", recorded.keySet()),
                    raw,
                    maxTokens,
                    samples,
                    temperature,
                    seed,
                    heldOut,
                    loops,
                    draft == null ? null : draftName(draft));
        }
    }

    @Command(
            name = "evaluate",
            description = {
                "Judges draft models on the held-out answers of an export, one beside the other: the share of their"
                        + " tokens that the target accepts, tokens a pass of the target for chains of γ drafts (block"
                        + " efficiency), and what is gained by it where time goes by the bytes read (memory-bound"
                        + " speed-up).",
                "There is no clock in it."
            })
    static final class Evaluate implements Callable<Integer> {
        private final Terminal terminal;

        @Option(
                names = "--data",
                required = true,
                paramLabel = "DIR",
                description = "What \"aded align export\" wrote.")
        @SuppressWarnings("NullAway.Init")
        private Path data;

        @Option(
                names = "--draft",
                required = true,
                paramLabel = "FILE|NAME",
                description = "A draft model; may be repeated: the others are compared with the first.")
        private List<String> drafts = new ArrayList<>();

        @Option(
                names = "--gamma",
                split = ",",
                paramLabel = "N",
                description = "Lengths of chains, columns each. Default: 3,5.")
        private List<Integer> gammas = List.of(3, 5);

        @Option(
                names = {"-c", "--context"},
                paramLabel = "N",
                description =
                        "The most tokens of context that drafts are asked with. Default: ${DEFAULT-VALUE}, or what"
                                + " the shortest was trained on.")
        private int context = 2048;

        @Option(
                names = {"-t", "--threads"},
                paramLabel = "N",
                description = "Compute threads. Default: 0, one for each core.")
        private int threads;

        @Option(
                names = "--natives",
                paramLabel = "DIR",
                description = "A llama.cpp build. Default: as for other commands.")
        private @Nullable Path natives;

        @Option(names = "--json", paramLabel = "FILE", description = "Write all figures there too.")
        private @Nullable Path json;

        Evaluate(Terminal terminal) {
            this.terminal = terminal;
        }

        @Override
        public Integer call() {
            List<FieldViolation> wrong = new ArrayList<>();
            gammas.forEach(gamma -> LoadOptions.within(wrong, "--gamma", gamma, 1, 256));
            LoadOptions.within(wrong, "--context", context, 16, 1 << 24);
            LoadOptions.within(wrong, "--threads", threads, 0, 1024);
            ResultFiles results = new ResultFiles(json, null);
            results.check(wrong);
            if (!wrong.isEmpty()) {
                throw new AdedException.InvalidRequest(wrong);
            }
            drafts.forEach(draft -> requireThere(terminal, draft));
            ContextParameters parameters = ContextParameters.ofCells(context).withThreads(threads);
            AlignmentEvaluation evaluation = new AlignmentEvaluation(data, gammas, parameters);
            LlamaLibrary library = LibraryChoice.of(terminal.environment()).open(natives, terminal::note);
            Machine machine = null;
            for (String draft : drafts) {
                try (LlamaModel loaded = loadDraft(terminal, library, draft, ModelParameters.DEFAULT)) {
                    evaluation.judge(draftName(draft), loaded, ProgressPrinter.ofRun(terminal));
                    machine = Machine.describe(
                            InstantSource.system(), AdedVersion.text(), draftName(draft), loaded.info(), parameters);
                }
            }
            String text = evaluation.text();
            terminal.out().print(text);
            if (machine != null) {
                Machine last = machine;
                results.write(() -> evaluation.json(last, data), () -> "", "", text);
            }
            return ExitCode.OK.code();
        }
    }
}
