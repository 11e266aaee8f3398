package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class IndexedHeapTest {
    private static final class Item extends IndexedHeap.Entry<Item> {
        private int rank;

        Item(int rank) {
            this.rank = rank;
        }

        @Override
        boolean goesBefore(Item other) {
            return rank < other.rank;
        }
    }

    @Test
    void first_emptyHeap_isNull() {
        IndexedHeap<Item> heap = new IndexedHeap<>();
        assertThat(heap.first()).isNull();
        Item item = new Item(1);
        heap.remove(item); // is not in: nothing happens
        heap.add(item);
        assertThat(heap.contains(item)).isTrue();
        heap.remove(item);
        assertThat(heap.contains(item)).isFalse();
        assertThat(heap.isEmpty()).isTrue();
    }

    @Test
    void first_afterAnyChange_isTheLeast() {
        IndexedHeap<Item> heap = new IndexedHeap<>();
        List<Item> in = new ArrayList<>();
        Random random = new Random(Seeds.orElse(5));
        for (int step = 0; step < 5_000; step++) {
            switch (in.isEmpty() ? 0 : random.nextInt(3)) {
                case 0 -> {
                    Item item = new Item(random.nextInt(100));
                    in.add(item);
                    heap.add(item);
                }
                case 1 -> heap.remove(in.remove(random.nextInt(in.size())));
                default -> {
                    Item item = in.get(random.nextInt(in.size()));
                    item.rank = random.nextInt(100);
                    heap.moved(item);
                }
            }
            Item first = heap.first();
            if (in.isEmpty()) {
                assertThat(first).isNull();
            } else {
                assertThat(first).isNotNull();
                assertThat(first.rank)
                        .isEqualTo(Collections.min(
                                in.stream().map(item -> item.rank).toList()));
            }
        }
    }
}
