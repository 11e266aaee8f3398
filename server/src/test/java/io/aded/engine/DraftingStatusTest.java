package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.catalogue.Drafters;
import java.util.List;
import org.junit.jupiter.api.Test;

class DraftingStatusTest {
    private static ArmStatistics arm(String name, long asked, double weight, double hindsight, double regret) {
        return new ArmStatistics(name, asked, 1, 10, 5, 1_000, asked + 5, weight, hindsight, regret);
    }

    private static DraftingStatus auto(ArmStatistics... arms) {
        return new DraftingStatus(
                List.of(new DraftingStatus.Choice(Drafters.AUTO, List.of(arms))), DraftModelStatistics.NOTHING);
    }

    /**
     * The first engine played 4 - 10 = -6 with the table as its best arm, the second 1 - 8 = -7 with both. Together
     * that is -13; the table would have been -10 - 2 = -12, both -5 - 8 = -13.
     */
    @Test
    void plus_enginesWithOtherBestArms_regretIsAboveTheBestOfBoth() {
        DraftingStatus sum = auto(arm("table", 30, 0.9, -10, 4), arm("both", 10, 0.1, -5, 4))
                .plus(auto(arm("table", 20, 0.3, -2, 1), arm("both", 60, 0.7, -8, 1)));

        assertThat(sum.choices()).hasSize(1);
        List<ArmStatistics> arms = sum.choices().getFirst().arms();
        // The first has 40 of 120 rounds: 0.9 / 3 + 0.3 * 2 / 3.
        assertThat(arms.getFirst()).isEqualTo(new ArmStatistics("table", 50, 2, 20, 10, 2_000, 60, 0.5, -12, 0));
        assertThat(arms.getLast().weight()).isEqualTo(0.5);
        assertThat(arms.getLast().hindsight()).isEqualTo(-13);
    }

    @Test
    void plus_nothing_isTheSame() {
        DraftingStatus one = auto(arm("table", 30, 0.9, -10, 4));

        assertThat(one.plus(DraftingStatus.NONE)).isSameAs(one);
        assertThat(DraftingStatus.NONE.plus(one)).isSameAs(one);
    }

    @Test
    void plus_aModelInTrouble_isTold() {
        DraftModelStatistics one = new DraftModelStatistics(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, null);
        DraftModelStatistics two = new DraftModelStatistics(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, "it broke");

        assertThat(new DraftingStatus(List.of(), one)
                        .plus(new DraftingStatus(List.of(), two))
                        .model())
                .isEqualTo(new DraftModelStatistics(2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, "it broke"));
    }
}
