package io.aded.cli;

import io.aded.gguf.GgufFile;
import io.aded.gguf.SyntheticFormat;
import io.aded.gguf.SyntheticModel;
import io.aded.gguf.SyntheticModel.Shape;
import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes a model of random weights, so that passes of a real size can be priced without a real model. */
@Command(
        name = "synthesize",
        hidden = true,
        description = {
            "Writes a model with random weights in the shape of a real one, to price its passes.",
            "So: aded bench --model OUT --raw --synthetic-acceptance 0.7"
        })
final class SynthesizeCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(paramLabel = "OUT", description = "The file to write.")
    @SuppressWarnings("NullAway.Init")
    private Path destination;

    @Option(names = "--like", required = true, paramLabel = "FILE", description = "Whose vocabulary it is to have.")
    @SuppressWarnings("NullAway.Init")
    private Path like;

    @Option(
            names = "--shape",
            paramLabel = "NAME",
            description = "llama-1b, llama-3b, llama-8b or llama-70b. Default: llama-8b.")
    private String shape = "llama-8b";

    @Option(names = "--layers", paramLabel = "N", description = "So many layers instead of the shape's.")
    private @Nullable Integer layers;

    @Option(names = "--format", paramLabel = "f16|q8_0|q4_0|q4_k", description = "Of the matrices. Default: q8_0.")
    private SyntheticFormat format = SyntheticFormat.Q8_0;

    @Option(names = "--seed", paramLabel = "S", description = "Of the weights. Default: 1.")
    private long seed = 1;

    SynthesizeCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        Shape wanted = shape();
        GgufFile.read(like).requireModel();
        ProgressPrinter progress = new ProgressPrinter(terminal);
        String label = String.valueOf(destination.getFileName());
        try {
            SyntheticModel.write(
                    wanted, format, seed, like, destination, (bytes, total) -> progress.progress(label, bytes, total));
        } catch (IOException e) {
            throw new AdedException.Internal(
                    "CANNOT_WRITE_MODEL", "cannot write " + destination + ": " + e.getMessage(), e);
        }
        terminal.out().println(destination);
        return ExitCode.OK.code();
    }

    private Shape shape() {
        Shape found = Shape.known().stream()
                .filter(known -> known.name().equals(shape))
                .findFirst()
                .orElseThrow(() -> new AdedException.InvalidRequest(
                        "--shape",
                        "is " + shape + "; allowed: "
                                + Shape.known().stream().map(Shape::name).collect(Collectors.joining(", "))));
        if (layers == null) {
            return found;
        }
        if (layers < 1 || layers > 512) {
            throw new AdedException.InvalidRequest("--layers", "is " + layers + "; allowed: 1 to 512");
        }
        return found.withLayers(layers);
    }
}
