package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.testing.Seeds;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class WeightedTokensTest {

    private static TreeMap<Integer, Float> held(WeightedTokens row) {
        TreeMap<Integer, Float> held = new TreeMap<>();
        for (int i = 0; i < row.width(); i++) {
            if (row.weight(i) > 0) {
                assertThat(held.put(row.token(i), row.weight(i)))
                        .as("token held twice")
                        .isNull();
            }
        }
        return held;
    }

    @Test
    void add_newAndKnown_sumsUp() {
        WeightedTokens row = new WeightedTokens(3, 0.5f);
        row.add(7, 0.25f);
        row.add(8, 0.5f);
        row.add(7, 0.25f);

        assertThat(held(row)).containsOnlyKeys(7, 8).containsEntry(7, 0.5f).containsEntry(8, 0.5f);
        assertThat(row.width()).isEqualTo(3);
        assertThat(row.stateBytes()).isEqualTo(9 * 3 + 256);
    }

    @Test
    void add_tokenZero_isATokenLikeAnyOther() {
        WeightedTokens row = new WeightedTokens(2, 0.5f);
        row.add(0, 0.25f);
        row.add(0, 0.25f);
        row.add(5, 0.125f);

        assertThat(held(row)).containsEntry(0, 0.5f).containsEntry(5, 0.125f);
    }

    @Test
    void add_full_replacesTheWeakestOnlyByAStronger() {
        WeightedTokens row = new WeightedTokens(3, 0.5f);
        row.add(1, 0.3f);
        row.add(2, 0.1f);
        row.add(3, 0.2f);

        row.add(4, 0.1f);
        assertThat(held(row)).containsOnlyKeys(1, 2, 3);

        row.add(4, 0.15f);
        assertThat(held(row)).containsOnlyKeys(1, 3, 4).containsEntry(4, 0.15f);
    }

    @Test
    void fade_everyWeight_keepsTheShare() {
        WeightedTokens row = new WeightedTokens(2, 0.8f);
        row.add(1, 0.5f);
        row.add(2, 0.25f);

        row.fade();

        assertThat(held(row).get(1)).isCloseTo(0.4f, within(1e-6f));
        assertThat(held(row).get(2)).isCloseTo(0.2f, within(1e-6f));
    }

    @Test
    void fade_keepingNothing_forgetsAll() {
        WeightedTokens row = new WeightedTokens(2, 0f);
        row.add(1, 0.5f);

        row.fade();

        assertThat(held(row)).isEmpty();
    }

    @Test
    void remove_known_forgetsThatOneAlone() {
        WeightedTokens row = new WeightedTokens(3, 0.5f);
        row.add(1, 0.5f);
        row.add(2, 0.25f);

        row.remove(1);
        row.remove(9);

        assertThat(held(row)).containsOnlyKeys(2);

        row.add(1, 0.125f);
        assertThat(held(row)).containsEntry(1, 0.125f);
    }

    /** What a row is, written down plainly: the first of those with the least weight makes way. */
    private static final class PlainRow {
        final int[] tokens = new int[6];
        final float[] weights = new float[6];

        int find(int token) {
            for (int i = 0; i < tokens.length; i++) {
                if (tokens[i] == token && weights[i] > 0) {
                    return i;
                }
            }
            return -1;
        }

        void add(int token, float weight) {
            int i = find(token);
            if (i >= 0) {
                weights[i] += weight;
                return;
            }
            int weakest = 0;
            for (int other = 1; other < weights.length; other++) {
                weakest = weights[other] < weights[weakest] ? other : weakest;
            }
            if (weight > weights[weakest]) {
                tokens[weakest] = token;
                weights[weakest] = weight;
            }
        }
    }

    @Test
    void anything_againstAPlainRow_agrees() {
        Seeds.with(random -> {
            WeightedTokens row = new WeightedTokens(6, 0.5f);
            PlainRow plain = new PlainRow();
            for (int step = 0; step < 20_000; step++) {
                // Some of a thousand tokens share a hash; a few come again and again.
                int token = random.nextInt(3) == 0 ? random.nextInt(1000) : random.nextInt(9);
                switch (random.nextInt(8)) {
                    case 0 -> {
                        row.fade();
                        for (int i = 0; i < plain.weights.length; i++) {
                            plain.weights[i] *= 0.5f;
                        }
                    }
                    case 1 -> {
                        row.remove(token);
                        int i = plain.find(token);
                        if (i >= 0) {
                            plain.weights[i] = 0;
                        }
                    }
                    default -> {
                        float weight = (1 + random.nextInt(8)) / 8f;
                        row.add(token, weight);
                        plain.add(token, weight);
                    }
                }
                for (int i = 0; i < row.width(); i++) {
                    assertThat(row.weight(i)).isEqualTo(plain.weights[i]);
                    assertThat(row.token(i)).isEqualTo(plain.tokens[i]);
                }
                int i = plain.find(token);
                assertThat(row.weightOf(token)).isEqualTo(i < 0 ? 0 : plain.weights[i]);
            }
        });
    }
}
