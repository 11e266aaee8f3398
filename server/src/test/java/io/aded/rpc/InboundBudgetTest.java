package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InboundBudgetTest {
    private final InboundBudget budget = new InboundBudget(100_000);
    private final List<String> refused = new ArrayList<>();

    private InboundBudget.Stream stream(String name) {
        var stream = (InboundBudget.Stream) budget.tracers().newServerStreamTracer("aded.v1/Any", new Metadata());
        stream.refusedBy(reason -> {
            assertThat(reason)
                    .isInstanceOf(AdedException.ResourceExhausted.class)
                    .hasMessageContaining("allowed: 100000 bytes");
            refused.add(name);
        });
        return stream;
    }

    @Test
    void inboundWireSize_budgetSpent_refusesTheLargestUnfinishedAndFreesIt() {
        InboundBudget.Stream small = stream("small");
        InboundBudget.Stream large = stream("large");
        InboundBudget.Stream last = stream("last");
        small.inboundWireSize(1_000);
        large.inboundWireSize(60_000);
        last.inboundWireSize(20_000);
        assertThat(refused).isEmpty();

        last.inboundWireSize(30_000);

        assertThat(refused).containsExactly("large");
        assertThat(budget.held()).isEqualTo(51_000 + 3 * 256);
        large.inboundWireSize(60_000); // comes from a transport that does not know yet
        assertThat(budget.held()).isEqualTo(51_000 + 3 * 256);
    }

    @Test
    void inboundWireSize_manyTinyPieces_countForWhatTheyCost() {
        InboundBudget.Stream stream = stream("drip");

        for (int i = 0; i < 400; i++) {
            stream.inboundWireSize(1);
        }

        assertThat(refused).containsExactly("drip");
        assertThat(budget.held()).isZero();
    }

    @Test
    void read_messageThatWasWhole_isCountedNoLonger() {
        InboundBudget.Stream stream = stream("a");
        stream.inboundWireSize(5_000);
        stream.inboundMessageRead(0, 5_000, 5_000);
        stream.inboundWireSize(700);

        stream.read();

        assertThat(budget.held()).isEqualTo(700 + 256);
        stream.streamClosed(Status.OK);
        assertThat(budget.held()).isZero();
    }

    @Test
    void refusedBy_tooLate_isRefusedAtOnce() {
        var stream = (InboundBudget.Stream) budget.tracers().newServerStreamTracer("aded.v1/Any", new Metadata());
        stream.inboundWireSize(100_001);

        stream.refusedBy(reason -> refused.add("late"));

        assertThat(refused).containsExactly("late");
    }
}
