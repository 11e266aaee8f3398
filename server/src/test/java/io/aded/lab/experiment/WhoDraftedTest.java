package io.aded.lab.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.ArmPlay;
import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftingStatus;
import io.aded.engine.RoundReport;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Heading;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Three rounds of auto: two by both (of two guesses two and one accepted), one by the table (one guess, rejected). */
class WhoDraftedTest {
    private static RoundReport round(String arm, ArmPlay.Reason reason, String[] sources, int... acceptedPath) {
        int size = sources.length;
        int[] parents = new int[size];
        for (int node = 0; node < size; node++) {
            parents[node] = node - 1;
        }
        return new RoundReport(
                1,
                "aded+model",
                false,
                new int[size],
                parents,
                new float[size],
                acceptedPath,
                new int[acceptedPath.length + 1],
                size - 1,
                size,
                1,
                10,
                100,
                sources,
                new ArmPlay(arm, reason));
    }

    private static WhoDrafted ofThreeRounds() {
        RoundTally rounds = new RoundTally();
        rounds.add(round("both", ArmPlay.Reason.BEST, new String[] {"", "both", "model"}, 1, 2));
        rounds.add(round("both", ArmPlay.Reason.PROBE, new String[] {"", "table", "model"}, 1));
        rounds.add(round("table", ArmPlay.Reason.PRICE, new String[] {"", "table"}));
        List<ModeSpec> modes = ModeSpec.parse("auto");
        Answer answer = new Answer(new int[6], "length", 1, 0, 1, 1, 100, rounds);
        Scenario asked = new Scenario("1", "t", "c", List.of("one"));
        List<Measurement> measurements = List.of(new Measurement(asked, 0, 0, 0, modes.getLast(), 0, answer));
        Analysis analysis = new Analysis(modes, measurements, Scenario.Grouping.TASK, 1);
        DraftingStatus engine = new DraftingStatus(
                List.of(new DraftingStatus.Choice(
                        Drafters.AUTO,
                        List.of(
                                new ArmStatistics("table", 1, 0, 1, 0, 5, 1, 0.25, -1.5, -0.5),
                                new ArmStatistics("both", 2, 1, 4, 3, 9, 5, 0.75, -4, -0.5)))),
                new DraftModelStatistics(4, 6, 7, 2, 300, 0, 0, 0, 0, 1_500_000_000, 2, 1, 1, 0, null));
        return new WhoDrafted(
                List.of(analysis.summary(modes.getLast(), null)),
                engine,
                new DraftModelInfo("little", "Q4_K", 5, 2, true, true));
    }

    @Test
    void text_threeRounds_areSharedOutByWayAndBySource() {
        String text = ofThreeRounds().text();

        assertThat(text.lines()).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(Heading.WIDTH));
        assertThat(text)
                .contains("WHO DRAFTED", "WHO GUESSED")
                // Way, share of rounds, probes, tokens a round, drafted, accepted, weight, behind the best.
                .containsPattern("auto +table +33 % +0 +1\\.00 +1\\.0 +0 % +0\\.25 +2\\.5\n")
                .containsPattern("auto +both +67 % +1 +2\\.50 +2\\.0 +75 % +0\\.75 +0\\.0\n")
                .contains("auto: regret -0.5: choosing was no worse than the best single way in hindsight (both).")
                // Who, guesses, accepted, of the six tokens.
                .containsPattern("auto +both +1 +100 % +17 %\n")
                .containsPattern("auto +model +2 +50 % +17 %\n")
                .containsPattern("auto +table +2 +50 % +17 %\n")
                .contains("4 passes took 1.50 s; it guessed in 50 %")
                .contains("not asked in 25 %", "no guess in 25 %", "read 7 tokens itself", "the cells of 300.");
    }

    @Test
    void describe_threeRounds_hasTheSame() {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        ofThreeRounds().describe(node);

        JsonNode mode = node.get("modes").get(0);
        assertThat(mode.get("mode").asString()).isEqualTo("auto");
        assertThat(mode.get("regret").asDouble()).isEqualTo(-0.5);
        assertThat(mode.get("arms").get(1).get("num_accepted_draft_tokens").asInt())
                .isEqualTo(3);
        assertThat(mode.get("sources").size()).isEqualTo(3);
        assertThat(node.get("draft_model").get("name").asString()).isEqualTo("little");
        assertThat(node.get("draft_model").get("num_steps").asInt()).isEqualTo(2);
    }

    @Test
    void text_withoutADraftModel_isEmpty() {
        WhoDrafted who = new WhoDrafted(List.of(), DraftingStatus.NONE, null);

        assertThat(who.text()).isEmpty();
        assertThat(who.draftModel()).isEmpty();
    }
}
