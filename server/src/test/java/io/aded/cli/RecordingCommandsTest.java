package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.lab.recording.Recording;
import io.aded.llama.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From a model to a recording to a table, as users do it. */
class RecordingCommandsTest {
    @TempDir
    private Path directory;

    private TestTerminal terminal;

    @BeforeEach
    void openTerminal() {
        terminal = new TestTerminal(directory);
    }

    @Test
    void recordAndReplay_tinyModel_printATableOfItsAnswers() throws IOException {
        Path prompts = Files.writeString(directory.resolve("prompts.jsonl"), """
            {"id": 1, "task": "t", "turns": ["the cat and the dog"]}
            {"id": 2, "task": "t", "turns": ["the dog and the cat"]}
            """);
        Path recording = directory.resolve("pets.bin");
        int recorded = terminal.run(
                "record",
                "--model",
                TinyModels.f32(directory).toString(),
                "--natives",
                "bundled",
                "--raw",
                "--prompts",
                prompts.toString(),
                "--context",
                "256",
                "--max-tokens",
                "24",
                "--output",
                recording.toString());
        assertThat(recorded).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("2 of 2 prompts answered");
        assertThat(Recording.read(recording).facts())
                .containsEntry("model", "tiny-1-f32")
                .containsEntry("quantization", "F32")
                .containsEntry("prompts", "prompts.jsonl, raw")
                .containsEntry("answers", "2");

        int replayed =
                terminal.run("replay", recording.toString(), "--nodes", "2,8", "--drafters", "aded,prompt-lookup");
        assertThat(replayed).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("pets: 2 answers", "draft nodes", "aded", "prompt-lookup");
    }

    @ParameterizedTest
    @CsvSource({"replay, --drafters", "simulate, --modes"})
    void run_modeThatNeedsADraftModel_isRefusedBeforeAnythingIsPrinted(String command, String option) {
        int status = terminal.run(command, "../bench/recorded/qa", option, "aded,auto-table");
        assertThat(status).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err())
                .contains(option, "\"auto-table\" needs a draft model, and there is none; allowed: auto, off, aded,");
        assertThat(terminal.out()).isEmpty();
    }

    /** A text of the bundle that has an option's name would stand in the place of what the option says of itself. */
    @Test
    void replay_help_saysWhichDraftersItCanReplay() {
        assertThat(terminal.run("replay", "--help")).isZero();
        assertThat(terminal.out().replaceAll("\\s+", " "))
                .contains("--drafters=NAME[,NAME...] Draft modes that need no");
    }

    @Test
    void replay_nothingThere_saysSo() {
        assertThat(terminal.run("replay", directory.resolve("none.bin").toString()))
                .isEqualTo(ExitCode.NOT_FOUND.code());
        assertThat(terminal.err()).contains("there is no recording at");
    }

    @Test
    void replay_fileWithoutHeader_isRefused() throws IOException {
        Path old = Files.write(directory.resolve("old.bin"), new byte[64]);
        assertThat(terminal.run("replay", old.toString())).isEqualTo(ExitCode.INVALID_ARTIFACT.code());
        assertThat(terminal.err()).contains("does not begin with ADED");
    }

    @Test
    void record_wrongOptions_areAllNamedBeforeAnythingRuns() {
        assertThat(terminal.run(
                        "record",
                        "--max-tokens",
                        "0",
                        "--limit",
                        "-1",
                        "--output",
                        directory.resolve("no/such/file.bin").toString()))
                .isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("--max-tokens", "--limit", "--output");
    }
}
