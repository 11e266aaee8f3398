package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.gguf.Quantization;
import io.aded.host.FormatChoice;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.host.MeasuredFormat;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelConfiguration.FormatWish;
import io.aded.host.ModelFiles;
import io.aded.host.ModelFormats;
import io.aded.lab.experiment.FormatTrial;
import io.aded.lab.prompts.Scenarios;
import io.aded.lab.report.ResultFiles;
import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.natives.LibraryChoice;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures what the formats of a model give on this machine. */
@Command(
        name = "formats",
        description = {
            "Measures what each format of a model gives on this machine, plain and with drafts.",
            "What it finds is kept for \"aded serve --requantize auto\", which never uses a format that costs answers."
        })
final class FormatsCommand implements Callable<Integer> {
    private static final int ANSWER_TOKENS = 64;
    private static final int MOST_ROUNDS = 100;

    private final Terminal terminal;

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description = "A name of the catalogue, a file or an address. Default: the catalogue's default.")
    private @Nullable String model;

    @Option(names = "--hf", paramLabel = "OWNER/REPO[:FILE]", description = "A model of Hugging Face instead.")
    private @Nullable String hub;

    @Option(
            names = "--natives",
            paramLabel = "DIR",
            description = "The llama.cpp build to measure with. Default: the best installed one that works.")
    private @Nullable Path natives;

    @Option(
            names = "--formats",
            split = ",",
            paramLabel = "FORMAT",
            description = "Measure these beside the file as it is: q8_0, q6_k, q4_k_m, q4_k, q4_0. What is found is not"
                    + " kept then. Default: those worth it.")
    private List<Quantization> named = List.of();

    @Option(
            names = "--answers",
            paramLabel = "ROUNDS",
            description =
                    "Have each format answer the prompts of the examples as well, plain and with drafts, by turns, so"
                            + " many times, and say how near the chosen one comes to the fastest. Files that have to be"
                            + " written for it take room meanwhile.")
    private int rounds;

    @Option(names = "--json", paramLabel = "FILE", description = "Write what was found here, too.")
    private @Nullable Path json;

    @Mixin
    private final ContextOptions context = new ContextOptions();

    FormatsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        List<FieldViolation> wrong = new ArrayList<>();
        if (rounds < 0 || rounds > MOST_ROUNDS) {
            wrong.add(new FieldViolation("--answers", "is " + rounds + "; allowed: 0 to " + MOST_ROUNDS));
        }
        ResultFiles files = new ResultFiles(json, null);
        files.check(wrong);
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        ModelConfiguration wanted = (model == null ? ModelConfiguration.DEFAULT : ModelConfiguration.of(model))
                .withHub(hub)
                .withNatives(natives);
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(wanted)
                .withContext(context.configuration(1, 1))
                .withDraft(DraftPolicy.OFF, null)
                .withEnvironment(terminal.environment());
        return ProgressPrinter.during(terminal, progress -> {
            LlamaLibrary library = LibraryChoice.of(terminal.environment()).open(natives, progress::note);
            Path file = new ModelFiles(terminal.environment(), progress).find(wanted);
            ModelFormats formats = new ModelFormats(configuration, progress);
            FormatChoice choice = named.isEmpty()
                    ? formats.measure(library, file, FormatChoice.Extent.ALL)
                    : formats.measure(library, file, named.stream().distinct().toList());
            try {
                FormatAdvice.of(Optional.of(choice), terminal.program(), wanted).print(terminal.out());
                FormatAnswers answers = rounds == 0 ? null : answers(configuration, choice, progress);
                if (answers != null) {
                    terminal.out().print("\n" + answers.text());
                }
                files.write(() -> FormatAnswers.json(choice, answers), () -> "", "", "");
            } finally {
                formats.tidy(choice);
            }
            return ExitCode.OK.code();
        });
    }

    private FormatAnswers answers(HostConfiguration configuration, FormatChoice choice, ProgressPrinter progress) {
        List<LocalModel> loaded = new ArrayList<>();
        try (FormatTrial trial = new FormatTrial(ANSWER_TOKENS)) {
            for (MeasuredFormat format : choice.formats()) {
                LocalModel local = LocalModel.load(
                        configuration.withModel(configuration.model().withFormat(wish(format))), progress);
                loaded.add(local);
                trial.add(format.name(), local.model(), local.options());
            }
            progress.finish();
            terminal.note("Answering with " + loaded.size() + " formats, plain and with drafts, by turns.");
            return new FormatAnswers(
                    choice,
                    trial.run(Scenarios.demonstration(), rounds, ProgressPrinter.ofRun(terminal)),
                    rounds,
                    ANSWER_TOKENS);
        } finally {
            loaded.forEach(LocalModel::close);
        }
    }

    private static FormatWish wish(MeasuredFormat format) {
        Quantization written = format.requantized();
        return written == null ? FormatWish.NONE : FormatWish.valueOf(written.name());
    }
}
