package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
        assertThat(row.stateBytes()).isEqualTo(24);
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
}
