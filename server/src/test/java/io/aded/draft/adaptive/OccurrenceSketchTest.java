package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OccurrenceSketchTest {

    @Test
    void count_tokensThatShareNoSlot_isExact() {
        OccurrenceSketch sketch = new OccurrenceSketch();
        sketch.add(1, 0);
        sketch.add(2, 1);
        sketch.add(1, 2);

        assertThat(sketch.count(1)).isEqualTo(2);
        assertThat(sketch.count(2)).isEqualTo(1);
        assertThat(sketch.count(3)).isZero();
        assertThat(sketch.stateBytes()).isEqualTo(8 * 4096);
    }

    @ParameterizedTest
    @CsvSource({"10, 1", "11, 1", "12, 2", "13, 2", "14, 3", "17, 3", "18, 4", "2057, 11", "2058, 12", "99999, 12"})
    void recency_afterPositionTen_isOneMoreThanTheLogarithm(int now, int recency) {
        OccurrenceSketch sketch = new OccurrenceSketch();
        sketch.add(1, 3);
        sketch.add(1, 10);

        assertThat(sketch.recency(1, now)).isEqualTo(recency);
    }

    @Test
    void recency_never_isZero() {
        OccurrenceSketch sketch = new OccurrenceSketch();
        assertThat(sketch.recency(1, 5)).isZero();

        sketch.add(1, 0);
        assertThat(sketch.recency(1, 5)).isEqualTo(3);
        assertThat(sketch.recency(2, 5)).isZero();
        assertThat(OccurrenceSketch.RECENCIES).isEqualTo(13);
    }

    @Test
    void count_many_stopsAtTheBytesEnd() {
        OccurrenceSketch sketch = new OccurrenceSketch();
        for (int i = 0; i < 127; i++) {
            sketch.add(1, i);
        }
        assertThat(sketch.count(1)).isEqualTo(127);
        sketch.add(1, 127);
        assertThat(sketch.count(1)).isEqualTo(127);
    }

    @Test
    void add_sampleFull_halvesAllCountsAndThenAfterHalfASample() {
        OccurrenceSketch sketch = new OccurrenceSketch();
        for (int i = 0; i < 101; i++) {
            sketch.add(1, i);
        }
        for (int i = 101; i < (1 << 14) - 1; i++) {
            sketch.add(2, i);
        }
        assertThat(sketch.count(1)).isEqualTo(101);
        sketch.add(2, 1 << 14);
        assertThat(sketch.count(1)).isEqualTo(50);
        assertThat(sketch.count(2)).isEqualTo(63);

        for (int i = 0; i < (1 << 13) - 1; i++) {
            sketch.add(2, i);
        }
        assertThat(sketch.count(1)).isEqualTo(50);
        sketch.add(2, 0);
        assertThat(sketch.count(1)).isEqualTo(25);
    }
}
