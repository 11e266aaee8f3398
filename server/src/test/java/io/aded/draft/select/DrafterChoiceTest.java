package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.table.BaseTable;
import io.aded.model.AdedException;
import io.aded.model.Envelope;
import io.aded.model.ForgedEnvelopes;
import io.aded.model.ScriptedModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrafterChoiceTest {
    /** Says the same words again and again, or never. */
    private static int[] prompt(int number, boolean repeats) {
        int[] tokens = new int[120];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = repeats ? 1000 * number + i % 12 : 1000 * number + 7 * i;
        }
        return tokens;
    }

    private static PromptFeatures features(int[] prompt) {
        PromptFeatures features = new PromptFeatures();
        features.clear();
        features.add(prompt, 0, prompt.length);
        return features;
    }

    /** The table is fast where prompts repeat themselves, the model everywhere. */
    private static DrafterChoice trained() {
        ChoiceTrainer trainer = new ChoiceTrainer();
        for (int number = 1; number <= 20; number++) {
            trainer.add(prompt(number, true), "none", 1);
            trainer.add(prompt(number, true), "table", 2.5);
            trainer.add(prompt(number, true), "model", 1.4);
            trainer.add(prompt(number, true), "both", 2.0);
            trainer.add(prompt(number, false), "none", 1);
            trainer.add(prompt(number, false), "table", 0.9);
            trainer.add(prompt(number, false), "model", 1.4);
            trainer.add(prompt(number, false), "both", 1.5);
        }
        return trainer.train(Map.of("date", "today"));
    }

    @Test
    void features_ofAPromptThatRepeatsItself() {
        double[] numbers = new double[PromptFeatures.COUNT];
        features(prompt(1, true)).writeTo(numbers);
        assertThat(numbers[0]).isEqualTo(1);
        assertThat(numbers[1]).isCloseTo(Math.log(121) / Math.log(2) / 10, within(1e-9));
        assertThat(numbers[2]).isCloseTo(107 / 120.0, within(1e-9)); // 119 pairs, 12 of them new
        assertThat(numbers[3]).isCloseTo(12 / 120.0, within(1e-9));
        assertThat(numbers[4]).isEqualTo(1);
    }

    @Test
    void train_promptsNotSeenBefore_choosesWhatWasFastOnTheirLike() {
        DrafterChoice choice = trained();
        assertThat(choice.best(features(prompt(31, true)), true)).isEqualTo(Arm.TABLE);
        assertThat(choice.best(features(prompt(32, false)), true)).isEqualTo(Arm.BOTH);
        assertThat(choice.best(features(prompt(32, false)), false)).isEqualTo(Arm.NONE);
        assertThat(choice.predict(prompt(33, true)).get("table")).isBetween(2.2, 2.8);
        assertThat(choice.predict(prompt(33, true)).keySet()).containsExactly("none", "table", "model", "both");
    }

    @Test
    void tell_makesAStreamBeginWithTheExpectedArm() {
        DrafterChoice choice = trained();
        ArmWeights repeating = ArmWeights.ofEngine().ofStream();
        choice.tell(features(prompt(31, true)), repeating);
        assertThat(repeating.best(0)).isEqualTo(Arm.TABLE);
        ArmWeights other = ArmWeights.ofEngine().ofStream();
        choice.tell(features(prompt(31, false)), other);
        assertThat(other.best(0)).isEqualTo(Arm.BOTH);
    }

    @Test
    void train_noOutcomeOfAnArm_predictsPlainDecoding() {
        ChoiceTrainer trainer = new ChoiceTrainer();
        trainer.add(prompt(1, true), "table", 2);
        assertThat(trainer.train(Map.of()).predict(prompt(2, false)).get("model"))
                .isEqualTo(1);
    }

    @Test
    void solve_handWorkedSystem() {
        // 4x + 2y = 10, 2x + 3y = 9: x = 1.5, y = 2.
        double[] solution = ChoiceTrainer.solve(new double[][] {{4, 2}, {2, 3}}, new double[] {10, 9});
        assertThat(solution).containsExactly(new double[] {1.5, 2}, within(1e-12));
    }

    @Test
    void add_unknownArmOrSpeed_isRefused() {
        ChoiceTrainer trainer = new ChoiceTrainer();
        assertThatThrownBy(() -> trainer.add(new int[] {1}, "sun", 1))
                .hasMessage("there is no arm \"sun\"; allowed: none, table, model, both");
        assertThatThrownBy(() -> trainer.add(new int[] {1}, "table", 0)).hasMessageContaining("allowed: above 0");
        assertThatThrownBy(() -> trainer.add(new int[] {1}, "table", Double.NaN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(trainer.outcomes()).isZero();
    }

    @Test
    void file_isReadAsItWasWritten(@TempDir Path folder) throws Exception {
        DrafterChoice choice = trained();
        Path file = folder.resolve("choice.bin");
        choice.toEnvelope().writeTo(file);

        DrafterChoice read = DrafterChoice.read(file);

        assertThat(read.origin()).isEqualTo(Map.of("date", "today"));
        assertThat(read.predict(prompt(40, true))).isEqualTo(choice.predict(prompt(40, true)));
    }

    @Test
    void file_damagedOrForeign_isRefused(@TempDir Path folder) {
        byte[] bytes = trained().toEnvelope().bytes();
        bytes[bytes.length - 1] ^= 1;
        assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(bytes), "it"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("is damaged");
        assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(new byte[64]), "it"))
                .isInstanceOf(AdedException.InvalidArtifact.class);
        assertThatThrownBy(() -> DrafterChoice.read(folder.resolve("none"))).isInstanceOf(AdedException.NotFound.class);
    }

    @Test
    void file_ofAnotherVersionOrArms_saysWhatIsAllowed() {
        DrafterChoice choice = trained();
        Envelope envelope = choice.toEnvelope();
        byte[] newer = Envelope.of("CHOI", 2, envelope.facts(), envelope.body()).bytes();
        assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(newer), "it"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessage("it has version 2; supported: 1 to 1");
        Map<String, String> facts = new TreeMap<>(envelope.facts());
        facts.put("arms", "none, table");
        byte[] others = Envelope.of("CHOI", 1, facts, envelope.body()).bytes();
        assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(others), "it"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("arms (none, table); this build's are: ")
                .hasMessageContaining("none, table, model, both");
    }

    @Test
    void file_tooLarge_isRefusedUnread(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("large");
        try (FileChannel large = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            large.write(ByteBuffer.allocate(1), 1L << 33);
        }
        assertThatThrownBy(() -> DrafterChoice.read(file))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("has 8589934593 bytes; a choice of drafters has at most 1048576");
    }

    @Test
    void requireVocabulary_anotherOne_isRefused() {
        try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(1, 2))) {
            long own = BaseTable.fingerprint(model.vocabulary());
            ChoiceTrainer trainer = new ChoiceTrainer();
            DrafterChoice fits = trainer.train(DrafterChoice.vocabularyFact(own));
            assertThat(fits.requireVocabulary(model.vocabulary())).isSameAs(fits);
            DrafterChoice foreign = trainer.train(DrafterChoice.vocabularyFact(own + 1));
            assertThatThrownBy(() -> foreign.requireVocabulary(model.vocabulary()))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining(String.format("fingerprint %016x); the model's is %016x", own + 1, own));
        }
    }

    @Test
    void weights_predict_asTheFeaturesSay() {
        DrafterChoice choice = trained();
        double[] features = DrafterChoice.features(prompt(31, true));
        double[] weights = choice.weights("table");
        double sum = 0;
        for (int i = 0; i < features.length; i++) {
            sum += weights[i] * features[i];
        }
        assertThat(choice.predict(features).get("table")).isCloseTo(sum, within(1e-12));
        assertThat(choice.best(features)).isEqualTo("table");
        assertThat(DrafterChoice.featureNames()).hasSize(features.length);
        assertThatThrownBy(() -> new ChoiceTrainer().add(new double[] {1}, "table", 1))
                .hasMessage("1 features of a prompt; allowed: 21");
    }

    @Test
    void file_anotherNumberOfWeights_isRefused() {
        DrafterChoice choice = new DrafterChoice(new double[] {0.5, 1}, Map.of());
        byte[] bytes = choice.toEnvelope().bytes();
        assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(bytes), "it"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("it was trained on other features");
    }

    @Test
    void file_weightThatIsNoNumber_isNeitherWrittenNorRead() {
        byte[] good = new ChoiceTrainer().train(Map.of()).toEnvelope().bytes();
        Envelope envelope = Envelope.open(ByteBuffer.wrap(good), "it", DrafterChoice.KIND, DrafterChoice.VERSION);
        for (double wrong : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            double[] weights = new double[4 * DrafterChoice.featureNames().size()];
            weights[7] = wrong;
            assertThatThrownBy(() -> new DrafterChoice(weights, Map.of()).toEnvelope())
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessage("the choice of drafters holds the weight " + wrong + "; allowed: finite numbers");
            ByteBuffer body = ByteBuffer.allocate(Double.BYTES * weights.length).order(ByteOrder.LITTLE_ENDIAN);
            body.putDouble(7 * Double.BYTES, wrong);
            byte[] forged = Envelope.of(DrafterChoice.KIND, DrafterChoice.VERSION, envelope.facts(), body)
                    .bytes();
            assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(forged), "it"))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessage("it holds the weight " + wrong + "; allowed: finite numbers");
        }
    }

    @Test
    void file_factsThatCannotHaveBeenWritten_areRefused() {
        byte[] good = new ChoiceTrainer().train(Map.of()).toEnvelope().bytes();
        for (String facts : ForgedEnvelopes.FACTS) {
            ByteBuffer forged = ForgedEnvelopes.withFacts(good, facts);
            assertThatThrownBy(() -> DrafterChoice.read(forged, "it"))
                    .as(facts)
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("fact");
        }
    }

    @Test
    void wrongFeature_whatNoPromptHas_isNamed() {
        double[] features = DrafterChoice.features(new int[] {1, 2, 1, 2});
        assertThat(DrafterChoice.wrongFeature(features)).isNull();
        features[1] = 3.1;
        assertThat(DrafterChoice.wrongFeature(features)).as("2^31 tokens").isNull();
        features[2] = 1e160;
        assertThat(DrafterChoice.wrongFeature(features)).isEqualTo("repeated pairs of 1.0E160; allowed: 0 to 1.0");
        assertThatThrownBy(() -> new ChoiceTrainer().add(features, "table", 1))
                .isInstanceOf(IllegalArgumentException.class);
        features[2] = Double.NaN;
        assertThat(DrafterChoice.wrongFeature(features)).startsWith("repeated pairs of NaN");
    }
}
