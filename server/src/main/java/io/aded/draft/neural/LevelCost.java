package io.aded.draft.neural;

/**
 * What a forward pass of the draft model costs, by its number of tokens: a straight line through what was measured
 * lately.
 */
final class LevelCost {
    /*
     * A small pass reads all weights whatever its tokens, and each token adds its arithmetic: a line says both. (The
     * target's curve has steps that decide how wide a pass should be; of the draft we only want to know whether one
     * more level pays, and what a piece of a prompt takes.) Sums of old passes fade, so that the line follows a machine
     * that becomes slower or faster. A pass that took far longer than the line says was a stall, and counts as one that
     * took four times as long.
     */
    private static final double FADE = 0.96;

    private static final double LARGEST = 4;
    private static final int SETTLED = 4;

    /** What a token adds, as a share of a pass of one, while all passes that were seen had the same width. */
    private static final double SLOPE_UNKNOWN = 0.25;

    private double weight;
    private double x;
    private double y;
    private double xx;
    private double xy;
    private int observations;

    /** A pass of so many tokens took so long. */
    void observe(int tokens, double nanos) {
        double taken = observations < SETTLED ? nanos : Math.min(nanos, LARGEST * nanos(tokens));
        observations++;
        // A wide pass would pull the line by its width squared; by its share of it, all widths count alike.
        double counts = 1.0 / tokens;
        weight = FADE * weight + counts;
        x = FADE * x + counts * tokens;
        y = FADE * y + counts * taken;
        xx = FADE * xx + counts * tokens * tokens;
        xy = FADE * xy + counts * tokens * taken;
    }

    /** What a pass of so many tokens takes, in nanoseconds; 0 if none was seen yet. */
    double nanos(int tokens) {
        if (observations == 0) {
            return 0;
        }
        double meanX = x / weight;
        double meanY = y / weight;
        double variance = xx / weight - meanX * meanX;
        double slope = variance > 1e-3 * meanX * meanX
                ? (xy / weight - meanX * meanY) / variance
                : SLOPE_UNKNOWN * meanY / (1 + SLOPE_UNKNOWN * (meanX - 1));
        // Between a pass that costs the same whatever its width, and one that costs by the token.
        double steepest = meanY / meanX;
        slope = Math.max(0, Math.min(slope, steepest));
        return meanY + slope * (tokens - meanX);
    }

    /** The most tokens, within bounds, that a pass may have to take no longer than this. */
    int tokensWithin(double nanos, int least, int most) {
        int tokens = most;
        while (tokens > least && nanos(tokens) > nanos) {
            tokens /= 2;
        }
        return Math.max(least, tokens);
    }
}
