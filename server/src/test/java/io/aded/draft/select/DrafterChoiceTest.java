package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.AdedException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
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
    void file_numbersThatAreNone_areRefused() {
        DrafterChoice choice = new DrafterChoice(new double[] {Double.NaN, 1}, Map.of());
        byte[] bytes = choice.toEnvelope().bytes();
        assertThatThrownBy(() -> DrafterChoice.read(ByteBuffer.wrap(bytes), "it"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("it was trained on other features");
    }
}
