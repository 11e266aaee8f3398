package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.EngineOptions;
import io.aded.lab.experiment.FormatTrial.Rates;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.prompts.Scenarios;
import io.aded.model.ScriptedModel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FormatTrialTest {
    @Test
    void run_twoFormats_eachAnswersEachPromptInBothWaysByTurns() {
        List<String> steps = new ArrayList<>();
        List<Scenario> asked = Scenarios.demonstration();
        List<Rates> rates;
        try (FormatTrial trial = new FormatTrial(8)) {
            trial.add("one", new ScriptedModel(ScriptedModel.babble(1, 2)), EngineOptions.ofCells(2048));
            trial.add("two", new ScriptedModel(ScriptedModel.babble(1, 2)), EngineOptions.ofCells(2048));
            rates = trial.run(asked, 2, (_, _, what) -> steps.add(what));
        }

        assertThat(rates).extracting(Rates::name).containsExactly("one", "two");
        assertThat(rates).allSatisfy(each -> {
            assertThat(each.plain()).isPositive();
            assertThat(each.drafted()).isPositive();
            assertThat(each.best()).isEqualTo(Math.max(each.plain(), each.drafted()));
        });
        // A warm-up of each of four, then two rounds of five prompts by four, and the end.
        assertThat(steps).hasSize(4 + 2 * 5 * 4 + 1);
        assertThat(steps.subList(4, 8)).containsExactlyInAnyOrder("try-1 one", "try-1 one", "try-1 two", "try-1 two");
    }

    @Test
    void rate_severalRounds_theMiddleOneOfEachPrompt() {
        long[] tokens = {60, 30};
        double[][] nanos = {{1e9, 3e9, 9e9}, {2e9, 2e9, 1e9}};

        // 90 tokens in three rounds of 3 s and 2 s.
        assertThat(FormatTrial.rate(tokens, nanos, 3)).isEqualTo(6.0);
        // 90 tokens in two rounds of 2 s and 2 s.
        assertThat(FormatTrial.rate(tokens, new double[][] {{1e9, 3e9}, {2e9, 2e9}}, 2))
                .isEqualTo(11.25);
    }
}
