package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.store.ProcessEnvironment;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchCommandTest {
    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... arguments) {
        Terminal terminal = new Terminal(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                new BufferedReader(new StringReader("")),
                false,
                false,
                new ProcessEnvironment(Map.of(), directory, directory));
        return Main.run(terminal, arguments);
    }

    @Test
    void bench_scriptedDraft_modesThatNeedOneAreMeasured() throws IOException {
        Path prompts = Files.writeString(directory.resolve("p.jsonl"), "{\"id\": 1, \"turns\": [\"one\"]}\n");
        List<String> asked = List.of(
                "bench",
                "--model",
                "scripted",
                "--prompts",
                prompts.toString(),
                "--modes",
                "off,model",
                "--max-tokens",
                "16");
        assertThat(run(asked.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--modes", "model", "needs a draft model", "--draft-self")
                .doesNotContain("start the server");

        List<String> drafted = new ArrayList<>(asked);
        drafted.addAll(List.of("--draft-model", "scripted:0.9"));
        assertThat(run(drafted.toArray(String[]::new))).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("draft     ", "WHO GUESSED", "The draft model: ");
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("Draft model: scripted, which agrees after 90 %");

        drafted.set(drafted.indexOf("scripted"), "scripted:1");
        drafted.set(drafted.indexOf("off,model"), "off,auto");
        assertThat(run(drafted.toArray(String[]::new))).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("scripted:1", "WHO DRAFTED", "auto: regret");

        drafted.set(drafted.size() - 1, "x.gguf");
        assertThat(run(drafted.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--draft-model");
    }

    @Test
    void bench_statedCurve_tellsThatTimeIsReckoned() {
        String[] plain = {"bench", "--model", "scripted", "--limit", "1", "--max-tokens", "24", "--modes", "off,auto"};
        List<String> stated = new ArrayList<>(List.of(plain));
        stated.addAll(List.of("--curve", "1:1,64:2", "--pass", "40"));
        assertThat(run(stated.toArray(String[]::new))).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("time      reckoned, not measured: a pass of one token 40.0 ms", "1:1,64:2")
                .containsPattern("(?m)^off +25\\.0 ");

        stated.set(stated.indexOf("1:1,64:2"), "1:0");
        assertThat(run(stated.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--curve", "1:0 is no point", "zen4");
        stated.set(stated.indexOf("1:0"), "gpu");
        stated.set(stated.indexOf("40"), "0");
        assertThat(run(stated.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("--pass", "above 0");
        stated.set(stated.indexOf("0"), "40");
        stated.set(stated.indexOf("off,auto"), "off,bare");
        assertThat(run(stated.toArray(String[]::new))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("bare is timed by the clock");
    }

    @Test
    void bench_withFlagsOfScripts_writesTableJsonAndCharts() throws IOException {
        Path prompts = Files.writeString(directory.resolve("prompts.jsonl"), """
            {"id": 1, "task": "t", "category": "c", "turns": ["one"]}
            {"id": 2, "task": "t", "category": "c", "turns": ["two"]}
            {"id": 3, "task": "u", "category": "c", "turns": ["three"]}
            """);
        Path json = directory.resolve("out.json");
        Path plot = directory.resolve("out.svg");
        int code = run(
                "bench",
                "--model",
                "scripted",
                "--prompts",
                prompts.toString(),
                "--modes",
                "off,auto,aded:12",
                "--limit",
                "2",
                "--max-tokens",
                "16",
                "--repeats",
                "2",
                "--json",
                json.toString(),
                "--plot",
                plot.toString());
        assertThat(err.toString(StandardCharsets.UTF_8))
                .hasLineCount(1)
                .contains("Measuring scripted; the tables come when all is measured.");
        assertThat(code).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("2 of prompts.jsonl, 2 repeats", "aded:12");
        JsonNode root = JsonMapper.shared().readTree(Files.readString(json));
        assertThat(root.get("answers").size()).isEqualTo(2 * 2 * 3);
        assertThat(root.get("environment").get("model").asString()).isEqualTo("scripted");
        assertThat(plot).content().startsWith("<svg");
    }

    @Test
    void bench_sweep_comparesAutoWithTheBestFixedBudget() {
        assertThat(run("bench", "--model", "scripted", "--sweep", "--limit", "3", "--max-tokens", "16"))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("AUTO AGAINST THE BEST FIXED BUDGET", "aded:32");
    }

    @Test
    void bench_wrongOptions_areAllNamedBeforeAnythingRuns() {
        int code = run(
                "bench",
                "--model",
                "scripted",
                "--max-tokens",
                "0",
                "--repeats",
                "0",
                "--temperature",
                "NaN",
                "--synthetic-acceptance",
                "1.5",
                "--plot",
                "chart.png",
                "--json",
                directory.resolve("no/such/out.json").toString());
        assertThat(code).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(err.toString(StandardCharsets.UTF_8))
                .contains("--max-tokens", "--repeats", "--temperature", "--synthetic-acceptance", "--plot", "--json");
        assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void bench_baselineWithSyntheticAcceptance_isRefused() {
        assertThat(run("bench", "--model", "scripted", "--synthetic-acceptance", "0.5", "--modes", "ngram-mod"))
                .isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("ngram-mod has its own drafts");
    }

    @Test
    void bench_badPromptFile_namesTheLine() throws IOException {
        Path prompts =
                Files.writeString(directory.resolve("bad.jsonl"), "{\"id\": 1, \"turns\": [\"x\"]}\n{nonsense\n");
        assertThat(run("bench", "--model", "scripted", "--prompts", prompts.toString()))
                .isEqualTo(ExitCode.INVALID_ARTIFACT.code());
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("bad.jsonl line 2 is not JSON");
    }
}
