package io.aded.client;

import org.jspecify.annotations.Nullable;

/**
 * How the server guesses ahead. It changes how fast an answer comes, never what it says. Null leaves a value as the
 * server or the conversation has it; with a mode, bounds left null take that mode's defaults.
 *
 * @param mode which drafter
 * @param maxNodes the most draft tokens per round, 0 to 256
 * @param maxDepth the longest path in a draft tree, 1 to 64
 * @param maxBranches the most leaves of a draft tree, 1 to 64
 * @param shareLearned consent that what is learned from this text may outlive the stream
 */
public record Draft(
        @Nullable Mode mode,
        @Nullable Integer maxNodes,
        @Nullable Integer maxDepth,
        @Nullable Integer maxBranches,
        @Nullable Boolean shareLearned) {

    /** As the server or the conversation has it. */
    public static final Draft DEFAULT = new Draft(null, null, null, null, null);

    /** No draft: one token per forward pass. */
    public static final Draft OFF = of(Mode.OFF);

    /** A mode with its own bounds. */
    public static Draft of(Mode mode) {
        return new Draft(mode, null, null, null, null);
    }

    /** The same with another bound on the draft tokens per round, 0 to 256. */
    public Draft withMaxNodes(int nodes) {
        return new Draft(mode, nodes, maxDepth, maxBranches, shareLearned);
    }

    /** The same with or without the consent to keep what is learned. */
    public Draft withShareLearned(boolean share) {
        return new Draft(mode, maxNodes, maxDepth, maxBranches, share);
    }

    /** Which drafter; see {@code DraftMode} in {@code draft.proto}. */
    public enum Mode {
        /** Spends in each round what the measured cost says will pay. */
        AUTO,
        /** No draft. */
        OFF,
        /** The adaptive best-first drafter with a fixed number of nodes. */
        ADED,
        /** The algorithm as published: tri-grams and Monte-Carlo tree search. */
        ADED_MCTS,
        /** Baseline: prompt look-up. */
        PROMPT_LOOKUP,
        /** Baseline: llama.cpp's {@code ngram-simple}. */
        NGRAM_SIMPLE,
        /** Baseline: llama.cpp's {@code ngram-mod}. */
        NGRAM_MOD,
        /** Baseline: llama.cpp's {@code ngram-cache}. */
        NGRAM_CACHE
    }
}
