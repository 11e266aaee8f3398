package io.aded.draft.adaptive;

/**
 * Weights that never learn: 0.8 tri-gram and 0.2 bi-gram, and a suffix match over both by 0.6. Only to show what the
 * learned weights are worth (the ablation of the offline evaluation).
 */
record FixedInterpolation() implements Weighing {
    private static final float TRIGRAM = 0.8f;
    private static final float BACK_OFF = 0.6f;
    private static final float SUFFIX = 0.6f;

    @Override
    public void weigh(Candidates candidates) {
        float[] shares = candidates.scores();
        float votes = 0;
        for (int i = 0; i < candidates.size(); i++) {
            int behind = candidates.longestMatch() - candidates.matchLength(i);
            shares[i] = candidates.votes(i) == 0 ? 0 : candidates.votes(i) / (float) (1 << Math.min(30, 2 * behind));
            votes += shares[i];
        }
        for (int i = 0; i < candidates.size(); i++) {
            float bigram = candidates.bigramWeight(i);
            float rows = candidates.hasTrigrams()
                    ? TRIGRAM * candidates.trigramWeight(i) + (1 - TRIGRAM) * bigram
                    : BACK_OFF * bigram;
            float mixed = votes > 0 ? SUFFIX * shares[i] / votes + (1 - SUFFIX) * rows : rows;
            candidates.probabilities()[i] = Math.min(0.99f, mixed);
        }
    }

    @Override
    public void take(Lesson lesson) {
        lesson.clear();
    }

    @Override
    public long stateBytes() {
        return 0;
    }
}
