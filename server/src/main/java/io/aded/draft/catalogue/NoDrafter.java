package io.aded.draft.catalogue;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;

/** Guesses nothing and learns nothing: plain decoding. */
final class NoDrafter implements Drafter {

    @Override
    public String name() {
        return "off";
    }

    @Override
    public void learnPrompt(int[] tokens, int from, int to) {}

    @Override
    public void draft(TokenTree tree, DraftLimits limits) {}

    @Override
    public void observe(TokenTree tree, int node, TopTokens target) {}

    @Override
    public void accept(TokenTree tree, int lastAccepted, int bonusToken) {}

    @Override
    public long stateBytes() {
        return 0;
    }
}
