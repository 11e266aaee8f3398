package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.host.DerivedModels;
import io.aded.host.HostConfiguration;
import io.aded.host.ModelConfiguration;
import io.aded.host.ModelFiles;
import io.aded.host.SkipChooser;
import io.aded.llama.LlamaLibrary;
import io.aded.natives.LibraryChoice;
import io.aded.store.WritableFile;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a cheaper copy of a model, which guesses what the model will say. */
@Command(
        name = "derive",
        description = {
            "Writes a cheaper copy of a model, to draft for it: in a coarser format, without some of its layers, or"
                    + " both.",
            "The vocabulary stays. Prints where the copy is; a copy that is there already is not written again."
        })
final class DeriveCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(paramLabel = "MODEL", description = "A name of the catalogue, a file or an address.")
    @SuppressWarnings("NullAway.Init")
    private String model;

    @Option(
            names = "--format",
            paramLabel = "q8_0|q6_k|q4_k_m|q4_k|q4_0",
            description = "What the matrices become. Default: what they are.")
    private @Nullable Quantization format;

    @Option(
            names = "--skip",
            paramLabel = "auto|LAYERS",
            description =
                    "Leave these layers out, counted from 0, such as 9-12 or 3,9-12. Those in the middle matter least,"
                            + " and auto searches for those without which drafting is the fastest here, once. Default:"
                            + " none.")
    private @Nullable String skip;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the copy goes. Default: the cache directory.")
    private @Nullable Path output;

    @Option(
            names = "--natives",
            paramLabel = "DIR",
            description = "The llama.cpp build that does the arithmetic. Default: the best installed one that works.")
    private @Nullable Path natives;

    @Mixin
    private final ContextOptions context = new ContextOptions();

    DeriveCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        boolean search = "auto".equals(skip);
        if (output != null) {
            WritableFile.require(output, "the copy");
        }
        SkippedLayers named = skip == null || search ? SkippedLayers.NONE : SkippedLayers.parse(skip);
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(ModelConfiguration.of(model).withNatives(natives))
                .withContext(context.configuration(1, 1))
                .withDraft(DraftPolicy.OFF, null)
                .withEnvironment(terminal.environment());
        Path copy = ProgressPrinter.during(terminal, progress -> {
            LlamaLibrary library = LibraryChoice.of(terminal.environment()).open(natives, progress::note);
            Path file = new ModelFiles(terminal.environment(), progress).find(configuration.model());
            SkippedLayers skipped =
                    search ? new SkipChooser(configuration, progress).choose(library, file, format) : named;
            return new DerivedModels(terminal.environment())
                    .find(library, new DerivedModels.Request(file, format, skipped, output), progress);
        });
        terminal.out().println(copy);
        return ExitCode.OK.code();
    }
}
