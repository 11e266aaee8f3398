package io.aded.grammar;

import java.util.List;

/**
 * The tokens that may follow a state: what its places allow by themselves, which all states share that have the place,
 * and what it takes the state itself to tell.
 *
 * @param shared the sets of its places
 * @param more tokens beside those
 * @param fewer tokens of {@code shared} that may not follow after all
 */
record Mask(List<TokenSet> shared, TokenSet more, TokenSet fewer) {

    boolean contains(int token) {
        if (more.contains(token)) {
            return true;
        }
        for (int i = 0; i < shared.size(); i++) {
            if (shared.get(i).contains(token)) {
                return !fewer.contains(token);
            }
        }
        return false;
    }

    /** Sets the bits of its tokens in a mask without any. */
    void fill(long[] mask) {
        for (int i = 0; i < shared.size(); i++) {
            shared.get(i).addTo(mask);
        }
        fewer.takeFrom(mask);
        more.addTo(mask);
    }
}
