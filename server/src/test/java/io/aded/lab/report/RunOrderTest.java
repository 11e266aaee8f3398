package io.aded.lab.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RunOrderTest {

    @Test
    void order_overABlock_givesEachModeEachPlaceOnce() {
        RunOrder orders = new RunOrder(5, 3);
        for (int block = 0; block < 4; block++) {
            int[][] counts = new int[5][5];
            for (int visit = 0; visit < 5; visit++) {
                int[] order = orders.order(block * 5 + visit);
                for (int place = 0; place < 5; place++) {
                    counts[order[place]][place]++;
                }
            }
            for (int[] places : counts) {
                assertThat(places).containsOnly(1);
            }
        }
    }

    @Test
    void order_byBlockAndSeed_differs() {
        RunOrder orders = new RunOrder(6, 1);
        assertThat(orders.order(0)).isEqualTo(new RunOrder(6, 1).order(0));
        assertThat(orders.order(0)).isNotEqualTo(orders.order(6));
        assertThat(orders.order(0)).isNotEqualTo(new RunOrder(6, 2).order(0));
    }
}
