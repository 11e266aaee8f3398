package io.aded.llama;

import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/** The largest raw logit, always: no chain, no memory, nothing native. */
final class GreedySampler implements TokenSampler {
    private final TopTokens best = new TopTokens(1);

    @Override
    public boolean isPlainGreedy() {
        return true;
    }

    @Override
    public int sample(TargetContext context, int row) {
        context.topTokens(row, best);
        return best.token(0);
    }

    @Override
    public void remember(int token) {
        // Nothing depends on what came before.
    }

    @Override
    public boolean constrains() {
        return false;
    }

    @Override
    public void prune(TokenTree tree) {
        // Nothing is forbidden.
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
