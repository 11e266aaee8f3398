package io.aded.draft.select;

import org.jspecify.annotations.Nullable;

/**
 * How often the best guess is right where the draft model speaks, by how sure the table was before: what a level is
 * expected to bring before it is asked for.
 *
 * <p>Two of these: what all streams of an engine saw together, which is where a new stream starts from; and the
 * stream's own, which follows its text. Not thread-safe.
 */
final class HitRates {
    /** The bucket of places that the table has no guess for in its draft, after those of {@link LogisticMixer}. */
    static final int BEYOND = LogisticMixer.SURENESSES;

    private static final int BUCKETS = BEYOND + 1;

    /** The draft model's first guess, before anything is known of it: two right out of three, by so many guesses. */
    private static final double MODEL_FIRST = 0.62;

    private static final double MODEL_FIRST_STRENGTH = 2;

    /** Guesses after which the model is known well enough to be asked by whoever hopes to gain. */
    private static final double KNOWN = 8;

    private static final double ENGINE_KEEPS = 0.99;
    private static final double ENGINE_PRIOR = 8;
    private static final double STREAM_KEEPS = 0.95;
    private static final double STREAM_PRIOR = 5;

    /** Of what the model gets right, this much is left where the table is wrong: both fail at the same places. */
    private static final double INDEPENDENCE = 0.8;

    private final @Nullable HitRates general;
    private final double keeps;
    private final double prior;
    private final double[] hits = new double[BUCKETS];
    private final double[] guesses = new double[BUCKETS];
    private double modelHits;
    private double modelGuesses;

    private HitRates(@Nullable HitRates general, double keeps, double prior) {
        this.general = general;
        this.keeps = keeps;
        this.prior = prior;
    }

    /** An engine's, that has seen nothing. */
    static HitRates ofEngine() {
        return new HitRates(null, ENGINE_KEEPS, ENGINE_PRIOR);
    }

    /** A new stream's. What it sees, the engine's sees as well. */
    HitRates ofStream() {
        return new HitRates(this, STREAM_KEEPS, STREAM_PRIOR);
    }

    /** The bucket of a place where the table's best guess has a probability; below 0 if the draft has none. */
    static int bucket(float table) {
        return table < 0 ? BEYOND : LogisticMixer.sureness(table);
    }

    /** How often the draft model's own first guess is right. */
    double model() {
        return general == null
                ? (modelHits + MODEL_FIRST_STRENGTH * MODEL_FIRST) / (modelGuesses + MODEL_FIRST_STRENGTH)
                : (modelHits + prior * general.model()) / (modelGuesses + prior);
    }

    /** Whether enough was seen of the model, by all streams. */
    boolean isKnown() {
        return (general == null ? modelGuesses : general.modelGuesses) >= KNOWN;
    }

    /**
     * How likely the best guess is right once the model has spoken.
     *
     * @param table what the table gives its best guess there; below 0 if the draft has none
     */
    double rate(float table) {
        int bucket = bucket(table);
        double start = general == null ? reckon(table) : general.rate(table);
        return (hits[bucket] + prior * start) / (guesses[bucket] + prior);
    }

    /** Before anything was seen of the place's kind: either may be right. */
    private double reckon(float table) {
        return table < 0 ? model() : table + (1 - table) * INDEPENDENCE * model();
    }

    /**
     * A place was verified at which the model had spoken.
     *
     * @param bucket of the place, before it did
     * @param mixedRight whether the most probable guess of the mixture was right
     * @param modelRight whether the model's own was
     */
    void saw(int bucket, boolean mixedRight, boolean modelRight) {
        hits[bucket] = hits[bucket] * keeps + (mixedRight ? 1 : 0);
        guesses[bucket] = guesses[bucket] * keeps + 1;
        modelHits = modelHits * keeps + (modelRight ? 1 : 0);
        modelGuesses = modelGuesses * keeps + 1;
        if (general != null) {
            general.saw(bucket, mixedRight, modelRight);
        }
    }
}
