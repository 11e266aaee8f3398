package io.aded.model;

/**
 * A stream's own sampler: its chain of filters and its random stream. Not thread-safe.
 *
 * <p>Losslessness rests on one rule: <b>one draw per emitted token, in order</b>. Verification draws at each node that
 * it walks, and every token that it draws is emitted; so the random stream advances exactly as it would have without
 * drafts.
 */
public interface TokenSampler extends AutoCloseable {

    /** True if the sampler always picks the largest raw logit: the row need not be read beyond {@link TopTokens}. */
    boolean isPlainGreedy();

    /**
     * Draws one token from a row, and remembers it for penalties and grammar.
     *
     * @param context the context whose last pass holds the row
     * @param row the batch index that asked for logits
     * @return a token id; -1 if the row {@linkplain TopTokens#isFinite is no distribution}, and then nothing was drawn
     * @throws AdedException if no token may come: grammar and bias forbid all, or the grammar cannot be followed within
     *     its bounds
     */
    int sample(TargetContext context, int row);

    /**
     * Remembers a token that was not drawn here: the prompt's tail, which penalties may look at. Grammars do not see
     * it.
     */
    void remember(int token);

    /**
     * Goes on by a token that was not drawn but set, as if it had been drawn: penalties and grammar see it.
     */
    default void take(int token) {
        remember(token);
    }

    /** Whether {@link #prune} can ever remove anything. */
    boolean constrains();

    /** Removes the nodes that the grammar forbids after their ancestors, so that no pass is spent on them. */
    void prune(TokenTree tree);

    /**
     * Replaces a draft by the text about which the grammar leaves no choice, if there is any: keys, punctuation, the
     * rest of the only word that is left. The text is what the model says; its spelling mostly is.
     *
     * @param tree a draft, or a bare root
     * @param maxNodes the most draft nodes, at least 0
     * @param maxBranches the most leaves, at least 1
     * @return how many nodes there are; 0 if the draft was left alone
     */
    default int draftForced(TokenTree tree, int maxNodes, int maxBranches) {
        return 0;
    }

    /**
     * Says that no token may come, which is the request's doing.
     *
     * @param why the clause before the advice
     */
    static AdedException noToken(String why) {
        return new AdedException.FailedPrecondition(
                AdedException.NO_TOKEN_ALLOWED,
                why + ", so the answer cannot go on; what was sent of it stands. Allow more by the constraint or by the"
                        + " logit bias");
    }

    /** Frees native memory, once. */
    @Override
    void close();
}
