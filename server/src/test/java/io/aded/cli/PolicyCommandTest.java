package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.select.ChoiceTrainer;
import io.aded.draft.select.DrafterChoice;
import io.aded.gguf.EditableGguf;
import io.aded.llama.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From measured answers to a choice to answers by it, as users do it. */
class PolicyCommandTest {
    @TempDir
    private Path directory;

    private TestTerminal terminal;

    @BeforeEach
    void openTerminal() {
        terminal = new TestTerminal(directory);
    }

    private int bench(String modes, String... more) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            lines.append(String.format(
                    "{\"id\": %d, \"task\": \"t%d\", \"turns\": [\"%s\"]}%n", i, i % 2, "ab ".repeat(i + 1)));
        }
        Path prompts = Files.writeString(directory.resolve("prompts.jsonl"), lines.toString());
        List<String> all = new ArrayList<>(List.of(
                "bench",
                "--model",
                "scripted",
                "--draft-model",
                "scripted:0.9",
                "--prompts",
                prompts.toString(),
                "--ignore-end",
                "--max-tokens",
                "24",
                "--modes",
                modes));
        all.addAll(List.of(more));
        return terminal.run(all.toArray(String[]::new));
    }

    private int draft(String... arguments) {
        List<String> all = new ArrayList<>(List.of("draft", "policy"));
        all.addAll(List.of(arguments));
        return terminal.run(all.toArray(String[]::new));
    }

    @Test
    void trainShowAndBench_measuredAnswers_areChosenFor() throws IOException {
        Path results = directory.resolve("results.json");
        assertThat(bench("off,auto,auto-table,model", "--json", results.toString()))
                .describedAs(terminal::err)
                .isZero();
        Path choice = directory.resolve("choice");
        assertThat(draft("train", "--results", results.toString(), "-o", choice.toString()))
                .describedAs(terminal::err)
                .isZero();
        assertThat(terminal.out()).contains("best single arm", "t0", "t1", "chosen: both");
        assertThat(terminal.err()).contains("--draft-policy " + choice);
        byte[] bytes = Files.readAllBytes(choice);
        assertThat(draft("train", "--results", results.toString(), "-o", choice.toString()))
                .isZero();
        assertThat(choice).hasBinaryContent(bytes);

        assertThat(draft("show", choice.toString())).describedAs(terminal::err).isZero();
        assertThat(terminal.out()).contains("prompts: 12", "groups: t0 6, t1 6", "repeated pairs", "best single arm");

        assertThat(bench("off,auto-policy,auto", "--limit", "2", "--draft-policy", choice.toString()))
                .describedAs(terminal::err)
                .isZero();
        assertThat(terminal.out()).contains("auto-policy");

        bytes[bytes.length - 1] ^= 1;
        Files.write(choice, bytes);
        assertThat(bench("off,auto-policy", "--draft-policy", choice.toString()))
                .isEqualTo(ExitCode.INVALID_ARTIFACT.code());
        assertThat(terminal.err()).contains("is damaged");
        assertThat(draft("show", choice.toString())).isEqualTo(ExitCode.INVALID_ARTIFACT.code());
    }

    @Test
    void draftPolicy_withoutADraftModel_isRefused() {
        int code = terminal.run("bench", "--model", "scripted", "--draft-policy", "x");
        assertThat(code).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("--draft-policy", "--draft-model or --draft-self");
    }

    @Test
    void draftPolicy_thatIsNotThere_isNotFoundBeforeAnythingIsLoaded() throws IOException {
        assertThat(bench(
                        "off,auto-policy",
                        "--draft-policy",
                        directory.resolve("none").toString()))
                .isEqualTo(ExitCode.NOT_FOUND.code());
    }

    @Test
    void draftPolicy_realModels_fitsItsVocabularyAndNoOther() throws IOException {
        Path model = TinyModels.f32(directory, 1);
        Path draft = TinyModels.f32(directory, 2);
        ChoiceTrainer trainer = new ChoiceTrainer();
        Path any = directory.resolve("any");
        trainer.train(Map.of()).toEnvelope().writeTo(any);
        Path foreign = directory.resolve("foreign");
        trainer.train(DrafterChoice.vocabularyFact(1)).toEnvelope().writeTo(foreign);
        for (Path choice : List.of(any, foreign)) {
            int code = terminal.run(
                    "generate",
                    "--model",
                    model.toString(),
                    "--natives",
                    "bundled",
                    "--context",
                    "256",
                    "--draft-model",
                    draft.toString(),
                    "--draft-policy",
                    choice.toString(),
                    "--draft",
                    "auto-policy",
                    "--raw",
                    "-n",
                    "4",
                    "the cat and");
            assertThat(code)
                    .describedAs(terminal::err)
                    .isEqualTo(choice == any ? ExitCode.OK.code() : ExitCode.INVALID_ARTIFACT.code());
        }
        assertThat(terminal.err()).contains("was trained with another vocabulary (fingerprint 0000000000000001)");
        assertThat(bench("off,auto-policy", "--draft-policy", foreign.toString()))
                .isEqualTo(ExitCode.INVALID_ARTIFACT.code());
    }

    @Test
    void train_wrongOptions_areNamed() {
        assertThat(draft("train", "--results", "x", "--folds", "1", "-o", directory.toString()))
                .isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("--folds", "--output");
        assertThat(draft()).isEqualTo(2);
        assertThat(terminal.err()).contains("one of train, show");
    }

    @Test
    void artifacts_devices_areRefusedByNameBeforeTheyAreRead() throws IOException {
        String device = "/dev/zero";
        Assumptions.assumeTrue(Files.exists(Path.of(device)));
        List<List<String>> commands = List.of(
                List.of("draft", "policy", "show", device),
                List.of("draft", "policy", "train", "--results", device, "-o", "x"),
                List.of("draft", "show", device),
                List.of("draft", "prior", device, "-o", "x"),
                List.of("generate", "--model", device, "x"),
                List.of(
                        "generate",
                        "--model",
                        "scripted",
                        "--draft-model",
                        "scripted:0.9",
                        "--draft-policy",
                        device,
                        "x"));
        for (List<String> command : commands) {
            assertThat(terminal.run(command.toArray(String[]::new)))
                    .as("%s", command)
                    .isEqualTo(ExitCode.INVALID_ARTIFACT.code());
            assertThat(terminal.err()).contains(device).contains("device, a pipe or a socket; allowed: a regular file");
        }
    }

    @Test
    void modelsShow_metadataThatCommandsATerminal_isShown() throws IOException {
        Path model = TinyModels.f32(directory);
        EditableGguf changed =
                EditableGguf.parse(Files.readAllBytes(model)).text("general.author", "a\u001b[2Jb\u0007");
        Files.write(model, changed.toBytes());
        terminal.run("models", "show", "--metadata", model.toString());
        assertThat(terminal.out()).contains("a\\u001b[2Jb\\u0007").doesNotContain("\u001b", "\u0007");
    }
}
