package io.aded.draft.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TokenHistoryTest {

    private static TokenHistory of(int bound, int... tokens) {
        TokenHistory history = new TokenHistory(bound);
        for (int token : tokens) {
            history.append(token);
        }
        return history;
    }

    @Test
    void append_full_forgetsTheOlderHalfAndKeepsPositions() {
        TokenHistory history = of(8, 10, 11, 12, 13, 14, 15, 16, 17);
        assertThat(history.start()).isZero();
        assertThat(history.end()).isEqualTo(8);
        assertThat(history.length()).isEqualTo(8);

        history.append(18);

        assertThat(history.start()).isEqualTo(4);
        assertThat(history.end()).isEqualTo(9);
        assertThat(history.length()).isEqualTo(5);
        for (int position = 4; position < 9; position++) {
            assertThat(history.at(position)).isEqualTo(10 + position);
        }
    }

    @Test
    void append_again_forgetsAgain() {
        TokenHistory history = new TokenHistory(8);
        for (int i = 0; i < 13; i++) {
            history.append(i);
        }

        // Full at 8 and at 12 tokens: half of eight goes each time.
        assertThat(history.start()).isEqualTo(8);
        assertThat(history.at(8)).isEqualTo(8);
        assertThat(history.at(12)).isEqualTo(12);
    }

    @Test
    void stateBytes_growsByDoublingToTheBound() {
        TokenHistory history = new TokenHistory(700);
        assertThat(history.stateBytes()).isEqualTo(4 * 256);
        for (int i = 0; i < 257; i++) {
            history.append(i);
        }
        assertThat(history.stateBytes()).isEqualTo(4 * 512);
        for (int i = 257; i < 513; i++) {
            history.append(i);
        }
        assertThat(history.stateBytes()).isEqualTo(4 * 700);
        for (int i = 513; i < 5_000; i++) {
            history.append(i);
        }
        assertThat(history.stateBytes()).isEqualTo(4 * 700);
        assertThat(history.at(history.end() - 1)).isEqualTo(4_999);
        assertThat(of(8).stateBytes()).isEqualTo(4 * 8);
    }

    @Test
    void findLast_pairSeenTwice_isTheLatestBelowTheGivenPosition() {
        TokenHistory history = of(64, 1, 2, 3, 1, 2, 4, 1, 2);

        assertThat(history.findLast(2, history.end(), 0)).isEqualTo(3);
        assertThat(history.findLast(2, 4, 0)).isEqualTo(3);
        assertThat(history.findLast(2, 3, 0)).isZero();
        assertThat(history.findLast(2, 3, 1)).isEqualTo(-1);
        assertThat(history.findLast(3, history.end(), 0)).isEqualTo(-1);
        assertThat(history.findLast(1, history.end(), 0)).isEqualTo(4);
        assertThat(history.findLast(9, history.end(), 0)).isEqualTo(-1);
    }

    @Test
    void findLast_overlappingItself_counts() {
        assertThat(of(64, 5, 5, 5).findLast(2, 3, 0)).isZero();
        assertThat(of(64, 5, 5).findLast(2, 2, 0)).isEqualTo(-1);
    }

    @Test
    void findLast_onlyTheLastTokenEqual_isNoMatch() {
        assertThat(of(64, 9, 2, 1, 2).findLast(2, 4, 0)).isEqualTo(-1);
        assertThat(of(64, 1, 9, 1, 2).findLast(2, 4, 0)).isEqualTo(-1);
    }

    @Test
    void findLast_afterForgetting_namesAbsolutePositions() {
        TokenHistory history = of(8, 0, 0, 0, 0, 1, 2, 7, 1, 2);

        assertThat(history.start()).isEqualTo(4);
        assertThat(history.findLast(2, history.end(), 0)).isEqualTo(4);
        assertThat(history.findLast(2, history.end(), 5)).isEqualTo(-1);
    }

    @Test
    void anything_againstAPlainList_agrees() {
        Seeds.with(random -> {
            TokenHistory history = new TokenHistory(600);
            List<Integer> all = new ArrayList<>();
            for (int step = 0; step < 3_000; step++) {
                int token = random.nextInt(4);
                history.append(token);
                all.add(token);
                assertThat(history.end()).isEqualTo(all.size());
                assertThat(history.length()).isEqualTo(all.size() - (int) history.start());
                assertThat(history.length()).isLessThanOrEqualTo(600);
                if (step % 7 == 0) {
                    int size = 1 + random.nextInt(6);
                    long before = history.start() + random.nextInt(history.length() + 1);
                    long lowest = Math.max(0, history.start() - 2 + random.nextInt(20));
                    assertThat(history.findLast(size, before, lowest))
                            .isEqualTo(naive(all, (int) history.start(), size, before, lowest));
                }
            }
        });
    }

    private static long naive(List<Integer> all, int start, int size, long before, long lowest) {
        int end = all.size();
        if (end - start < size) {
            return -1;
        }
        List<Integer> pattern = all.subList(end - size, end);
        for (int i = end - size - 1; i >= Math.max(start, lowest); i--) {
            if (i < before && all.subList(i, i + size).equals(pattern)) {
                return i;
            }
        }
        return -1;
    }
}
