package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.llama.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** From prompts to an export to a judgement, as users do it. */
class AlignCommandTest {
    @TempDir
    private Path directory;

    private TestTerminal terminal;

    @BeforeEach
    void openTerminal() {
        terminal = new TestTerminal(directory);
    }

    private int export(Path model, Path draft, String... more) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            lines.append("{\"id\": ")
                    .append(i)
                    .append(", \"task\": \"t\", \"turns\": [\"the cat and dog ")
                    .append("the ".repeat(i))
                    .append("\"]}\n");
        }
        Path prompts = Files.writeString(directory.resolve("prompts.jsonl"), lines.toString());
        String[] usual = {
            "align",
            "export",
            "--model",
            model.toString(),
            "--natives",
            "bundled",
            "--raw",
            "--prompts",
            prompts.toString(),
            "--context",
            "256",
            "--max-tokens",
            "12",
            "--keep-loops",
            "--held-out",
            "0.5",
            "--draft",
            draft.toString(),
            "--output",
            directory.resolve("data").toString()
        };
        String[] all = Arrays.copyOf(usual, usual.length + more.length);
        System.arraycopy(more, 0, all, usual.length, more.length);
        return terminal.run(all);
    }

    @Test
    void exportAndEvaluate_tinyModels_modelIsItsOwnBestDraft() throws IOException {
        Path model = TinyModels.f32(directory, 1);
        Path other = TinyModels.f32(directory, 2);
        assertThat(export(model, other)).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("8 answers").contains("0 prompts left out");
        String index = Files.readString(directory.resolve("data/answers.jsonl"));
        assertThat(index.lines()).hasSize(8).anyMatch(line -> line.contains("\"split\":\"held_out\""));

        assertThat(export(model, other)).describedAs(terminal::err).isZero();
        assertThat(Files.readString(directory.resolve("data/answers.jsonl"))).isEqualTo(index);

        Path json = directory.resolve("judged.json");
        int judged = terminal.run(
                "align",
                "evaluate",
                "--natives",
                "bundled",
                "--data",
                directory.resolve("data").toString(),
                "--draft",
                other.toString(),
                "--draft",
                model.toString(),
                "--gamma",
                "3",
                "--json",
                json.toString());
        assertThat(judged).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("held-out answers of tiny-1-f32", "τ(3)", "tiny-1-f32.gguf");
        JsonNode drafts = JsonMapper.shared().readTree(Files.readString(json)).get("drafts");
        assertThat(drafts.get(0).get("acceptance").asDouble()).isLessThan(0.9);
        assertThat(drafts.get(1).get("acceptance").asDouble()).isEqualTo(1);
        assertThat(drafts.get(1).get("chains").get(0).get("block_efficiency").asDouble())
                .isEqualTo(4);
    }

    @Test
    void export_otherOptionsInTheSameFolder_namesThem() throws IOException {
        Path model = TinyModels.f32(directory, 1);
        assertThat(export(model, model)).describedAs(terminal::err).isZero();
        assertThat(export(model, model, "--samples", "2")).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("--samples: is 2; the export was begun with 1");
    }

    @Test
    void export_largerLimitInTheSameFolder_goesOn() throws IOException {
        Path model = TinyModels.f32(directory, 1);
        assertThat(export(model, model, "--limit", "1"))
                .describedAs(terminal::err)
                .isZero();
        assertThat(terminal.out()).contains(": 1 answer, ", "0 prompts left out");
        assertThat(export(model, model, "--limit", "3"))
                .describedAs(terminal::err)
                .isZero();
        assertThat(terminal.out()).contains(": 3 answers, ");
    }

    @Test
    void evaluate_draftThatIsNotThere_saysSo() throws IOException {
        Path model = TinyModels.f32(directory, 1);
        assertThat(export(model, model)).describedAs(terminal::err).isZero();
        int judged = terminal.run(
                "align",
                "evaluate",
                "--natives",
                "bundled",
                "--data",
                directory.resolve("data").toString(),
                "--draft",
                directory.resolve("none.gguf").toString());
        assertThat(judged).isEqualTo(ExitCode.NOT_FOUND.code());
    }

    @Test
    void export_wrongOptions_areAllNamed() {
        int code = terminal.run(
                "align",
                "export",
                "--output",
                directory.resolve("x").toString(),
                "--max-tokens",
                "0",
                "--held-out",
                "1",
                "--temperature",
                "0",
                "--samples",
                "0",
                "--from-recordings",
                "a.bin",
                "--limit",
                "3");
        assertThat(code).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err())
                .contains("--max-tokens", "--held-out", "--temperature", "--samples", "--from-recordings");
    }

    @Test
    void align_noCommand_namesThem() {
        assertThat(terminal.run("align")).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("export, evaluate");
    }
}
