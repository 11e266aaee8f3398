package io.aded.lab.prompts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScenariosTest {

    @Test
    void builtIn_coversTheSixKindsOfText() {
        assertThat(Scenarios.builtIn())
                .extracting(Scenario::task)
                .containsOnly("chat", "code", "quote", "edit", "json", "creative");
        assertThat(Scenarios.builtIn()).extracting(Scenario::id).doesNotHaveDuplicates();
        assertThat(Scenarios.builtIn())
                .allSatisfy(scenario -> assertThat(scenario.turns()).isNotEmpty());
    }

    @Test
    void parse_goodLines_takesNumbersAsIdsAndFillsLabels() throws IOException {
        List<Scenario> scenarios = parse("""
            {"id": 81, "task": "mt_bench", "category": "writing", "turns": ["one", "two"]}

            {"id": "a", "category": "code", "turns": ["x"], "extra": 1}
            {"id": "b", "turns": ["y"]}
            """);
        assertThat(scenarios)
                .containsExactly(
                        new Scenario("81", "mt_bench", "writing", List.of("one", "two")),
                        new Scenario("a", "code", "code", List.of("x")),
                        new Scenario("b", "prompts", "prompts", List.of("y")));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "{\"id\": 1, \"turns\": [\"secret\"]            | not JSON (column",
                "[1]                                            | not a JSON object",
                "{\"turns\": [\"secret\"]}                      | \"id\" is missing",
                "{\"id\": \"\", \"turns\": [\"secret\"]}        | \"id\" is missing",
                "{\"id\": 1}                                    | \"turns\" is missing or empty",
                "{\"id\": 1, \"turns\": \"secret\"}             | \"turns\" is missing or empty",
                "{\"id\": 1, \"turns\": []}                     | \"turns\" is missing or empty",
                "{\"id\": 1, \"turns\": [3]}                    | not text or is blank",
                "{\"id\": 1, \"turns\": [\" \"]}                | not text or is blank",
                "{\"id\": 1, \"task\": 5, \"turns\": [\"x\"]}   | \"task\" is not text",
                "secret                                         | not JSON (column",
            })
    void parse_badLine_namesTheLineAndNotThePrompt(String line, String expected) {
        assertThatThrownBy(() -> parse("{\"id\": 0, \"turns\": [\"fine\"]}\n\n" + line + "\n"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("p.jsonl line 3")
                .hasMessageContaining(expected)
                .hasMessageNotContaining("secret");
    }

    @Test
    void parse_nothing_isRefused() {
        assertThatThrownBy(() -> parse("\n\n")).hasMessageContaining("holds no prompts");
    }

    @Test
    void read_missingFileOrBytesThatAreNoText_isRefused(@TempDir Path directory) throws IOException {
        assertThatThrownBy(() -> Scenarios.read(directory.resolve("no.jsonl")))
                .isInstanceOf(AdedException.NotFound.class);
        Path bytes = Files.write(directory.resolve("bytes"), new byte[] {(byte) 0xff, (byte) 0xfe, 0});
        assertThatThrownBy(() -> Scenarios.read(bytes)).hasMessageContaining("not UTF-8");
    }

    @Test
    void select_withLimit_sharesPlacesEvenlyAndSpreadsWithinAGroup() {
        List<Scenario> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(new Scenario("a" + i, "a", "x", List.of("t")));
        }
        all.add(new Scenario("b0", "b", "x", List.of("t")));
        for (int i = 0; i < 4; i++) {
            all.add(new Scenario("c" + i, "c", "y", List.of("t")));
        }
        assertThat(Scenarios.select(all, Scenario.Grouping.TASK, List.of(), 5))
                .extracting(Scenario::id)
                .containsExactly("a2", "a7", "b0", "c1", "c3");
        assertThat(Scenarios.select(all, Scenario.Grouping.CATEGORY, List.of(), 2))
                .extracting(Scenario::id)
                .containsExactly("a5", "c2");
        assertThat(Scenarios.select(all, Scenario.Grouping.TASK, List.of(), 0)).hasSize(15);
        assertThat(Scenarios.select(all, Scenario.Grouping.TASK, List.of(), 99)).hasSize(15);
        assertThat(Scenarios.select(all, Scenario.Grouping.TASK, List.of(), 14)).hasSize(14);
        assertThat(Scenarios.select(all, Scenario.Grouping.TASK, List.of("b", "y"), 0))
                .hasSize(5);
    }

    @Test
    void select_unknownCategory_listsWhatThereIs() {
        assertThatThrownBy(() ->
                        Scenarios.select(Scenarios.builtIn(), Scenario.Grouping.TASK, List.of("code", "cooking"), 0))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("cooking")
                .hasMessageContaining("creative, edit, json");
    }

    private static List<Scenario> parse(String text) throws IOException {
        return Scenarios.parse(new BufferedReader(new StringReader(text)), "p.jsonl");
    }
}
