package io.aded.llama;

import io.aded.model.CellCopier;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * Copies cells by way of a sequence's state, which is all that both lines of llama.cpp give out of a cache:
 *
 * <pre>{@code
 * source:      share the positions with the scratch id | write the scratch id's state | take the id off again
 *              take the skipped layers out of the state
 * destination: read the state as the scratch id | share with the wanted id | take the scratch id off again
 * }</pre>
 *
 * <p>The scratch ids are beyond those that callers know of. A text is copied in pieces, so that the state of a long one
 * takes no more memory than that of a short one; the memory stays for the next.
 */
final class LlamaCellCopier implements CellCopier {
    /** Of a piece's state, unless a single cell is larger. */
    private static final long PIECE_BYTES = 8L << 20;

    /** Before it is known how large a cell is. */
    private static final int FIRST_PIECE = 16;

    /** A destination that took nothing in so many tries will take nothing. */
    private static final int HOPELESS = 8;

    private final LlamaContext source;
    private final LlamaContext destination;
    private final Native natives;
    private final SequenceState state;

    private @Nullable Arena memory;
    private long buffer;
    private long capacity;
    /** So many cells' state has room in the buffer: to ask for its size takes as long as to write it. */
    private int roomFor;
    /** Bytes of a cell in the source's state, of the head as well for small ones; 0 if not known. */
    private long bytesPerCell;

    private int failures;
    private boolean succeeded;
    private boolean impossible;

    private LlamaCellCopier(LlamaContext source, LlamaContext destination, boolean[] skipped) {
        this.source = source;
        this.destination = destination;
        this.natives = source.natives();
        state = new SequenceState(Native.MEMORY, natives.line.statesNameSequences(), skipped);
    }

    /** Null if the one's cells are of no use to the other. */
    static @Nullable LlamaCellCopier between(LlamaContext source, LlamaContext destination) {
        LlamaModel.Origin origin = destination.model().origin();
        if (origin == null
                || origin.original() != source.model()
                || source == destination
                || source.natives() != destination.natives()
                || source.scratch() < 0
                || destination.scratch() < 0
                || source.parameters().keyType() != destination.parameters().keyType()
                || source.parameters().valueType() != destination.parameters().valueType()
                || source.parameters().flashAttention()
                        != destination.parameters().flashAttention()) {
            return null;
        }
        boolean[] skipped = new boolean[source.model().info().layers()];
        for (int layer = 0; layer < skipped.length; layer++) {
            skipped[layer] = origin.skipped().contains(layer);
        }
        return new LlamaCellCopier(source, destination, skipped);
    }

    @Override
    public boolean copy(int from, int begin, int end, int to) {
        source.checkSequence(from);
        destination.checkSequence(to);
        if (begin < 0 || end <= begin) {
            throw new IllegalArgumentException(
                    "positions " + begin + " to " + end + "; allowed: from 0, and at least one");
        }
        if (impossible || end > source.cells() || end > destination.cells()) {
            return false;
        }
        for (int next = begin; next < end; ) {
            int piece = Math.min(end, next + pieceCells());
            if (!piece(from, next, piece, to)) {
                if (next > begin) {
                    natives.calls.removeTokens(destination.cache(), to, begin, -1);
                }
                return false;
            }
            next = piece;
        }
        return true;
    }

    private int pieceCells() {
        return bytesPerCell == 0 ? FIRST_PIECE : Math.clamp(PIECE_BYTES / bytesPerCell, 1, 1 << 20);
    }

    private boolean piece(int from, int begin, int end, int to) {
        long written = write(from, begin, end);
        long left = written <= 0 ? SequenceState.UNKNOWN : state.take(buffer, written, source.scratch(), begin, end);
        if (left < 0) {
            impossible |= left == SequenceState.UNKNOWN;
            return false;
        }
        bytesPerCell = written / (end - begin);
        long read;
        int scratch = destination.scratch();
        long cache = destination.cache();
        try {
            read = natives.contexts.restoreSequence(destination.handle(), buffer, left, scratch);
            if (read == left) {
                natives.calls.shareTokens(cache, scratch, to, begin, end);
            }
        } finally {
            natives.calls.removeTokens(cache, scratch, 0, -1);
        }
        if (read == left) {
            succeeded = true;
            return true;
        }
        // No room is nothing to give up for; but a cache of another shape says the same.
        failures++;
        impossible |= read != 0 || (!succeeded && failures >= HOPELESS);
        return false;
    }

    /** The state of the positions; returns its bytes. */
    private long write(int from, int begin, int end) {
        int scratch = source.scratch();
        long cache = source.cache();
        natives.calls.shareTokens(cache, from, scratch, begin, end);
        try {
            if (end - begin > roomFor) {
                reserve(natives.contexts.sequenceStateSize(source.handle(), scratch));
                roomFor = end - begin;
            }
            return natives.contexts.saveSequence(source.handle(), buffer, capacity, scratch);
        } finally {
            natives.calls.removeTokens(cache, scratch, 0, -1);
        }
    }

    @SuppressWarnings("MustBeClosed") // held until there must be more, or this is closed
    private void reserve(long bytes) {
        if (bytes <= capacity) {
            return;
        }
        free();
        Arena larger = Arena.ofShared();
        // Twice as much, so that a round that is a token longer than all before it asks for nothing.
        buffer = larger.allocate(2 * bytes, 64).address();
        capacity = 2 * bytes;
        memory = larger;
    }

    private void free() {
        Arena held = memory;
        if (held != null) {
            memory = null;
            capacity = 0;
            roomFor = 0;
            buffer = 0;
            held.close();
        }
    }

    @Override
    public void close() {
        impossible = true;
        free();
    }
}
