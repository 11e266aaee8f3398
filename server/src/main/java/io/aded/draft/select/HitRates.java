package io.aded.draft.select;

import org.jspecify.annotations.Nullable;

/**
 * How much more often the best guess is right where the draft model has spoken: what a level is expected to bring
 * before it is asked for.
 *
 * <p>Two of these: what all streams of an engine saw together, which is where a new stream starts from; and the
 * stream's own, which follows its text. Not thread-safe.
 */
final class HitRates {
    /*
     * Of the places at which the table alone would be wrong the model puts right a share, the gain. It is learned from
     * how often the mixture was right less how often the table was, at the same places: so a table that is too sure of
     * itself, or not sure enough, makes no difference; and a model that is of no use has a gain of nothing, however
     * often the mixture is right thanks to the table. The gain depends on how sure the table is, hence the buckets.
     */

    /** The draft model's first guess, before anything is known of it: five right out of eight, by so many guesses. */
    private static final double MODEL_FIRST = 0.62;

    private static final double MODEL_FIRST_STRENGTH = 2;

    /** Guesses after which the model is known well enough to be asked by whoever hopes to gain. */
    private static final double KNOWN = 8;

    private static final double ENGINE_KEEPS = 0.99;
    private static final double ENGINE_PRIOR = 6;
    private static final double STREAM_KEEPS = 0.95;
    private static final double STREAM_PRIOR = 5;

    /** Of what the model gets right, this much is left where the table is wrong: both fail at the same places. */
    private static final double INDEPENDENCE = 0.8;

    private final @Nullable HitRates general;
    private final double keeps;
    private final double prior;

    // By how sure the table is.
    private final double[] gained = new double[LogisticMixer.SURENESSES];
    private final double[] chances = new double[LogisticMixer.SURENESSES];

    // At the ends of paths, and of the model alone.
    private double endHits;
    private double ends;
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
     * @param table what the table gives its best guess there, in [0, 1]
     */
    double rate(double table) {
        return table + (1 - table) * gain(LogisticMixer.sureness((float) table));
    }

    private double gain(int bucket) {
        double start = general == null ? INDEPENDENCE * model() : general.gain(bucket);
        return Math.clamp((gained[bucket] + prior * start) / (chances[bucket] + prior), -1, 1);
    }

    /** How likely the best guess is right at the end of a path, where nobody knows yet what the table thinks. */
    double end() {
        return (endHits + prior * (general == null ? model() : general.end())) / (ends + prior);
    }

    /**
     * A place was verified at which the model had spoken.
     *
     * @param table what the table was thought to give its best guess there, in [0, 1]
     * @param atEnd whether the place was the end of the most probable path
     * @param tableRight whether the table's best guess was right
     * @param mixedRight whether that of the mixture was
     * @param modelRight whether the model's own was
     */
    void saw(float table, boolean atEnd, boolean tableRight, boolean mixedRight, boolean modelRight) {
        int bucket = LogisticMixer.sureness(table);
        gained[bucket] = gained[bucket] * keeps + (mixedRight ? 1 : 0) - (tableRight ? 1 : 0);
        chances[bucket] = chances[bucket] * keeps + 1 - table;
        if (atEnd) {
            endHits = endHits * keeps + (mixedRight ? 1 : 0);
            ends = ends * keeps + 1;
        }
        modelHits = modelHits * keeps + (modelRight ? 1 : 0);
        modelGuesses = modelGuesses * keeps + 1;
        if (general != null) {
            general.saw(table, atEnd, tableRight, mixedRight, modelRight);
        }
    }
}
