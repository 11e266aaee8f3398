package io.aded.engine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A binary heap whose entries know where they stand: any of them moves, or leaves, in logarithmic time. It allocates
 * only to grow. An entry stands in at most one heap.
 *
 * @param <E> entries, which know their order
 */
final class IndexedHeap<E extends IndexedHeap.Entry<E>> {
    private final List<E> entries = new ArrayList<>();

    /** What stands in a heap. */
    abstract static class Entry<E> {
        private int position = -1;

        /** Whether it is nearer to the top than another. A change of the answer is told by {@link #moved}. */
        abstract boolean goesBefore(E other);
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    boolean contains(E entry) {
        return position(entry) >= 0;
    }

    /** The one that goes before all others, or null. */
    @Nullable
    E first() {
        return entries.isEmpty() ? null : entries.getFirst();
    }

    void add(E entry) {
        entries.add(entry);
        rise(entry, entries.size() - 1);
    }

    /** Takes an entry out; nothing happens if it is not in. */
    void remove(E entry) {
        int hole = position(entry);
        if (hole < 0) {
            return;
        }
        place(entry, -1);
        E last = entries.removeLast();
        if (last != entry) {
            place(last, hole);
            moved(last);
        }
    }

    /** An entry's order may have changed. */
    void moved(E entry) {
        int at = position(entry);
        rise(entry, at);
        if (position(entry) == at) {
            sink(entry, at);
        }
    }

    private void rise(E entry, int from) {
        int at = from;
        while (at > 0) {
            int above = (at - 1) / 2;
            E other = entries.get(above);
            if (!entry.goesBefore(other)) {
                break;
            }
            place(other, at);
            at = above;
        }
        place(entry, at);
    }

    private void sink(E entry, int from) {
        int at = from;
        while (2 * at + 1 < entries.size()) {
            int below = 2 * at + 1;
            if (below + 1 < entries.size() && entries.get(below + 1).goesBefore(entries.get(below))) {
                below++;
            }
            E other = entries.get(below);
            if (!other.goesBefore(entry)) {
                break;
            }
            place(other, at);
            at = below;
        }
        place(entry, at);
    }

    private static int position(Entry<?> entry) {
        return entry.position;
    }

    private void place(E entry, int at) {
        Entry<E> held = entry;
        held.position = at;
        if (at >= 0) {
            entries.set(at, entry);
        }
    }
}
