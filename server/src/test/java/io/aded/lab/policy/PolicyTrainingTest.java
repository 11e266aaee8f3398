package io.aded.lab.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.select.DrafterChoice;
import io.aded.lab.prompts.Scenario;
import io.aded.model.AdedException;
import io.aded.model.ForgedEnvelopes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class PolicyTrainingTest {
    private static final Map<String, Double> COPIES = Map.of("auto-table", 2.0, "model", 1.25, "auto", 1.25);
    private static final Map<String, Double> CHATS = Map.of("auto-table", 0.8, "model", 1.25, "auto", 1.5);

    @TempDir
    private Path directory;

    /** Results as aded bench writes them, as far as they are read. */
    private static final class Results {
        final ObjectNode root = JsonMapper.shared().createObjectNode();
        final ArrayNode prompts;
        final ArrayNode answers;

        Results() {
            root.putObject("environment").put("model", "tiny").put("date", "2026-01-02T03:04:05Z");
            root.putObject("settings").putNull("synthetic_acceptance");
            ObjectNode choice = root.putObject("choice");
            choice.put("features", DrafterChoice.layout());
            choice.put("vocabulary_fingerprint", "00000000000000ff");
            choice.put("draft_model", true);
            prompts = choice.putArray("prompts");
            answers = root.putArray("answers");
        }

        /** Says the same again and again, or never. */
        Results prompt(int number, boolean repeats) {
            int[] tokens = new int[120];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = repeats ? 1000 * number + i % 12 : 1000 * number + 7 * i;
            }
            ObjectNode node = prompts.addObject();
            node.put("id", "p" + number).put("task", repeats ? "edit" : "chat").put("category", "c");
            ArrayNode numbers = node.putArray("features");
            for (double feature : DrafterChoice.features(tokens)) {
                numbers.add(feature);
            }
            return this;
        }

        Results answer(int number, boolean repeats, String mode, int repeat, double tokensPerSecond) {
            return answer(number, repeats, mode, repeat, tokensPerSecond, 100);
        }

        Results answer(int number, boolean repeats, String mode, int repeat, double tokensPerSecond, int tokens) {
            ObjectNode node = answers.addObject();
            node.put("id", "p" + number).put("task", repeats ? "edit" : "chat");
            node.put("turn", 0).put("repeat", repeat).put("mode", mode);
            node.put("first_round_tokens", 1).put("completion_tokens", tokens + 1);
            node.put("decode_seconds", tokens / tokensPerSecond);
            return this;
        }

        Results all(int number, boolean repeats) {
            prompt(number, repeats).answer(number, repeats, "off", 0, 100);
            (repeats ? COPIES : CHATS).forEach((mode, speed) -> answer(number, repeats, mode, 0, 100 * speed));
            return this;
        }

        Path writeTo(Path file) throws IOException {
            return Files.writeString(file, root.toString());
        }
    }

    private Path twenty() throws IOException {
        Results results = new Results();
        for (int number = 1; number <= 10; number++) {
            results.all(number, true).all(number + 10, false);
        }
        return results.writeTo(directory.resolve("twenty.json"));
    }

    private Outcomes read(Results... results) throws IOException {
        Path[] files = new Path[results.length];
        for (int i = 0; i < files.length; i++) {
            files[i] = results[i].writeTo(directory.resolve("results" + i + ".json"));
        }
        return Outcomes.read(List.of(files), Scenario.Grouping.TASK);
    }

    @Test
    void of_twoKindsOfPrompts_choosesForEach_andTellsItsWorth() throws IOException {
        Outcomes outcomes = Outcomes.read(List.of(twenty()), Scenario.Grouping.TASK);
        PolicyTraining training = PolicyTraining.of(outcomes, 5, "1.2.3");

        HeldOut heldOut = HeldOut.parse(training.choice().origin().get("held_out"));
        assertThat(heldOut).isNotNull();
        // Each prompt takes a second without drafts: 20 s. By the table 10/2 + 10/0.8 = 17.5 s, by both 8 + 6 2/3,
        // by each its own 5 + 6 2/3.
        HeldOut.Group all = heldOut.groups().getFirst();
        assertThat(all.prompts()).isEqualTo(20);
        assertThat(all.single()).isEqualTo("both");
        assertThat(all.singleSpeed()).isCloseTo(20 / (8 + 20 / 3.0), within(1e-9));
        assertThat(all.oracle()).isCloseTo(20 / (5 + 20 / 3.0), within(1e-9));
        assertThat(all.chosen()).isCloseTo(all.oracle(), within(1e-9));
        assertThat(heldOut.groups().subList(1, 3))
                .extracting(HeldOut.Group::name, HeldOut.Group::single)
                .containsExactly(tuple("chat", "both"), tuple("edit", "table"));
        assertThat(heldOut.confusion())
                .isEqualTo(new int[][] {{0, 0, 0, 0}, {0, 10, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 10}});
        assertThat(training.report()).contains("edit", "chosen: both", "1.71", "1.257");
        assertThat(PolicyTraining.describe(training.choice()))
                .contains(
                        "chooses among none, table, model, both by 21 numbers of the prompt",
                        "model: tiny",
                        "measured: 2026-01-02T03:04:05Z",
                        "vocabulary: 00000000000000ff",
                        "groups: chat 10, edit 10",
                        "repeated pairs",
                        training.report());
    }

    @Test
    void of_theSameOutcomesInAnotherOrder_theSameBytes() throws IOException {
        Results turned = new Results();
        for (int number = 10; number >= 1; number--) {
            turned.all(number + 10, false).all(number, true);
        }
        Path other = turned.writeTo(directory.resolve("turned.json"));
        byte[] first = PolicyTraining.of(Outcomes.read(List.of(twenty()), Scenario.Grouping.TASK), 5, "1")
                .choice()
                .toEnvelope()
                .bytes();
        assertThat(PolicyTraining.of(Outcomes.read(List.of(other), Scenario.Grouping.TASK), 5, "1")
                        .choice()
                        .toEnvelope()
                        .bytes())
                .isEqualTo(first);
    }

    @Test
    void of_fewPrompts_isRefused() throws IOException {
        Outcomes one = read(new Results().all(1, true));
        assertThatThrownBy(() -> PolicyTraining.of(one, 5, "1"))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("1 prompt with outcomes of every arm; at least 10");
    }

    @Test
    void read_severalRepeatsAndRuns_takesTheMedianOfPairs() throws IOException {
        Results drafted = new Results().all(1, true);
        drafted.answer(1, true, "off", 1, 50).answer(1, true, "auto-table", 1, 75); // 1.5
        Results without = new Results().prompt(1, true);
        without.root.withObject("choice").put("draft_model", false);
        without.answer(1, true, "off", 0, 200).answer(1, true, "auto", 0, 240); // the table: 1.2
        Outcome outcome = read(drafted, without).complete().getFirst();
        assertThat(outcome.speedUp("table")).isCloseTo(1.5, within(1e-9)); // of 2, 1.5 and 1.2
        assertThat(outcome.speedUp("both")).isCloseTo(1.25, within(1e-9));
        assertThat(outcome.speedUp("none")).isEqualTo(1);
        assertThat(outcome.plainSeconds()).isCloseTo(1, within(1e-9)); // of 1, 2 and 0.5
    }

    @Test
    void read_promptWithoutAnArmOrTooShort_isLeftOut() throws IOException {
        Results results = new Results().all(1, true).prompt(2, true).answer(2, true, "off", 0, 100);
        results.prompt(3, false).answer(3, false, "off", 0, 100, 7).answer(3, false, "auto", 0, 100, 7);
        Outcomes outcomes = read(results);
        assertThat(outcomes.complete()).extracting(Outcome::key).containsExactly("edit/p1");
        assertThat(outcomes.leftOut()).isEqualTo(2);
    }

    @Test
    void read_armNotMeasured_saysHowToMeasure() {
        Results results = new Results().prompt(1, true).answer(1, true, "off", 0, 100);
        assertThatThrownBy(() -> read(results))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("missing: [table, model, both]")
                .hasMessageContaining("the modes off, auto, auto-table and model");
    }

    @Test
    void read_whatIsNoResult_isRefusedWithTheReason() throws IOException {
        Path file = directory.resolve("x.json");
        assertThatThrownBy(() -> Outcomes.read(List.of(file), Scenario.Grouping.TASK))
                .isInstanceOf(AdedException.NotFound.class);
        for (Map.Entry<String, String> text : Map.of(
                        "no json", "is no JSON",
                        "{}", "holds no results",
                        "{\"answers\": [], \"settings\": {}}", "written by an older version",
                        "{\"answers\": [], \"settings\": {}, \"choice\": {\"features\": \"moon\", \"prompts\": []}}",
                                "tells of prompts by \"moon\"")
                .entrySet()) {
            Files.writeString(file, text.getKey());
            assertThatThrownBy(() -> Outcomes.read(List.of(file), Scenario.Grouping.TASK))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining(text.getValue());
        }
        Results synthetic = new Results().all(1, true);
        synthetic.root.withObject("settings").put("synthetic_acceptance", 0.7);
        assertThatThrownBy(() -> read(synthetic)).hasMessageContaining("made-up drafts");
        Results twice = new Results().all(1, true).prompt(1, true);
        assertThatThrownBy(() -> read(twice)).hasMessageContaining("calls another prompt edit/p1, too");
        Results foreign = new Results().all(1, true);
        foreign.root.withObject("choice").put("vocabulary_fingerprint", "0000000000000001");
        assertThatThrownBy(() -> read(new Results().all(1, true), foreign)).hasMessageContaining("another vocabulary");
    }

    @Test
    void read_fingerprintThatIsNone_isRefusedWithTheFile() {
        for (String wrong :
                List.of("\"\"", "\"xyz\"", "\"" + "0".repeat(40) + "\"", "\"-00000000000000f\"", "7", "null", "{}")) {
            Results results = new Results().all(1, true);
            results.root
                    .withObject("choice")
                    .set("vocabulary_fingerprint", JsonMapper.shared().readTree(wrong));
            assertThatThrownBy(() -> read(results))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining(
                            "results0.json has the vocabulary_fingerprint " + wrong + "; allowed: 16 hex");
        }
        Results absent = new Results().all(1, true);
        absent.root.withObject("choice").remove("vocabulary_fingerprint");
        assertThatThrownBy(() -> read(absent))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("results0.json has the vocabulary_fingerprint");
    }

    @Test
    void read_fingerprintInCapitals_isTheSame() throws IOException {
        Results capitals = new Results().all(1, true);
        capitals.root.withObject("choice").put("vocabulary_fingerprint", "FFFFFFFFFFFFFFFE");
        assertThat(read(capitals).vocabulary()).isEqualTo(-2);
    }

    @Test
    void read_featureThatNoPromptHas_isRefused() {
        for (double wrong : new double[] {1e308, 1e160, -1e-9, 4}) {
            Results results = new Results().all(1, true);
            ((ArrayNode) results.prompts.get(0).get("features")).set(1, wrong);
            assertThatThrownBy(() -> read(results))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("results0.json")
                    .hasMessageContaining("length of " + wrong + "; allowed: 0 to 3.1");
        }
    }

    @Test
    void read_timesThatNobodyMeasured_areRefused() {
        Results quick = new Results().all(1, true).answer(1, true, "auto-table", 0, 1e300);
        assertThatThrownBy(() -> read(quick))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("times as fast as plain decoding; allowed:");
        Results slow = new Results().all(1, true).answer(1, true, "off", 0, 1e-300);
        assertThatThrownBy(() -> read(slow))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("seconds; allowed: at most");
    }

    @Test
    void describe_factsThatCommandATerminal_areShown() throws IOException {
        Results results = new Results();
        results.root.withObject("environment").put("model", "t\u001b[2J\u0007").put("date", "\u009b31m");
        for (int number = 1; number <= 10; number++) {
            results.all(number, true).all(number + 10, false);
        }
        results.prompts.forEach(prompt -> ((ObjectNode) prompt)
                .put("category", "c\u001b]0;x" + prompt.get("task").asString()));
        Path file = results.writeTo(directory.resolve("commands.json"));
        PolicyTraining training = PolicyTraining.of(Outcomes.read(List.of(file), Scenario.Grouping.CATEGORY), 5, "1");
        for (String text : List.of(PolicyTraining.describe(training.choice()), training.report())) {
            assertThat(text.chars().filter(c -> Character.isISOControl(c) && c != '\n'))
                    .isEmpty();
            assertThat(text).contains("c\\u001b]0;xedit");
        }
        assertThat(PolicyTraining.describe(training.choice()))
                .contains("model: t\\u001b[2J\\u0007\n", "measured: \\u009b31m\n");
        DrafterChoice forged = DrafterChoice.read(
                ForgedEnvelopes.withFacts(
                        training.choice().toEnvelope().bytes(),
                        "arms=none, table, model, both\nfeatures=" + DrafterChoice.layout()
                                + "\nmodel=\u001b[31mred\nvocabulary=\u001b[2J\n"),
                "it");
        assertThat(PolicyTraining.describe(forged)).contains("model: \\u001b[31mred\n", "vocabulary: \\u001b[2J\n");
    }
}
