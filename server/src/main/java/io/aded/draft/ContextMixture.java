package io.aded.draft;

/** Mixes the sources and calibrates the mixture, per kind of context. */
final class ContextMixture {
    static final int SUFFIX = 0;
    static final int TRIGRAM = 1;
    static final int BIGRAM = 2;
    static final int UNIGRAM = 3;
    static final int SOURCES = 4;

    private static final int LENGTHS = 8;
    private static final int ORIGINS = 3;
    private static final int TRIGRAM_STATES = 5;
    private static final int CONTEXTS = LENGTHS * ORIGINS * TRIGRAM_STATES;
    private static final int BINS = 16;
    private static final float PRIOR_STRENGTH = 20;
    private static final float[] INITIAL_WEIGHTS = {0.55f, 0.25f, 0.15f, 0.05f};
    private static final float SMALLEST_STEP = 0.004f;

    private final float[] weights = new float[CONTEXTS * SOURCES];
    private final int[] seen = new int[CONTEXTS];
    private final float[] tried = new float[CONTEXTS * BINS * 2];
    private final float[] right = new float[CONTEXTS * BINS * 2];
    private final float[] responsibility = new float[SOURCES];

    ContextMixture() {
        for (int i = 0; i < weights.length; i++) {
            weights[i] = INITIAL_WEIGHTS[i % SOURCES];
        }
    }

    /** Sets the calibrated probability of every candidate. */
    void predict(Candidates candidates) {
        int context = context(candidates);
        mix(candidates, context);
        for (int i = 0; i < candidates.size; i++) {
            float raw = candidates.probabilities[i];
            int cell = cell(context, raw, candidates.tokens[i] == candidates.matchToken);
            candidates.probabilities[i] =
                    Math.min(0.99f, (right[cell] + PRIOR_STRENGTH * raw) / (tried[cell] + PRIOR_STRENGTH));
        }
    }

    void learn(Candidates candidates, int actual) {
        int context = context(candidates);
        mix(candidates, context);
        for (int i = 0; i < candidates.size; i++) {
            boolean hit = candidates.tokens[i] == actual;
            int cell = cell(context, candidates.probabilities[i], candidates.tokens[i] == candidates.matchToken);
            tried[cell]++;
            right[cell] += hit ? 1 : 0;
        }
        int found = candidates.find(actual);
        if (found >= 0 && candidates.probabilities[found] > 0) {
            float step = Math.max(SMALLEST_STEP, 1f / (seen[context]++ + 12));
            float total = 0;
            for (int s = 0; s < SOURCES; s++) {
                responsibility[s] = weights[context * SOURCES + s] * candidates.shares[found * SOURCES + s];
                total += responsibility[s];
            }
            for (int s = 0; s < SOURCES; s++) {
                float w = weights[context * SOURCES + s];
                weights[context * SOURCES + s] = w + step * (responsibility[s] / total - w);
            }
        }
    }

    private void mix(Candidates candidates, int context) {
        int base = context * SOURCES;
        float present = weights[base + UNIGRAM] + weights[base + BIGRAM];
        present += candidates.longestMatch > 0 ? weights[base + SUFFIX] : 0;
        present += candidates.trigramMass > 0 ? weights[base + TRIGRAM] : 0;
        for (int i = 0; i < candidates.size; i++) {
            float p = 0;
            for (int s = 0; s < SOURCES; s++) {
                p += weights[base + s] * candidates.shares[i * SOURCES + s];
            }
            candidates.probabilities[i] = p / present;
        }
    }

    private static int context(Candidates candidates) {
        int length = lengthBucket(candidates.longestMatch);
        int origin = length == 0 ? 2 : candidates.matchInPrompt ? 1 : 0;
        int state = candidates.trigramMass == 0
                ? 0
                : candidates.trigramTop > 0.9f
                        ? 4
                        : candidates.trigramTop > 0.6f ? 3 : candidates.trigramTop > 0.3f ? 2 : 1;
        return (length * ORIGINS + origin) * TRIGRAM_STATES + state;
    }

    private static int lengthBucket(int length) {
        if (length < 2) {
            return 0;
        }
        return length < 6 ? length - 1 : length < 9 ? 5 : length < 16 ? 6 : 7;
    }

    private static int cell(int context, float probability, boolean agrees) {
        float odds = probability / (1.000001f - probability);
        // Half-octaves of odds around even.
        int bin = Math.clamp(Math.getExponent(odds) + 9, 0, BINS - 1);
        return (context * BINS + bin) * 2 + (agrees ? 1 : 0);
    }

    long stateBytes() {
        return 4L * (weights.length + seen.length + tried.length + right.length);
    }
}
