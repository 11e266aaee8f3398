package io.aded.engine;

import io.aded.model.TargetContext;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SequencedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Swap space: host memory for the KV state of idle conversations.
 *
 * <p>When the cache needs the cells of a conversation that is idle, computing them again later costs a forward pass
 * over its whole history; copying them out and back costs a memory copy. So they are swapped out to here while there is
 * room. The conversations that were saved longest ago make way; they are recomputed when they come back.
 *
 * <p>Buffers are direct, sized in steps so that they can be used again, and never more than the limit in all. Owned by
 * the engine thread.
 */
final class SwapSpace {
    private final long limit;
    /** By capacity. */
    private final NavigableMap<Integer, Deque<ByteBuffer>> free = new TreeMap<>();

    /** In the order in which they were saved. */
    private final SequencedSet<LocalSession> swapped = new LinkedHashSet<>();

    private long allocated;

    SwapSpace(long limitBytes) {
        limit = limitBytes;
    }

    /**
     * Saves a session's sequence, if there is room, before its cells are given up. One that has none, because its turn
     * was cancelled before its first pass, has nothing to save.
     */
    void swapOut(LocalSession session, TargetContext context) {
        discard(session);
        if (session.committed() == 0) {
            return;
        }
        long size = context.savedSize(session.sequence());
        ByteBuffer buffer = size <= 0 || size > Math.min(limit, Integer.MAX_VALUE / 2) ? null : take((int) size);
        if (buffer != null) {
            context.saveSequence(session.sequence(), buffer);
            buffer.flip();
            session.setSwapped(buffer, session.committed());
            swapped.add(session);
        }
    }

    /**
     * Restores a session's sequence into its new, empty sequence id, and ends its stay here.
     *
     * @return the tokens that are in the cache again; 0 if nothing was saved or it does not fit
     */
    int swapIn(LocalSession session, TargetContext context) {
        ByteBuffer buffer = session.swapped();
        if (buffer == null) {
            return 0;
        }
        try {
            return context.restoreSequence(session.sequence(), buffer) ? session.swappedTokens() : 0;
        } finally {
            discard(session);
        }
    }

    /** Gives a session's buffer back. */
    void discard(LocalSession session) {
        ByteBuffer buffer = session.swapped();
        if (buffer != null) {
            session.setSwapped(null, 0);
            swapped.remove(session);
            buffer.clear();
            free.computeIfAbsent(buffer.capacity(), _ -> new ArrayDeque<>()).addLast(buffer);
        }
    }

    private @Nullable ByteBuffer take(int size) {
        while (true) {
            Map.Entry<Integer, Deque<ByteBuffer>> best = free.ceilingEntry(size);
            if (best != null) {
                return takeFree(best.getKey(), best.getValue());
            }
            int rounded = roundUp(size);
            while (allocated + rounded > limit && !free.isEmpty()) {
                Map.Entry<Integer, Deque<ByteBuffer>> largest = free.lastEntry();
                allocated -= takeFree(largest.getKey(), largest.getValue()).capacity();
            }
            if (allocated + rounded <= limit) {
                allocated += rounded;
                return ByteBuffer.allocateDirect(rounded);
            }
            if (swapped.isEmpty()) {
                return null;
            }
            discard(swapped.getFirst());
        }
    }

    private ByteBuffer takeFree(int capacity, Deque<ByteBuffer> ofIt) {
        ByteBuffer taken = ofIt.removeLast();
        if (ofIt.isEmpty()) {
            free.remove(capacity);
        }
        return taken;
    }

    /** The next of eight steps between powers of two. */
    private static int roundUp(int size) {
        int step = Math.max(4096, Integer.highestOneBit(size) / 8);
        return (size + step - 1) / step * step;
    }
}
