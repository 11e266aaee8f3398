package io.aded.model;

/**
 * The best tokens of one row of logits, best first, and what is needed to turn any logit of that row into a
 * probability. Reused from row to row.
 */
public final class TopTokens {
    /** How much is read of a row beside its best tokens. */
    public enum Mass {
        /** Every logit goes into the sum. */
        EXACT,
        /**
         * The best tokens and an eighth of the others stand for all: half the time, probabilities within some percent.
         */
        SAMPLED,
        /** There is no sum; {@link #logSumExp} and {@link #probability} say nothing. */
        NONE
    }

    private final Mass mass;
    private final int[] tokens;
    private final float[] logits;
    private int size;
    private float logSumExp;
    private boolean finite;

    /** Makes room for the {@code capacity} best tokens, and asks for the exact sum. */
    public TopTokens(int capacity) {
        this(capacity, Mass.EXACT);
    }

    /** Makes room for the {@code capacity} best tokens, and says what is wanted of the others. */
    public TopTokens(int capacity, Mass mass) {
        this.mass = mass;
        tokens = new int[capacity];
        logits = new float[capacity];
    }

    /** What is wanted beside the best tokens; who fills this may always do more. */
    public Mass mass() {
        return mass;
    }

    /** The most tokens that are kept. */
    public int capacity() {
        return tokens.length;
    }

    /** The tokens that are there: the smaller of the capacity and the vocabulary. */
    public int size() {
        return size;
    }

    /** The id of the {@code i}-th best token, from 0. */
    public int token(int i) {
        return tokens[i];
    }

    /** The raw logit of the {@code i}-th best token. */
    public float logit(int i) {
        return logits[i];
    }

    /** log Σ exp(logit) over the whole vocabulary, as well as {@link #mass} asks for. */
    public float logSumExp() {
        return logSumExp;
    }

    /** The model's probability of the {@code i}-th best token at temperature 1, in [0, 1]. */
    public float probability(int i) {
        return (float) Math.exp(logits[i] - logSumExp);
    }

    /**
     * The arrays behind {@link #token} and {@link #logit}, for the one who fills them: write best first, then call
     * {@link #filled}.
     */
    public int[] tokenArray() {
        return tokens;
    }

    /** See {@link #tokenArray}. */
    public float[] logitArray() {
        return logits;
    }

    /** Says that the first {@code count} entries have been written, and the row's log-sum-exp. */
    public void filled(int count, float rowLogSumExp) {
        filled(count, rowLogSumExp, true);
    }

    /** As {@link #filled(int, float)}, of a row that may not be {@linkplain #isFinite finite}. */
    public void filled(int count, float rowLogSumExp, boolean isRowFinite) {
        size = count;
        logSumExp = rowLogSumExp;
        finite = isRowFinite;
    }

    /**
     * Whether the row is a distribution: it has no NaN and no +infinity, and not only -infinity. (A token of
     * -infinity is one that never comes.)
     */
    public boolean isFinite() {
        return finite;
    }
}
