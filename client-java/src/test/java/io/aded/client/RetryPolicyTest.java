package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RetryPolicyTest {
    private static final RetryPolicy POLICY = new RetryPolicy(3, Duration.ofMillis(1000), Duration.ofSeconds(5));
    private static final AdedClientException AWAY = new AdedClientException.Unavailable("", "away", null);

    private static AdedClientException exhausted(String reason, Duration delay) {
        return new AdedClientException.ResourceExhausted(reason, "full", delay, null);
    }

    @Test
    void pause_unavailable_doublesGiveOrTakeAFifth() {
        assertThat(POLICY.pause(1, AWAY, null).orElseThrow())
                .isBetween(Duration.ofMillis(800), Duration.ofMillis(1200));
        assertThat(POLICY.pause(2, AWAY, null).orElseThrow())
                .isBetween(Duration.ofMillis(1600), Duration.ofMillis(2400));
    }

    @Test
    void pause_attemptsUsedUp_isNone() {
        assertThat(POLICY.pause(3, AWAY, null)).isEmpty();
        assertThat(RetryPolicy.NONE.pause(1, AWAY, null)).isEmpty();
    }

    @Test
    void pause_serverSaysWhen_isNoSooner() {
        Duration asked = Duration.ofSeconds(30);
        assertThat(POLICY.pause(1, exhausted("QUEUE_FULL", asked), null)).contains(asked);
        assertThat(POLICY.pause(1, exhausted("QUEUE_FULL", asked), Duration.ofSeconds(29)))
                .isEmpty();
    }

    @Test
    void pause_whatWillFailAgain_isNone() {
        Duration soon = Duration.ofMillis(1);
        assertThat(POLICY.pause(1, exhausted("NOT_READ", soon), null)).isEmpty();
        assertThat(POLICY.pause(1, exhausted("", soon), null)).isEmpty();
        assertThat(POLICY.pause(1, new AdedClientException.Internal("", "fault", null), null))
                .isEmpty();
    }

    @Test
    void new_noAttempts_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> POLICY.withAttempts(0));
    }

    @Test
    void of_failsTwice_givesTheThird() {
        List<Duration> left = new ArrayList<>();
        RetryPolicy soon = new RetryPolicy(3, Duration.ofMillis(1), Duration.ofMillis(2));
        int made = Attempts.of(soon, Duration.ofSeconds(10), remaining -> {
            left.add(remaining);
            if (left.size() < 3) {
                throw AWAY;
            }
            return left.size();
        });
        assertThat(made).isEqualTo(3);
        assertThat(left).isSortedAccordingTo((one, other) -> other.compareTo(one));
        assertThatExceptionOfType(AdedClientException.Unavailable.class)
                .isThrownBy(() -> Attempts.of(RetryPolicy.NONE, Duration.ofSeconds(10), remaining -> {
                    throw AWAY;
                }));
    }

    @Test
    void after_text_isACopyThatKeepsTheRest() {
        AdedClientException full = exhausted("QUEUE_FULL", Duration.ofSeconds(2));
        AdedClientException after = full.after("so far");
        assertThat(after.text()).isEqualTo("so far");
        assertThat(after.reason()).isEqualTo("QUEUE_FULL");
        assertThat(after.retryAfter()).contains(Duration.ofSeconds(2));
        assertThat(full.text()).isEmpty();
        assertThat(full.after("")).isSameAs(full);
    }
}
