package io.aded.host;

import static io.aded.host.Watchdog.Verdict.HANGS;
import static io.aded.host.Watchdog.Verdict.HUNG;
import static io.aded.host.Watchdog.Verdict.LOST;
import static io.aded.host.Watchdog.Verdict.WELL;
import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.EnginePulse;
import io.aded.model.AdedException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** In virtual time: a look a second, by a clock that the test advances. */
class WatchdogTest {
    private static final long SECOND = 1_000_000_000L;

    private EnginePulse pulse = EnginePulse.IDLE;
    private final EnginePulse other = EnginePulse.IDLE;
    private final Watchdog watchdog =
            new Watchdog(List.of(() -> other, () -> pulse), Duration.ofSeconds(60), Duration.ofSeconds(20));
    private long now = 5 * SECOND;

    /** The first second at which it says something else than {@code before}, within so many. */
    private int seconds(Watchdog.Verdict before, int most) {
        for (int second = 1; second <= most; second++) {
            now += SECOND;
            if (watchdog.look(now) != before) {
                return second;
            }
        }
        return most + 1;
    }

    private static EnginePulse busy(long step, long expectedSeconds) {
        return new EnginePulse(step, true, expectedSeconds * SECOND, null);
    }

    @Test
    void look_stepThatDoesNotEnd_hangsAfterTheLimitAndIsHungAfterTheGrace() {
        pulse = busy(7, 0);
        assertThat(watchdog.look(now)).isEqualTo(WELL);
        assertThat(seconds(WELL, 100)).isEqualTo(61);
        assertThat(watchdog.look(now)).isEqualTo(HANGS);
        assertThat(seconds(HANGS, 100)).isEqualTo(20);
        assertThat(watchdog.look(now)).isEqualTo(HUNG);
    }

    @Test
    void look_engineThatComesBackInItsGrace_isWell() {
        pulse = busy(7, 0);
        watchdog.look(now);
        seconds(WELL, 70);
        assertThat(watchdog.look(now)).isEqualTo(HANGS);
        pulse = busy(8, 0);
        assertThat(watchdog.look(now)).isEqualTo(WELL);
        assertThat(seconds(WELL, 60)).as("and its time begins anew").isEqualTo(61);
    }

    @Test
    void look_manyShortSteps_isWellForEver() {
        for (int step = 1; step < 1000; step++) {
            pulse = busy(step, 0);
            assertThat(seconds(WELL, 30)).isEqualTo(31);
        }
    }

    @Test
    void look_idleEngine_isWellForEver() {
        pulse = new EnginePulse(7, false, 0, null);
        assertThat(seconds(WELL, 10_000)).isEqualTo(10_001);
    }

    @Test
    void look_passThatIsExpectedToTakeLong_mayTakeTenTimesThat() {
        pulse = busy(7, 30);
        watchdog.look(now);
        assertThat(seconds(WELL, 1000)).isEqualTo(301);
    }

    @Test
    void look_afterTheProcessWasStopped_countsTwoSecondsOfIt() {
        pulse = busy(7, 0);
        watchdog.look(now);
        seconds(WELL, 50);
        now += 24 * 3600 * SECOND; // SIGSTOP, and a day later SIGCONT
        assertThat(watchdog.look(now)).isEqualTo(WELL);
        assertThat(seconds(WELL, 100)).isEqualTo(61 - 52);
    }

    @Test
    void look_engineThatIsLost_isLostAtOnceWhateverTheOthersDo() {
        pulse = new EnginePulse(7, false, 0, new AdedException.Internal("ENGINE_LOST", "lost", null));
        assertThat(watchdog.look(now)).isEqualTo(LOST);
    }
}
