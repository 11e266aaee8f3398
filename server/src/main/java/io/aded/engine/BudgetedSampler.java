package io.aded.engine;

import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;

/**
 * Closes reasoning when it has taken all the tokens that it may: the mark that closes it is set instead of drawn. When
 * that is so depends on the tokens emitted and on nothing else, so the answer is the same with drafts and without.
 */
final class BudgetedSampler implements TokenSampler {
    private final TokenSampler sampler;
    private final AnswerParts parts;
    private final int[] closing;
    private int set;

    /**
     * A sampler with a budget.
     *
     * @param closing the tokens that close reasoning
     */
    BudgetedSampler(TokenSampler sampler, AnswerParts parts, int[] closing) {
        this.sampler = sampler;
        this.parts = parts;
        this.closing = closing;
    }

    @Override
    public boolean isPlainGreedy() {
        return false;
    }

    @Override
    public int sample(TargetContext context, int row) {
        boolean begun = set > 0 && set < closing.length;
        if (begun || set == 0 && parts.isOverBudget()) {
            int token = closing[set++];
            sampler.take(token);
            return token;
        }
        return sampler.sample(context, row);
    }

    @Override
    public void remember(int token) {
        sampler.remember(token);
    }

    @Override
    public void take(int token) {
        sampler.take(token);
    }

    @Override
    public boolean constrains() {
        return sampler.constrains();
    }

    @Override
    public void prune(TokenTree tree) {
        sampler.prune(tree);
    }

    @Override
    public int draftForced(TokenTree tree, int maxNodes, int maxBranches) {
        return sampler.draftForced(tree, maxNodes, maxBranches);
    }

    @Override
    public void close() {
        sampler.close();
    }
}
