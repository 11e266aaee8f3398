package io.aded.draft.adaptive;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Seeds;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CandidateHeapTest {

    @Test
    void removeFirst_severalKeys_comesOutByFallingKeyWithNodeAndRank() {
        CandidateHeap heap = new CandidateHeap(8);
        heap.push(0.3f, 1, 10);
        heap.push(0.9f, 2, 20);
        heap.push(0.5f, 3, 30);
        heap.push(0.7f, 4, 40);

        assertFirst(heap, 0.9f, 2, 20);
        heap.removeFirst();
        assertFirst(heap, 0.7f, 4, 40);
        heap.removeFirst();
        assertFirst(heap, 0.5f, 3, 30);
        heap.removeFirst();
        assertFirst(heap, 0.3f, 1, 10);
        heap.removeFirst();
        assertThat(heap.isEmpty()).isTrue();
    }

    @Test
    void push_equalKeys_theOlderStaysInFront() {
        CandidateHeap heap = new CandidateHeap(4);
        heap.push(0.5f, 1, 0);
        heap.push(0.5f, 2, 0);

        assertFirst(heap, 0.5f, 1, 0);
    }

    @Test
    void removeFirst_equalChildren_takesTheLeft() {
        CandidateHeap heap = new CandidateHeap(4);
        heap.push(0.9f, 1, 0);
        heap.push(0.5f, 2, 0);
        heap.push(0.5f, 3, 0);
        heap.push(0.1f, 4, 0);

        heap.removeFirst();

        assertFirst(heap, 0.5f, 2, 0);
    }

    @Test
    void removeFirst_lastEqualsChild_theLastComesFirst() {
        CandidateHeap heap = new CandidateHeap(4);
        heap.push(0.9f, 1, 0);
        heap.push(0.5f, 2, 0);
        heap.push(0.5f, 3, 0);

        heap.removeFirst();

        // The last element fills the hole and need not sink below its equal.
        assertFirst(heap, 0.5f, 3, 0);
    }

    @Test
    void clear_filled_isEmptyAndUsableAgain() {
        CandidateHeap heap = new CandidateHeap(4);
        heap.push(0.9f, 1, 1);
        heap.clear();
        assertThat(heap.isEmpty()).isTrue();

        heap.push(0.2f, 7, 8);
        assertFirst(heap, 0.2f, 7, 8);
    }

    @Test
    void stateBytes_isEightAnEntryAndOneMore() {
        assertThat(new CandidateHeap(10).stateBytes()).isEqualTo(88);
    }

    @Test
    void anything_againstASortedList_agrees() {
        Seeds.with(random -> {
            CandidateHeap heap = new CandidateHeap(300);
            List<Float> expected = new ArrayList<>();
            for (int step = 0; step < 2_000; step++) {
                if (expected.size() == 300 || !expected.isEmpty() && random.nextInt(5) < 2) {
                    expected.sort(Comparator.reverseOrder());
                    float first = expected.removeFirst();
                    assertThat(heap.key()).isEqualTo(first);
                    assertThat(heap.node()).isEqualTo((int) (first * 1000));
                    assertThat(heap.rank()).isEqualTo((int) (first * 500));
                    heap.removeFirst();
                } else {
                    float key = random.nextInt(1000) / 1000f;
                    heap.push(key, (int) (key * 1000), (int) (key * 500));
                    expected.add(key);
                }
                assertThat(heap.isEmpty()).isEqualTo(expected.isEmpty());
            }
        });
    }

    private static void assertFirst(CandidateHeap heap, float key, int node, int rank) {
        assertThat(heap.isEmpty()).isFalse();
        assertThat(heap.key()).isEqualTo(key);
        assertThat(heap.node()).isEqualTo(node);
        assertThat(heap.rank()).isEqualTo(rank);
    }
}
