package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.host.FormatChoice;
import io.aded.host.HostConfiguration;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelFiles;
import io.aded.host.ModelFormats;
import io.aded.llama.LlamaLibrary;
import io.aded.natives.LibraryChoice;
import java.nio.file.Path;
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
            "Measures what each format of a model gives on this machine, plain and with drafts, and keeps what it"
                    + " found",
            "for \"aded serve --requantize auto\", which never uses one that costs answers."
        })
final class FormatsCommand implements Callable<Integer> {
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

    @Mixin
    private final ContextOptions context = new ContextOptions();

    FormatsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ModelConfiguration wanted = (model == null ? ModelConfiguration.DEFAULT : ModelConfiguration.of(model))
                .withHub(hub)
                .withNatives(natives);
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(wanted)
                .withContext(context.configuration(1, 1))
                .withDraft(DraftPolicy.OFF, null)
                .withEnvironment(terminal.environment());
        FormatChoice choice = ProgressPrinter.during(terminal, progress -> {
            LlamaLibrary library = LibraryChoice.of(terminal.environment()).open(natives, progress::note);
            Path file = new ModelFiles(terminal.environment(), progress).find(wanted);
            return new ModelFormats(configuration, progress).measure(library, file, true);
        });
        FormatAdvice.of(Optional.of(choice), terminal.program(), wanted).print(terminal.out());
        return ExitCode.OK.code();
    }
}
