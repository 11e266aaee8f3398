package io.aded.draft.select;

import io.aded.model.TokenTree;
import java.util.Arrays;

/** The tokens that a round of a stream emitted, in order. */
final class Emitted {
    private int[] tokens = new int[16];

    /** The outcome of a round, as {@link io.aded.draft.DraftState#accept} tells it. */
    void of(TokenTree tree, int lastAccepted, int bonusToken) {
        int accepted = tree.depth(lastAccepted);
        if (tokens.length <= accepted) {
            tokens = Arrays.copyOf(tokens, 2 * (accepted + 1));
        }
        tokens[accepted] = bonusToken;
        for (int node = lastAccepted; node > 0; node = tree.parent(node)) {
            tokens[tree.depth(node) - 1] = tree.token(node);
        }
    }

    /** Those of the last round first, one more than were accepted; what follows them is of no round. */
    int[] tokens() {
        return tokens;
    }

    long stateBytes() {
        return 4L * tokens.length;
    }
}
