package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class PatienceTest {
    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

    @Test
    void next_serverThatServesOthersOnly_endsAfterSoManyPasses() throws InterruptedException {
        AtomicLong passes = new AtomicLong();
        Patience patience = Patience.ofPasses(() -> passes.getAndAdd(30), 50, Duration.ofHours(1));
        assertThat(patience.next(messages)).isNull();
        // At 0 it began; 30 were not too many, 60 are.
        assertThat(passes).hasValue(90);
    }

    @Test
    void next_serverThatStandsStill_endsAfterThePause() throws InterruptedException {
        assertThat(Patience.ofPasses(() -> 7, 50, Duration.ofMillis(1)).next(messages))
                .isNull();
    }

    @Test
    void next_messageInTime_isTaken() throws InterruptedException {
        messages.add("one");
        assertThat(Patience.ofPasses(() -> 7, 50, Duration.ofHours(1)).next(messages))
                .isEqualTo("one");
        messages.add("two");
        assertThat(Patience.of(Duration.ofHours(1)).next(messages)).isEqualTo("two");
    }
}
