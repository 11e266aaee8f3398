package io.aded.draft.select;

import io.aded.draft.table.BaseTable;
import io.aded.model.AdedException;
import io.aded.model.Envelope;
import io.aded.model.RegularFiles;
import io.aded.model.Vocabulary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A choice among drafters by the prompt alone, trained offline: the policy of Context-Aware Assistant Selection (Huang
 * et al., EMNLP 2024, arXiv 2408.08470), with a linear model in place of its network.
 *
 * <p>For every arm it predicts the speed-up over plain decoding from numbers that tell of the prompt. Mode {@code
 * auto-policy} plays the arm of the best prediction for the whole answer; mode {@code auto} starts from the
 * predictions, and goes on to learn. Immutable; made by {@link ChoiceTrainer}.
 */
public final class DrafterChoice {
    static final String KIND = "CHOI";
    static final int VERSION = 1;

    /** A choice takes less than two kilobytes, and its facts at most 64. */
    private static final long MOST_BYTES = 1 << 20;

    private static final String VOCABULARY = "vocabulary";

    private static final String FEATURES = "features";
    private static final String ARMS = "arms";
    private static final String ALL_ARMS = "none, table, model, both";

    /** How much of a predicted difference is believed before anything is seen of the answer. */
    private static final double BELIEF = 0.3;

    private final double[] weights;
    private final Map<String, String> origin;

    /** @param weights {@link PromptFeatures#COUNT} for each arm, in the arms' order */
    DrafterChoice(double[] weights, Map<String, String> origin) {
        this.weights = weights;
        this.origin = Map.copyOf(origin);
    }

    /** The arms that a choice knows, by their names. */
    public static List<String> arms() {
        return List.of(ALL_ARMS.split(", "));
    }

    /** What a prompt's features are, one behind the other; a choice fits where this is the same. */
    public static String layout() {
        return PromptFeatures.LAYOUT;
    }

    /** A name for each feature, in their order. */
    public static List<String> featureNames() {
        return PromptFeatures.NAMES;
    }

    /**
     * Whether numbers may be a prompt's {@linkplain #features features}.
     *
     * @param features as many as {@link #featureNames}
     * @return which of them no prompt can have, and what is allowed; null if it is none
     */
    public static @Nullable String wrongFeature(double[] features) {
        return PromptFeatures.wrongIn(features);
    }

    /**
     * What is told of a prompt to a choice: numbers around 1, as many as {@link #featureNames}. They keep no text.
     *
     * @param prompt its tokens
     */
    public static double[] features(int[] prompt) {
        return PromptFeatures.of(prompt);
    }

    /** The fact that says by which vocabulary it was trained: features count tokens by their ids. */
    public static Map<String, String> vocabularyFact(long fingerprint) {
        return Map.of(VOCABULARY, hexadecimal(fingerprint));
    }

    private static String hexadecimal(long fingerprint) {
        return String.format(Locale.ROOT, "%016x", fingerprint);
    }

    /**
     * Refuses to be used with other tokens than it was trained on.
     *
     * @return this
     * @throws AdedException.InvalidArtifact if the vocabulary is another one
     */
    public DrafterChoice requireVocabulary(Vocabulary vocabulary) {
        String trained = origin.get(VOCABULARY);
        String wanted = hexadecimal(BaseTable.fingerprint(vocabulary));
        if (trained != null && !trained.equals(wanted)) {
            throw new AdedException.InvalidArtifact(
                    "CHOICE_FOREIGN",
                    "the choice of drafters was trained with another vocabulary (fingerprint " + trained
                            + "); the model's is " + wanted + ": train one on what this model was measured with");
        }
        return this;
    }

    /** The weights of an arm, one for each feature: their products' sum is the speed-up that is expected. */
    public double[] weights(String arm) {
        int index = arms().indexOf(arm);
        return Arrays.copyOfRange(weights, index * PromptFeatures.COUNT, (index + 1) * PromptFeatures.COUNT);
    }

    /** What it was trained on, as its file says. */
    public Map<String, String> origin() {
        return origin;
    }

    /**
     * The speed-up over plain decoding that is expected of each arm after a prompt, by the arms' names in their order.
     *
     * @param prompt its tokens, in the vocabulary that the choice was trained with
     */
    public Map<String, Double> predict(int[] prompt) {
        return predict(PromptFeatures.of(prompt));
    }

    /** As {@link #predict(int[])}, of a prompt's {@linkplain #features features}. */
    public Map<String, Double> predict(double[] numbers) {
        Map<String, Double> predictions = new LinkedHashMap<>();
        for (int arm = 0; arm < Arm.COUNT; arm++) {
            predictions.put(Arm.of(arm).label(), speedUp(arm, numbers));
        }
        return predictions;
    }

    private double speedUp(int arm, double[] numbers) {
        double sum = 0;
        for (int i = 0; i < PromptFeatures.COUNT; i++) {
            sum += weights[arm * PromptFeatures.COUNT + i] * numbers[i];
        }
        return sum;
    }

    /** The name of the arm that it plays after a prompt of these features, where a draft model works. */
    public String best(double[] numbers) {
        return best(numbers, true).label();
    }

    /**
     * The arm to play after a prompt; the last of equals.
     *
     * @param hasModel whether there is a draft model that works
     */
    Arm best(PromptFeatures prompt, boolean hasModel) {
        double[] numbers = new double[PromptFeatures.COUNT];
        prompt.writeTo(numbers);
        return best(numbers, hasModel);
    }

    private Arm best(double[] numbers, boolean hasModel) {
        Arm best = Arm.NONE;
        double highest = Double.NEGATIVE_INFINITY;
        for (int arm = 0; arm < Arm.COUNT; arm++) {
            double speed = speedUp(arm, numbers);
            if (speed >= highest && (hasModel || !Arm.of(arm).asksModel())) {
                highest = speed;
                best = Arm.of(arm);
            }
        }
        return best;
    }

    /** Tells a stream's weights what is expected of the arms after a prompt. */
    void tell(PromptFeatures prompt, ArmWeights stream) {
        double[] numbers = new double[PromptFeatures.COUNT];
        prompt.writeTo(numbers);
        double mean = 0;
        for (int arm = 0; arm < Arm.COUNT; arm++) {
            mean += speedUp(arm, numbers) / Arm.COUNT;
        }
        for (int arm = 0; arm < Arm.COUNT; arm++) {
            stream.favour(Arm.of(arm), BELIEF * (speedUp(arm, numbers) - mean));
        }
    }

    /**
     * The choice as a file of its own: an {@link Envelope} of the kind {@value #KIND}, version {@value #VERSION}, whose
     * body is one double for each arm and feature, little-endian. Its facts say which those are, and what the choice
     * was trained on.
     *
     * @throws AdedException.InvalidArtifact if a weight is no finite number: nothing could read the file
     */
    public Envelope toEnvelope() {
        requireNumbers("the choice of drafters");
        Map<String, String> facts = new HashMap<>(origin);
        facts.put(FEATURES, PromptFeatures.LAYOUT);
        facts.put(ARMS, ALL_ARMS);
        ByteBuffer body = ByteBuffer.allocate(Double.BYTES * weights.length).order(ByteOrder.LITTLE_ENDIAN);
        for (double weight : weights) {
            body.putDouble(weight);
        }
        return Envelope.of(KIND, VERSION, facts, body.flip());
    }

    private void requireNumbers(String what) {
        for (double weight : weights) {
            if (!Double.isFinite(weight)) {
                throw new AdedException.InvalidArtifact(
                        "CHOICE_DOES_NOT_FIT", what + " holds the weight " + weight + "; allowed: finite numbers");
            }
        }
    }

    /**
     * Reads a choice from such a file.
     *
     * @throws AdedException.NotFound if there is none
     * @throws AdedException.InvalidArtifact if it is no regular file, damaged, larger than a choice can be, or
     *     was trained on other features or arms than this build's
     */
    public static DrafterChoice read(Path file) {
        RegularFiles.require(file, "FILE_UNREADABLE", "the choice of drafters " + file);
        try {
            long bytes = Files.size(file);
            if (bytes > MOST_BYTES) {
                throw new AdedException.InvalidArtifact(
                        "CHOICE_TOO_LARGE",
                        file + " has " + bytes + " bytes; a choice of drafters has at most " + MOST_BYTES
                                + ", and \"aded draft policy train\" writes one");
            }
        } catch (IOException e) {
            // What cannot be read is said below.
        }
        return read(Envelope.open(file, "the choice of drafters " + file, KIND, VERSION), file.toString());
    }

    /** As {@link #read(Path)}, of all bytes of a file; {@code what} it is, for messages. */
    public static DrafterChoice read(ByteBuffer file, String what) {
        return read(Envelope.open(file, what, KIND, VERSION), what);
    }

    private static DrafterChoice read(Envelope envelope, String what) {
        if (!envelope.fact(FEATURES).equals(PromptFeatures.LAYOUT)
                || !envelope.fact(ARMS).equals(ALL_ARMS)
                || envelope.body().remaining() != Double.BYTES * Arm.COUNT * PromptFeatures.COUNT) {
            throw new AdedException.InvalidArtifact(
                    "CHOICE_DOES_NOT_FIT",
                    what + " was trained on other features (" + envelope.fact(FEATURES) + ") or arms ("
                            + envelope.fact(ARMS) + "); this build's are: " + PromptFeatures.LAYOUT + "; " + ALL_ARMS);
        }
        double[] weights = new double[Arm.COUNT * PromptFeatures.COUNT];
        envelope.body().order(ByteOrder.LITTLE_ENDIAN).asDoubleBuffer().get(weights);
        Map<String, String> origin = new HashMap<>(envelope.facts());
        origin.remove(FEATURES);
        origin.remove(ARMS);
        DrafterChoice choice = new DrafterChoice(weights, origin);
        choice.requireNumbers(what);
        return choice;
    }
}
