package io.aded.lab.offline;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/** Replays recorded answers through a drafter as the engine would, and counts. */
final class Replay {
    private static final int OBSERVED = 8;
    static final int BINS = 10;

    private final DraftLimits limits;
    private final TokenTree tree;
    private final TopTokens top = new TopTokens(OBSERVED);

    private long tokens;
    private long passes;
    private double predicted;
    private long accepted;
    private long draftNanos;
    private long learnNanos;
    private final double[] binPredicted = new double[BINS];
    private final long[] binNodes = new long[BINS];
    private final long[] binAccepted = new long[BINS];

    Replay(DraftLimits limits) {
        this.limits = limits;
        tree = new TokenTree(limits.maxNodes());
    }

    /** Tokens emitted, but for the first of each answer. */
    long tokens() {
        return tokens;
    }

    /** Forward passes, but for those over the prompts. */
    long passes() {
        return passes;
    }

    /** Draft nodes accepted. */
    long accepted() {
        return accepted;
    }

    /** The sum of the probabilities of all nodes drafted within the recordings. */
    double predicted() {
        return predicted;
    }

    /** Time spent drafting. */
    long draftNanos() {
        return draftNanos;
    }

    /** Time spent learning. */
    long learnNanos() {
        return learnNanos;
    }

    /** Nodes whose probability lay in a tenth of [0, 1]. */
    long nodesIn(int bin) {
        return binNodes[bin];
    }

    /** Their mean probability. */
    double predictedIn(int bin) {
        return binPredicted[bin] / binNodes[bin];
    }

    /** The share of them that was accepted. */
    double deliveredIn(int bin) {
        return (double) binAccepted[bin] / binNodes[bin];
    }

    /** One more than the draft tokens accepted a pass: the definition of vLLM and llama.cpp, and of our API. */
    double meanAcceptanceLength() {
        return 1 + (double) accepted / passes;
    }

    /** One answer. Its first token comes from the pass over the prompt, which has no draft and is not counted. */
    void run(Drafter drafter, RecordedAnswer recorded) {
        int[] answer = recorded.answer();
        int[] prompt = recorded.prompt();
        drafter.learnPrompt(prompt, 0, prompt.length);
        tree.reset(prompt[prompt.length - 1]);
        observe(drafter, recorded, 0, 0);
        drafter.accept(tree, 0, answer[0]);
        drafter.share();
        int done = 1;
        while (done < answer.length) {
            tree.reset(answer[done - 1]);
            long start = System.nanoTime();
            drafter.draft(tree, limits);
            draftNanos += System.nanoTime() - start;
            done += verify(drafter, recorded, done);
        }
    }

    private int verify(Drafter drafter, RecordedAnswer recorded, int from) {
        int[] answer = recorded.answer();
        int node = 0;
        int at = from;
        for (int n = 1; n < tree.size(); n++) {
            // Beyond the end of the recording nothing can be accepted, so those nodes are not judged.
            if (from + tree.depth(n) - 1 < answer.length) {
                int bin = bin(tree.probability(n));
                binNodes[bin]++;
                binPredicted[bin] += tree.probability(n);
                predicted += tree.probability(n);
            }
        }
        long start = System.nanoTime();
        while (true) {
            observe(drafter, recorded, node, at);
            int next = tree.child(node, answer[at]);
            if (next < 0) {
                drafter.accept(tree, node, answer[at]);
                drafter.share();
                at++;
                break;
            }
            node = next;
            accepted++;
            binAccepted[bin(tree.probability(node))]++;
            at++;
            if (at == answer.length) {
                // The answer ends with an accepted token; there is nothing after it to teach.
                break;
            }
        }
        learnNanos += System.nanoTime() - start;
        tokens += at - from;
        passes++;
        return at - from;
    }

    private static int bin(float probability) {
        return Math.clamp((int) (probability * BINS), 0, BINS - 1);
    }

    private void observe(Drafter drafter, RecordedAnswer recorded, int node, int position) {
        int[] tokenArray = top.tokenArray();
        float[] logitArray = top.logitArray();
        for (int i = 0; i < OBSERVED; i++) {
            tokenArray[i] = recorded.topTokens()[position * RecordedAnswer.TOP + i];
            logitArray[i] = (float) Math.log(recorded.topProbabilities()[position * RecordedAnswer.TOP + i]);
        }
        top.filled(OBSERVED, 0f);
        drafter.observe(tree, node, top);
    }
}
