package io.aded.cli;

import picocli.CommandLine.Option;

/** How many contexts there are over the one set of weights. */
final class ReplicaOption {
    @Option(
            names = "--replicas",
            paramLabel = "N",
            description = "Contexts over the one set of weights, each with an engine of its own. --context, --parallel,"
                    + " --queue and --sequences are for each; the cores are divided among them unless --threads says"
                    + " how many each has. A conversation goes to the least busy one and stays there. Default: 1.")
    private int replicas = 1;

    int count() {
        return replicas;
    }
}
