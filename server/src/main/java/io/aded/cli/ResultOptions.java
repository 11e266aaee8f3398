package io.aded.cli;

import io.aded.lab.report.ResultFiles;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a measurement's results go beside the terminal. */
final class ResultOptions {
    @Option(names = "--json", paramLabel = "FILE", description = "Writes all results as JSON.")
    private @Nullable Path json;

    @Option(
            names = "--plot",
            paramLabel = "FILE",
            description = "Writes charts, as .svg or .html by the file's name: pass costs, acceptance and speed-ups, or"
                    + " throughput and latency.")
    private @Nullable Path plot;

    ResultFiles files() {
        return new ResultFiles(json, plot);
    }
}
