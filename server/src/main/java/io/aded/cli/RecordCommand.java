package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.host.AdedVersion;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.recording.Recorder;
import io.aded.lab.recording.Recording;
import io.aded.lab.report.Machine;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.store.WritableFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Records what a model says. */
@Command(
        name = "record",
        description = {
            "Plays prompts, of conversations the first turn, through a model, greedily and without drafts, and writes"
                    + " what it says: the tokens, and its 16 best with their probabilities at each.",
            "\"aded replay\" and \"aded simulate\" evaluate drafters on such a recording, without the model."
        })
final class RecordCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Mixin
    private final ContextOptions context = new ContextOptions();

    @Mixin
    private final PromptOptions prompts = new PromptOptions();

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "The longest answer. Default: ${DEFAULT-VALUE}.")
    private int maxTokens = 160;

    @Option(names = "--raw", description = "Prompts go to the model as they are, without its chat template.")
    private boolean raw;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "Where to write it. Tables call the set by this name, without .bin.")
    @SuppressWarnings("NullAway.Init")
    private Path output;

    RecordCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        List<FieldViolation> wrong = new ArrayList<>();
        LoadOptions.within(wrong, "--max-tokens", maxTokens, 1, 1 << 16);
        prompts.check(wrong);
        Path directory = output.toAbsolutePath().getParent();
        LoadOptions.refuse(
                wrong,
                directory == null || !Files.isDirectory(directory) || Files.isDirectory(output),
                "--output",
                "names " + output + "; allowed: a file in a directory that exists");
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        WritableFile.require(output, "the recording");
        List<Scenario> scenarios = prompts.scenarios(Scenario.Grouping.TASK);
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(model.configuration())
                .withContext(context.configuration(1, 1))
                .withDraft(DraftPolicy.OFF, null)
                .withEnvironment(terminal.environment());
        try (LocalModel local = ProgressPrinter.during(terminal, listener -> LocalModel.load(configuration, listener));
                Recorder recorder = new Recorder(local.model(), local.options().context(), maxTokens)) {
            Machine machine = Machine.describe(
                    InstantSource.system(),
                    AdedVersion.text(),
                    local.name(),
                    local.model().info(),
                    local.options().context());
            Recording recording =
                    recorder.record(scenarios, prompts.source(), raw, machine, ProgressPrinter.ofRun(terminal));
            recording.writeTo(output);
            terminal.out()
                    .printf(
                            Locale.ROOT,
                            "%s: %d of %d prompts answered, %,d tokens, %,d bytes%n",
                            output,
                            recording.answers().size(),
                            scenarios.size(),
                            recording.answers().stream()
                                    .mapToInt(answer -> answer.answer().length)
                                    .sum(),
                            Files.size(output));
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot write " + output, e);
        }
        return ExitCode.OK.code();
    }
}
