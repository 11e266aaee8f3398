package io.aded.draft.neural;

/**
 * How often a draft model's first choice was right, by the probability that it gave. Models are over-confident, the
 * more the smaller they are, and a target that samples takes the first choice less often than a greedy one.
 */
public final class Calibration {
    /*
     * Bins are narrow where probabilities are near one, since that is where chains become long. Each begins as if the
     * model's word had been tried a few times and found true, and forgets slowly, so that the share follows the text.
     */
    private static final float[] EDGES = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f, 0.95f, 0.98f, 0.995f};

    /** Tries that the model's own word is worth in each bin. */
    private static final double PRIOR = 4;

    /** Tries that are remembered, of a bin and of all together: from there on each new one takes a bit off the old. */
    private static final double MOST = 400;

    /** What is believed of first choices while none was tried. */
    private static final double FIRST_SHARE = 0.7;

    /** Tries that this is worth. */
    private static final double SHARE_PRIOR = 8;

    private final double[] hits = new double[EDGES.length + 1];
    private final double[] counts = new double[EDGES.length + 1];
    private double shareHits = FIRST_SHARE * SHARE_PRIOR;
    private double shareCount = SHARE_PRIOR;

    /** Nothing tried yet. */
    public Calibration() {}

    private static int bin(float probability) {
        int bin = 0;
        while (bin < EDGES.length && probability >= EDGES[bin]) {
            bin++;
        }
        return bin;
    }

    /** The chance that a first choice of this probability is right, in [0, 1]. */
    public double chance(float probability) {
        int bin = bin(probability);
        double said = Math.min(1, Math.max(0, probability));
        return (hits[bin] + PRIOR * said) / (counts[bin] + PRIOR);
    }

    /** A first choice of this probability was right, or not. */
    public void saw(float probability, boolean right) {
        int bin = bin(probability);
        if (counts[bin] >= MOST) {
            counts[bin] *= 1 - 1 / MOST;
            hits[bin] *= 1 - 1 / MOST;
        }
        counts[bin]++;
        if (shareCount >= MOST) {
            shareCount *= 1 - 1 / MOST;
            shareHits *= 1 - 1 / MOST;
        }
        shareCount++;
        if (right) {
            hits[bin]++;
            shareHits++;
        }
    }

    /** The share of all first choices that were right lately, in [0, 1]. */
    public double share() {
        return shareHits / shareCount;
    }
}
