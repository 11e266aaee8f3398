package io.aded.lab.experiment;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.SplittableRandom;

/**
 * Drafts the answer that is known beforehand, each token spoilt with a given chance. So drafts are accepted at a rate
 * that does not depend on the text, and what remains is what verification costs.
 */
final class ReplayDrafter implements Drafter {
    private final int[] answer;
    private final double acceptance;
    private final int vocabulary;
    private final SplittableRandom random;
    private int position;

    /**
     * @param answer what the model will say
     * @param acceptance the chance that a draft token is right given that those before it are, in [0, 1]
     * @param vocabulary token ids are below it; at least 2
     */
    ReplayDrafter(int[] answer, double acceptance, int vocabulary, long seed) {
        this.answer = answer;
        this.acceptance = acceptance;
        this.vocabulary = vocabulary;
        random = new SplittableRandom(seed);
    }

    @Override
    public String name() {
        return "synthetic";
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {}

    @Override
    public void draft(TokenTree tree, DraftLimits limits) {
        int depth = Math.min(limits.maxDepth(), Math.min(limits.maxNodes(), answer.length - position));
        float probability = 1f;
        int node = 0;
        for (int i = 0; i < depth; i++) {
            int right = answer[position + i];
            int token = random.nextDouble() < acceptance ? right : (right + 1) % vocabulary;
            probability *= (float) acceptance;
            node = tree.add(node, token, probability);
        }
    }

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {}

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
        position += tree.depth(lastAccepted) + 1;
    }

    @Override
    public long stateBytes() {
        return 4L * answer.length;
    }
}
