package io.aded.llama;

import io.aded.llama.abi.LibraryLine;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Reads the state of a sequence as llama.cpp writes it, to its last byte, and takes the blocks of some layers out of
 * it.
 *
 * <pre>{@code
 * magic u32 | sequence i32 | streams u32 = 1                            where states name sequences
 * cells u32 | per cell: position i32, ids u32, the ids i32[]             as many ids as the line names: 0 or 1
 * transposed u32 | layers u32
 * keys of each layer:   type i32 | bytes of a row u64 | rows
 * values of each layer: the same, or if they are transposed
 *                       type i32 | bytes of an element u32 | width u32 | elements
 * }</pre>
 *
 * <p>That is how v0.5.0 and b4916 write the cache of an ordinary model, as their output was seen to be. A model with
 * several caches, with states beside its cache or with positions of several dimensions writes something longer, which
 * is then no such state. Nothing is allocated but for the first state with so many cells.
 */
final class SequenceState {
    /** Wider rows no model has: they would only be misread numbers. */
    private static final long WIDEST_ROW = 1L << 28;

    private final MemorySegment memory;
    private final boolean named;
    private final boolean[] skipped;
    private long[] seen = new long[1];

    private long at;
    private long end;
    private long out;
    private boolean surprised;
    private int cells;

    /**
     * @param memory in which states lie
     * @param named whether states name sequences: {@link LibraryLine#statesNameSequences}
     * @param skipped for each layer of the state whether it is taken out
     */
    SequenceState(MemorySegment memory, boolean named, boolean[] skipped) {
        this.memory = memory;
        this.named = named;
        this.skipped = skipped.clone();
    }

    /**
     * Reads a state and takes the skipped layers out of it, in its place.
     *
     * @param address where it begins
     * @param length its bytes
     * @param sequence whose state it is
     * @param from the first position that it has to have
     * @param to the position after the last; it has to have each once
     * @return the bytes that are left; {@link #INCOMPLETE} if positions are missing, and then nothing is taken out;
     *     {@link #UNKNOWN} if it is another kind of state
     */
    long take(long address, long length, int sequence, int from, int to) {
        at = address;
        end = address + length;
        surprised = false;
        if (named) {
            skip(4);
            expect(sequence);
            expect(1);
        }
        cells = int32();
        if (surprised) {
            return UNKNOWN;
        }
        if (cells != to - from) {
            return cells >= 0 && cells < to - from ? INCOMPLETE : UNKNOWN;
        }
        positions(sequence, from, to);
        int transposed = int32();
        long countAt = at;
        expect(skipped.length);
        if (surprised || (transposed != 0 && transposed != 1)) {
            return UNKNOWN;
        }
        out = at;
        for (boolean leave : skipped) {
            rows(leave);
        }
        for (boolean leave : skipped) {
            if (transposed == 1) {
                columns(leave);
            } else {
                rows(leave);
            }
        }
        if (surprised || at != end) {
            return UNKNOWN;
        }
        memory.set(ValueLayout.JAVA_INT_UNALIGNED, countAt, kept());
        return out - address;
    }

    private int kept() {
        int kept = 0;
        for (boolean leave : skipped) {
            kept += leave ? 0 : 1;
        }
        return kept;
    }

    private void positions(int sequence, int from, int to) {
        int words = (to - from >> 6) + 1;
        if (words > seen.length) {
            seen = new long[Math.max(words, 2 * seen.length)];
        }
        Arrays.fill(seen, 0, words, 0L);
        for (int i = 0; i < cells && !surprised; i++) {
            int position = int32() - from;
            expect(named ? 1 : 0);
            if (named) {
                expect(sequence);
            }
            if (position < 0 || position >= to - from || (seen[position >> 6] >> position & 1) != 0) {
                surprised = true;
                return;
            }
            seen[position >> 6] |= 1L << position;
        }
    }

    private void rows(boolean leave) {
        long begin = at;
        skip(4);
        long row = int64();
        block(begin, row, leave);
    }

    private void columns(boolean leave) {
        long begin = at;
        skip(4);
        long element = int32();
        long width = int32();
        block(begin, element < 0 || width < 0 ? -1 : element * width, leave);
    }

    /** One that began at {@code begin} and goes on with so many bytes a cell. */
    private void block(long begin, long bytes, boolean leave) {
        if (bytes <= 0 || bytes > WIDEST_ROW) {
            surprised = true;
        }
        skip(surprised ? 0 : bytes * cells);
        if (surprised || leave) {
            return;
        }
        if (out != begin) {
            MemorySegment.copy(memory, begin, memory, out, at - begin);
        }
        out += at - begin;
    }

    private void skip(long bytes) {
        if (surprised || end - at < bytes) {
            surprised = true;
        } else {
            at += bytes;
        }
    }

    private void expect(int value) {
        if (int32() != value) {
            surprised = true;
        }
    }

    private int int32() {
        long here = at;
        skip(4);
        return surprised ? 0 : memory.get(ValueLayout.JAVA_INT_UNALIGNED, here);
    }

    private long int64() {
        long here = at;
        skip(8);
        return surprised ? 0 : memory.get(ValueLayout.JAVA_LONG_UNALIGNED, here);
    }

    /** What {@link #take} returns for a state in which positions are missing. */
    static final long INCOMPLETE = -1;

    /** What {@link #take} returns for what is no state of the kind that is known. */
    static final long UNKNOWN = -2;
}
