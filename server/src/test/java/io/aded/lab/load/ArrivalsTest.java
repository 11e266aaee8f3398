package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ArrivalsTest {
    private static final int MANY = 20_000;

    @Test
    void schedule_constant_isEvenAndBeginsAtOnce() {
        Arrivals.Schedule schedule = new Arrivals.Open(4, false, 1).schedule(1);

        assertThat(new long[] {schedule.next(), schedule.next(), schedule.next()})
                .containsExactly(0, 250_000_000L, 500_000_000L);
    }

    @Test
    void schedule_poisson_hasGapsOfTheExponentialDistribution() {
        Arrivals.Schedule schedule = new Arrivals.Open(50, true, 1).schedule(7);
        double sum = 0;
        double squares = 0;
        int beyondMean = 0;
        long last = 0;
        for (int i = 0; i < MANY; i++) {
            long next = schedule.next();
            double gap = (next - last) / 1e9;
            last = next;
            sum += gap;
            squares += gap * gap;
            beyondMean += gap > 1.0 / 50 ? 1 : 0;
        }
        double mean = sum / MANY;
        double deviation = Math.sqrt(squares / MANY - mean * mean);

        // Mean and deviation are both 1 / rate, and e^-1 of the gaps are longer; the bounds are five standard errors.
        assertThat(mean).isCloseTo(0.02, within(0.02 * 5 / Math.sqrt(MANY)));
        assertThat(deviation).isCloseTo(0.02, within(0.02 * 0.06));
        assertThat((double) beyondMean / MANY).isCloseTo(Math.exp(-1), within(0.018));
    }

    @Test
    void schedule_sameSeed_isTheSame() {
        Arrivals.Open open = new Arrivals.Open(10, true, 1);
        Arrivals.Schedule one = open.schedule(3);
        Arrivals.Schedule same = open.schedule(3);
        Arrivals.Schedule other = open.schedule(4);

        long first = one.next();
        assertThat(first).isEqualTo(same.next()).isNotEqualTo(other.next());
    }
}
