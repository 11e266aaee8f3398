package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
    /** Room for messages of 1000 bytes, 500 of them one caller's. */
    private final MemoryBudget budget = new MemoryBudget(1000L * MemoryBudget.EXPANSION);

    @Test
    void take_messageLargerThanAnyMayBe_isRefusedAndSaysWhatIsAllowed() {
        assertThatThrownBy(() -> budget.take("a", 501))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("501 bytes")
                .hasMessageContaining("allowed: 500 bytes");
        assertThat(budget.taken()).isZero();
    }

    @Test
    void take_oneCallerTakesItsHalf_leavesTheOtherToOthers() {
        budget.take("a", 300);
        MemoryBudget.Share second = budget.take("a", 200);

        assertThatThrownBy(() -> budget.take("a", 1)).hasMessageContaining("half of it for one caller");
        MemoryBudget.Share other = budget.take("b", 500);
        assertThatThrownBy(() -> budget.take("c", 1)).hasMessageContaining("allowed: 1000 bytes");

        other.giveBack();
        other.giveBack();
        budget.take("c", 500);
        second.giveBack();
        budget.take("a", 200);
        assertThat(budget.taken()).isEqualTo(1000L * MemoryBudget.EXPANSION);
    }
}
