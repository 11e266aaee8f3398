package io.aded.engine;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.ProposerFactory;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A drafter for engine tests: it remembers what followed each pair of tokens, drafts that as a chain, and hangs random
 * siblings beside it, so that trees branch, are right in part, and end everywhere.
 */
final class LearningTestDrafter implements Drafter {
    private final Map<Long, Integer> followers = new HashMap<>();
    private final SplittableRandom random;
    private final double confidence;
    private int previous;
    private int last;

    LearningTestDrafter(long seed, double confidence) {
        random = new SplittableRandom(seed);
        this.confidence = confidence;
    }

    /** Those of an engine, with a seed for each kind. */
    static ProposerFactory proposers(double confidence) {
        return LoopProposer.factory(
                label -> new LearningTestDrafter(Drafters.labels().indexOf(label), confidence));
    }

    @Override
    public String name() {
        return "test";
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {
        for (int i = from; i < to; i++) {
            append(tokens[i]);
        }
    }

    private void append(int token) {
        followers.put(pair(previous, last), token);
        previous = last;
        last = token;
    }

    private static long pair(int a, int b) {
        return ((long) a << 32) | b;
    }

    @Override
    public void draft(TokenTree tree, DraftLimits limits) {
        int node = 0;
        int a = previous;
        int b = last;
        int leaves = 1;
        while (tree.draftNodes() < limits.maxNodes() && tree.depth(node) < limits.maxDepth()) {
            Integer next = followers.get(pair(a, b));
            int wrong = 3 + 'a' + random.nextInt(26);
            if (leaves < limits.maxBranches()
                    && tree.draftNodes() + 1 < limits.maxNodes()
                    && random.nextInt(3) == 0
                    && (next == null || next != wrong)
                    && tree.child(node, wrong) < 0) {
                tree.add(node, wrong, tree.probability(node) * 0.05f);
                leaves++;
            }
            if (next == null) {
                return;
            }
            int child = tree.add(node, next, tree.probability(node) * (float) confidence);
            if (child < 0) {
                return;
            }
            node = child;
            a = b;
            b = next;
        }
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {}

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        int[] path = new int[tree.depth(lastAccepted)];
        for (int node = lastAccepted; node > 0; node = tree.parent(node)) {
            path[tree.depth(node) - 1] = tree.token(node);
        }
        for (int token : path) {
            append(token);
        }
        append(bonusToken);
    }

    @Override
    public long stateBytes() {
        return followers.size() * 64L;
    }
}
