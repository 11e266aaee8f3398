package io.aded.cli;

import io.aded.engine.EngineOptions;
import io.aded.llama.Processor;
import io.aded.model.AdedException;
import picocli.CommandLine.Option;

/** How many contexts there are over the one set of weights. */
final class ReplicaOption {
    private static final int MOST = 16;

    @Option(
            names = "--replicas",
            paramLabel = "N",
            description = "Contexts over the one set of weights, each with an engine of its own. --context, --parallel,"
                    + " --queue and --sequences are for each; the cores are divided among them unless --threads says"
                    + " how many each has. A conversation goes to the least busy one and stays there. Default: 1.")
    private int replicas = 1;

    int count() {
        if (replicas < 1 || replicas > MOST) {
            throw new AdedException.InvalidRequest("--replicas", "is " + replicas + "; allowed: 1 to " + MOST);
        }
        return replicas;
    }

    /** One replica's part of the machine. */
    EngineOptions share(EngineOptions options) {
        int count = count();
        if (count == 1 || options.context().threads() != 0) {
            return options;
        }
        int threads = Math.max(1, Processor.physicalCores() / count);
        return options.withContext(options.context().withThreads(threads));
    }
}
