package io.aded.lab.alignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class AlignmentEvaluationTest {
    private static final ContextParameters CONTEXT = ContextParameters.ofCells(512);

    @TempDir
    private Path directory;

    private final TargetModel target = new ScriptedModel(ScriptedModel.babble(2, 3));

    private void export(double heldOut) {
        AlignmentFacts facts = new AlignmentFacts(
                "2026-01-02T03:04:05Z",
                "1.2.3",
                AlignmentExport.describe("scripted", target),
                "a test",
                true,
                20,
                1,
                0.7,
                1,
                heldOut,
                true,
                null);
        List<Scenario> prompts = IntStream.range(0, 24)
                .mapToObj(i -> new Scenario("p" + i, "task" + i % 2, "c", List.of("prompt " + i)))
                .toList();
        try (AlignmentExport export = new AlignmentExport(directory, facts, null, CONTEXT)) {
            export.play(target, CONTEXT, 4, prompts, Progress.NONE);
        }
    }

    private JsonNode json(AlignmentEvaluation evaluation) {
        Machine machine = Machine.describe(
                InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z")), "1.2.3", "x", target.info(), CONTEXT);
        return JsonMapper.shared().readTree(evaluation.json(machine, directory));
    }

    @Test
    void judge_theTargetItself_acceptsAll() {
        export(0.4);
        AlignmentEvaluation evaluation = new AlignmentEvaluation(directory, List.of(3, 5), CONTEXT);
        evaluation.judge("poor", new ScriptedModel(ScriptedModel.babble(9, 3)), Progress.NONE);
        evaluation.judge("itself", target, Progress.NONE);
        JsonNode root = json(evaluation);
        JsonNode poor = root.get("drafts").get(0);
        JsonNode itself = root.get("drafts").get(1);
        assertThat(itself.get("acceptance").asDouble()).isEqualTo(1);
        // Its own distribution overlaps with itself in all but what the sixteen best leave out.
        assertThat(itself.get("overlap").asDouble()).isBetween(0.99, 1.0001);
        // Twenty tokens in chains of three: five passes of four.
        assertThat(itself.get("chains").get(0).get("block_efficiency").asDouble())
                .isEqualTo(4);
        // In chains of five: 6 + 6 + 6 + 2.
        assertThat(itself.get("chains").get(1).get("block_efficiency").asDouble())
                .isEqualTo(5);
        assertThat(poor.get("acceptance").asDouble()).isLessThan(0.3);
        assertThat(itself.get("chains").get(0).get("times_first").asDouble()).isGreaterThan(2);
        assertThat(root.get("data").get("positions").asLong())
                .isEqualTo(20L * root.get("data").get("held_out_answers").asInt());
        assertThat(evaluation.text()).contains("τ(3)", "MBSU(5)", "itself ÷ poor", "task0", "task1");
    }

    @Test
    void judge_shorterContext_allAreJudgedOnWhatItReaches() {
        export(0.4);
        AlignmentEvaluation evaluation = new AlignmentEvaluation(directory, List.of(3), CONTEXT.withCells(20));
        evaluation.judge("itself", target, Progress.NONE);
        JsonNode data = json(evaluation).get("data");
        assertThat(data.get("context").asInt()).isEqualTo(20);
        // "prompt 7" and "prompt 17" are 9 and 10 tokens with the first: rows 8 … 19 tell of 12 positions, rows 9 … 19
        // of 11.
        assertThat(data.get("positions").asLong())
                .isBetween(
                        11L * data.get("held_out_answers").asInt(),
                        12L * data.get("held_out_answers").asInt());
    }

    @Test
    void open_nothingHeldOut_saysSo() {
        export(0);
        assertThatThrownBy(() -> new AlignmentEvaluation(directory, List.of(3), CONTEXT))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("held out");
    }
}
