package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.Delta;
import io.aded.engine.RoundReport;
import io.aded.testing.RoundReports;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CoalescerTest {
    private final List<Object> sent = new ArrayList<>();
    private long now = Long.MAX_VALUE - 5; // a clock that is about to turn over

    private final Coalescer coalescer = new Coalescer(10, () -> now, new Coalescer.Output() {
        @Override
        public void emitted(Delta delta) {
            sent.add(delta);
        }

        @Override
        public void round(RoundReport report) {
            sent.add(report.index());
        }
    });

    private static RoundReport round(int index) {
        return RoundReports.withoutDraft(index, 0, 1);
    }

    private static Delta.TokenLogProbability probability(int token) {
        return new Delta.TokenLogProbability(token, -1f, List.of());
    }

    @Test
    void delta_severalRounds_areOneDeltaAndThenTheirRounds() {
        coalescer.delta(new Delta("a", new int[] {1}, List.of(probability(1))));
        coalescer.round(round(0));
        assertThat(sent).hasSize(2);
        sent.clear();

        coalescer.delta(new Delta("b", new int[] {2, 3}, List.of(probability(2), probability(3))));
        coalescer.round(round(1));
        now += 10;
        coalescer.delta(new Delta("", new int[] {4}, List.of(probability(4))));
        coalescer.round(round(2));

        assertThat(sent).hasSize(3);
        assertThat(sent.getFirst()).isInstanceOfSatisfying(Delta.class, delta -> {
            assertThat(delta.text()).isEqualTo("b");
            assertThat(delta.tokens()).containsExactly(2, 3, 4);
            assertThat(delta.logProbabilities())
                    .extracting(Delta.TokenLogProbability::token)
                    .containsExactly(2, 3, 4);
        });
        assertThat(sent.subList(1, 3)).containsExactly(1, 2);
    }

    @Test
    void flush_nothingHeldBack_sendsNothing() {
        coalescer.flush();
        assertThat(sent).isEmpty();
    }
}
