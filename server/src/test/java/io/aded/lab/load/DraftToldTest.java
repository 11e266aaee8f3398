package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Duration;
import io.aded.v1.DraftArm;
import io.aded.v1.DraftModel;
import io.aded.v1.DraftModelStatistics;
import io.aded.v1.DrafterStatistics;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.SpeculationStatistics;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class DraftToldTest {
    /** Three of four rounds by both, at 2 and 3 tokens a round; both is 2.5 plain tokens better than the table. */
    private static DraftTold told() {
        SpeculationStatistics.Builder totals = SpeculationStatistics.newBuilder()
                .setNumSteps(5)
                .setNumSpecSteps(4)
                .setNumDraftTokens(9)
                .setNumAcceptedDraftTokens(7)
                .setMeanAcceptanceLength(2.75);
        return new DraftTold(GetDraftStatisticsResponse.newBuilder()
                .setTotals(totals)
                .addDrafters(DrafterStatistics.newBuilder().setDrafter("auto").setStatistics(totals))
                .addArms(arm("table", 1, 1, 0, -1.5))
                .addArms(arm("both", 3, 8, 6, -4))
                .setDraftModel(DraftModelStatistics.newBuilder()
                        .setModel(DraftModel.newBuilder().setName("little").setQuantization("Q4_K"))
                        .setNumPasses(1)
                        .setTime(Duration.newBuilder().setSeconds(1).setNanos(500_000_000))
                        .setNumSteps(3)
                        .setNumUnpaidSteps(1)
                        .setNumRefusedCopies(2)
                        .setTrouble("it broke"))
                .build());
    }

    private static DraftArm arm(String name, long rounds, long nodes, long accepted, double hindsight) {
        return DraftArm.newBuilder()
                .setDrafter("auto")
                .setArm(name)
                .setNumSteps(rounds)
                .setNumDraftTokens(nodes)
                .setNumAcceptedDraftTokens(accepted)
                .setNumTokens(rounds + accepted)
                .setWeight(name.equals("both") ? 0.75 : 0.25)
                .setHindsight(hindsight)
                .setRegret(0.5)
                .build();
    }

    @Test
    void text_ofAnAnswer_hasEachWayAndTheModel() {
        assertThat(told().drafters()).containsPattern("auto +5 +80 % +9 +78 % +2\\.75\n");
        assertThat(told().who())
                .containsPattern("auto +table +25 % +0 +1\\.00 +1\\.0 +0 % +0\\.25 +2\\.5\n")
                .containsPattern("auto +both +75 % +0 +3\\.00 +2\\.7 +75 % +0\\.75 +0\\.0\n")
                .contains("auto: regret +0.5: choosing took longer than the best single way in hindsight (both).")
                .contains("Draft model: little, Q4_K, a model of its own, reads every text itself.")
                .contains("1 pass took 1.50 s; it guessed in 75 %", "copies refused 2", "drafts no more: it broke");
    }

    @Test
    void text_ofAServerWithoutADraftModel_isOfDraftersAlone() {
        DraftTold told = new DraftTold(GetDraftStatisticsResponse.getDefaultInstance());

        assertThat(told.who()).isEmpty();
        assertThat(told.drafters()).contains("all");
    }

    @Test
    void describe_ofAnAnswer_hasTheSame() {
        ObjectNode node = JsonMapper.shared().createObjectNode();
        told().describe(node);

        assertThat(node.get("arms").size()).isEqualTo(2);
        assertThat(node.get("arms").get(1).get("num_tokens").asInt()).isEqualTo(9);
        assertThat(node.get("draft_model").get("name").asString()).isEqualTo("little");
        assertThat(node.get("draft_model").get("seconds").asDouble()).isEqualTo(1.5);
    }
}
