package io.aded.engine;

import java.util.Arrays;

/**
 * The exact account of KV cells and sequence ids: who holds what, how many owners a cell has.
 *
 * <p>llama.cpp keeps the cells; it does not say which are shared. The ledger mirrors them: every committed token of a
 * sequence has a handle with a count of owners, so that {@link #cellsUsed} is what the cache really holds, also when
 * sequences share a prefix. Draft tokens live in the cache only within a round and are not booked.
 *
 * <p>Owned by the engine thread.
 */
final class CellLedger {
    private final int cells;
    private final int[] owners;
    private final int[] freeHandles;
    private int freeHandleCount;

    private final int[] freeSequences;
    private int freeSequenceCount;
    private final int sequences;

    CellLedger(int cells, int sequences) {
        this.cells = cells;
        this.sequences = sequences;
        owners = new int[cells];
        freeHandles = new int[cells];
        for (int i = 0; i < cells; i++) {
            freeHandles[i] = cells - 1 - i;
        }
        freeHandleCount = cells;
        freeSequences = new int[sequences];
        for (int i = 0; i < sequences; i++) {
            freeSequences[i] = sequences - 1 - i;
        }
        freeSequenceCount = sequences;
    }

    int cells() {
        return cells;
    }

    int cellsUsed() {
        return cells - freeHandleCount;
    }

    int cellsFree() {
        return freeHandleCount;
    }

    int sequences() {
        return sequences;
    }

    int sequencesFree() {
        return freeSequenceCount;
    }

    /** Lends a sequence id; there must be one. */
    int takeSequence() {
        return freeSequences[--freeSequenceCount];
    }

    void returnSequence(int sequence) {
        freeSequences[freeSequenceCount++] = sequence;
    }

    /** The cells of one sequence, by position. */
    final class Cells {
        private int[] handles = {};
        private int length;

        /** Tokens booked. */
        int length() {
            return length;
        }

        /** The heap that the account of this sequence takes, in bytes. */
        long bytes() {
            return 32L + Integer.BYTES * (long) handles.length;
        }

        /** Books {@code count} new cells at the end. */
        void commit(int count) {
            ensure(length + count);
            for (int i = 0; i < count; i++) {
                int handle = freeHandles[--freeHandleCount];
                owners[handle] = 1;
                handles[length++] = handle;
            }
        }

        /** Becomes a co-owner of the first {@code count} cells of another; this one must be empty. */
        void share(Cells other, int count) {
            ensure(count);
            for (int i = 0; i < count; i++) {
                owners[other.handles[i]]++;
                handles[i] = other.handles[i];
            }
            length = count;
        }

        /** Gives up all but the first {@code count} cells. */
        void truncate(int count) {
            while (length > count) {
                int handle = handles[--length];
                if (--owners[handle] == 0) {
                    freeHandles[freeHandleCount++] = handle;
                }
            }
        }

        private void ensure(int size) {
            if (size > handles.length) {
                handles = Arrays.copyOf(handles, Math.max(Math.max(size, 64), handles.length * 2));
            }
        }
    }
}
