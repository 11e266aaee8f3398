package io.aded.llama;

import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;

/** The largest raw logit, always: no chain, no memory, nothing native. */
final class GreedySampler implements TokenSampler {
    @Override
    public boolean isPlainGreedy() {
        return true;
    }

    @Override
    public int sample(TargetContext context, int row) {
        return context.bestToken(row);
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
