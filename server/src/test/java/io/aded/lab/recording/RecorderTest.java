package io.aded.lab.recording;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;

class RecorderTest {
    private static final Scenario SHORT = new Scenario("short", "t", "t", List.of("hi"));
    private static final Scenario LONG = new Scenario("long", "t", "t", List.of("x".repeat(500)));

    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(2, 2));

    private Recording record(Scenario... scenarios) {
        ContextParameters parameters = ContextParameters.ofCells(256);
        Machine machine = Machine.describe(
                InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z")),
                "1.2.3",
                "scripted",
                model.info(),
                parameters);
        try (Recorder recorder = new Recorder(model, parameters, 20)) {
            return recorder.record(List.of(scenarios), "a test", true, machine, Progress.NONE);
        }
    }

    @Test
    void record_prompt_keepsTheModelsBestTokenAtEachPosition() {
        RecordedAnswer answer = record(SHORT).answers().getFirst();
        assertThat(answer.id()).isEqualTo("short");
        assertThat(answer.prompt()).isEqualTo(PromptTokens.ofFirstTurn(model, SHORT, true));
        assertThat(answer.answer()).hasSize(20);
        for (int i = 0; i < answer.answer().length; i++) {
            assertThat(answer.topTokens()[i * RecordedAnswer.TOP]).isEqualTo(answer.answer()[i]);
            float sum = 0;
            for (int j = 0; j < RecordedAnswer.TOP; j++) {
                sum += answer.topProbabilities()[i * RecordedAnswer.TOP + j];
            }
            assertThat(sum).isBetween(0f, 1.0001f);
        }
    }

    @Test
    void record_again_givesTheSameTokens() {
        assertThat(record(SHORT).answers().getFirst().answer())
                .isEqualTo(record(SHORT).answers().getFirst().answer());
    }

    @Test
    void record_promptThatDoesNotFit_isLeftOut() {
        Recording recording = record(LONG, SHORT);
        assertThat(recording.answers()).extracting(RecordedAnswer::id).containsExactly("short");
        assertThat(recording.facts())
                .containsEntry("model", "scripted")
                .containsEntry("date", "2026-01-02T03:04:05Z")
                .containsEntry("prompts", "a test, raw");
    }
}
