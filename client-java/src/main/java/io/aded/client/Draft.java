package io.aded.client;

import org.jspecify.annotations.Nullable;

/**
 * How the server guesses ahead. It changes how fast an answer comes, never what it says. Null leaves a value as the
 * server or the conversation has it; with a mode, bounds left null take that mode's defaults.
 *
 * @param mode {@code auto}, {@code off}, or the name of a drafter as {@link ServerDetails#drafters} lists them
 * @param maxNodes the most draft tokens per round, 0 to 256
 * @param maxDepth the longest path in a draft tree, 1 to 64
 * @param maxBranches the most leaves of a draft tree, 1 to 64
 * @param shareLearned consent that what is learned from this text may outlive the conversation
 * @param allowTraining consent that a server that keeps answers for it writes prompts and answers to its disk, to train
 *     draft models by
 */
public record Draft(
        @Nullable String mode,
        @Nullable Integer maxNodes,
        @Nullable Integer maxDepth,
        @Nullable Integer maxBranches,
        @Nullable Boolean shareLearned,
        @Nullable Boolean allowTraining) {

    /** As the server or the conversation has it. */
    public static final Draft DEFAULT = new Draft(null, null, null, null, null);

    /** In each round what the measured cost of a forward pass says will pay. */
    public static final Draft AUTO = of("auto");

    /** No draft: one token per forward pass. */
    public static final Draft OFF = of("off");

    /** Nothing said of training. */
    public Draft(
            @Nullable String mode,
            @Nullable Integer maxNodes,
            @Nullable Integer maxDepth,
            @Nullable Integer maxBranches,
            @Nullable Boolean shareLearned) {
        this(mode, maxNodes, maxDepth, maxBranches, shareLearned, null);
    }

    /** A drafter, such as {@code aded}, with its own bounds. */
    public static Draft of(String mode) {
        return new Draft(mode, null, null, null, null);
    }

    /** The same with another bound on the draft tokens per round, 0 to 256. */
    public Draft withMaxNodes(int nodes) {
        return new Draft(mode, nodes, maxDepth, maxBranches, shareLearned, allowTraining);
    }

    /** The same with or without the consent to keep what is learned. */
    public Draft withShareLearned(boolean share) {
        return new Draft(mode, maxNodes, maxDepth, maxBranches, share, allowTraining);
    }

    /** The same with or without the consent to keep prompts and answers for training. */
    public Draft withAllowTraining(boolean allow) {
        return new Draft(mode, maxNodes, maxDepth, maxBranches, shareLearned, allow);
    }
}
