package io.aded.cli;

import io.aded.llama.LlamaLibrary;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether to measure with the model written in another format than it came in. */
final class RequantizeOption {
    @Option(
            names = "--requantize",
            paramLabel = "q8_0|q4_0",
            description = "Measure with the model written in this format; made once and kept in the cache directory.")
    private RequantizedModels.@Nullable Format format;

    boolean isGiven() {
        return format != null;
    }

    /** The file in the format that was asked for, or the file itself. */
    Path apply(Terminal terminal, LlamaLibrary library, Path file) {
        RequantizedModels.Format wanted = format;
        return wanted == null
                ? file
                : new RequantizedModels(terminal.surroundings().cacheDirectory())
                        .find(library, file, wanted, new ProgressPrinter(terminal));
    }
}
