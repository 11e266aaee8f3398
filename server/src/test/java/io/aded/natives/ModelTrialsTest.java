package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.EditableGguf;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelTrialsTest {
    private static final LlamaLibrary LIBRARY = LlamaLibrary.bundled();

    @TempDir
    private Path directory;

    private final List<String> notes = new ArrayList<>();
    private Path model;

    @BeforeEach
    void write() {
        model = TinyModels.f32(directory);
    }

    private void require(Class<?> trial, Duration limit) {
        new ModelTrials(directory.resolve("verdicts"), new TrialRunner(trial.getName(), Map.of(), limit))
                .require(LIBRARY, model, model.toFile().length(), notes::add);
    }

    @Test
    void require_soundModel_passesAndIsRemembered() {
        ModelTrials.in(directory).require(LIBRARY, model, model.toFile().length(), notes::add);
        // A trial that would die is not begun again.
        new ModelTrials(
                        directory.resolve("model-trials"),
                        new TrialRunner(Children.Aborting.class.getName(), Map.of(), Duration.ofMinutes(2)))
                .require(LIBRARY, model, model.toFile().length(), notes::add);
        assertThat(notes).isEmpty();
    }

    @Test
    void require_trialDies_refusesWithTheReason_andRemembersUntilTheFileChanges() throws Exception {
        for (Class<?> trial : List.of(Children.Aborting.class, Children.Talkative.class)) {
            assertThatThrownBy(() -> require(trial, Duration.ofMinutes(2)))
                    .isInstanceOfSatisfying(
                            AdedException.InvalidArtifact.class,
                            e -> assertThat(e.reason()).isEqualTo("MODEL_TRIAL_FAILED"))
                    .hasMessageEndingWith("aborted when it was tried: ggml.c:77: GGML_ASSERT(no kernel image) failed");
        }
        Files.write(model, new byte[] {0}, StandardOpenOption.APPEND);
        require(Children.Talkative.class, Duration.ofMinutes(2));
        assertThat(notes).isEmpty();
    }

    @Test
    void require_trialCannotRun_isNotedAndForgotten() {
        // As in a program without a class path, or whose heap is too small: it says nothing about the file.
        new ModelTrials(
                        directory.resolve("verdicts"),
                        new TrialRunner("io.aded.natives.NotThere", Map.of(), Duration.ofMinutes(2)))
                .require(LIBRARY, model, model.toFile().length(), notes::add);
        assertThat(notes)
                .singleElement()
                .asString()
                .contains("ended with status 1")
                .contains("NotThere");
        require(Children.Silent.class, Duration.ofMinutes(2));
        assertThat(notes).hasSize(2).last().asString().contains("ended with status 0");
        assertThat(directory.resolve("verdicts")).doesNotExist();
    }

    @Test
    void require_trialComesToNoEnd_isNotedAndForgotten() {
        require(Children.Hanging.class, Duration.ofMillis(300));
        assertThat(notes).singleElement().asString().contains("did not answer");
        assertThatThrownBy(() -> require(Children.Aborting.class, Duration.ofMinutes(2)))
                .isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void run_modelThatTheLibraryRefuses_saysWhatItSays() throws Exception {
        byte[] bytes = Files.readAllBytes(model);
        Files.write(
                model,
                EditableGguf.parse(bytes)
                        .integer("llama.rope.dimension_count", 12)
                        .toBytes());
        assertThat(ModelTrial.run(LIBRARY, model, true)).contains("invalid n_rot");
    }
}
