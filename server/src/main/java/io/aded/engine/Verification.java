package io.aded.engine;

import io.aded.model.AdedException;
import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;

/**
 * The step that makes the output trustworthy.
 */
final class Verification {
    /*
     * What lossless means
     *
     *   Plain decoding draws one token from the target's distribution after the text so far, appends it, and repeats.
     *   The forward pass over a tree has computed that distribution after the text so far (the root), and after every
     *   continuation that the drafter guessed (the nodes). So do exactly what plain decoding does, reading each
     *   distribution from the tree as long as it is there: draw at the root; if the token drawn is one of the root's
     *   children, its own row is at hand, go there and draw again; otherwise the token stands, but what follows it is
     *   unknown, and the walk ends.
     *
     *   One draw per emitted token, in order, from the stream's own sampler: the random stream, the penalties and the
     *   grammar are in the very state that they would have been in without a draft. The drafter decides how far the
     *   walk can go, never what is drawn. This holds at every temperature. (The published algorithm draws per candidate
     *   row and keeps the longest match, which favours what was drafted; see Liu et al., arXiv 2407.12021,
     *   §"Verification".)
     *
     *   What remains is the arithmetic of the pass itself: kernels for one token and for many may round differently in
     *   the last bits. On F32 weights that noise is about 1e-6 of a logit; on quantised ones it can reach 1e-2, and two
     *   logits closer than that may change places.
     */
    private Verification() {}

    /** Takes each token as it is drawn, and says whether the answer goes on. */
    interface Emission {
        boolean emit(int token, int node);
    }

    /**
     * Walks the tree.
     *
     * @param tree what was in the pass
     * @param firstRow the row of the root; node i has row {@code firstRow + i}
     * @param best the largest logit's token at each node, or -1 where the row is none; read only if the sampler is
     *     plain
     *     greedy
     * @return the deepest accepted node
     * @throws AdedException.Internal if a row that it comes to holds what is no distribution
     */
    static int walk(
            TokenTree tree, int firstRow, int[] best, TokenSampler sampler, TargetContext context, Emission emission) {
        boolean greedy = sampler.isPlainGreedy();
        int node = 0;
        while (true) {
            int token = greedy ? best[node] : sampler.sample(context, firstRow + node);
            if (token < 0) {
                throw notFinite();
            }
            boolean goesOn = emission.emit(token, node);
            int child = goesOn ? tree.child(node, token) : -1;
            if (child < 0) {
                return node;
            }
            node = child;
        }
    }

    /** The row is broken: a NaN or +infinity in it, or nothing but -infinity. */
    private static AdedException notFinite() {
        return new AdedException.Internal(
                AdedException.LOGITS_NOT_FINITE,
                "the model computed logits that are no numbers, so no token can be drawn from them; what was sent of"
                        + " the answer stands. Its file may be damaged, or its weights overflow on this device",
                null);
    }
}
