package io.aded.cli;

import io.aded.host.RequantizedModels;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether to measure with the model written in another format than it came in. */
final class RequantizeOption {
    @Option(
            names = "--requantize",
            paramLabel = "q8_0|q4_0",
            description = "Measure with the model written in this format; made once and kept in the cache directory.")
    private RequantizedModels.@Nullable Format format;

    RequantizedModels.@Nullable Format format() {
        return format;
    }
}
