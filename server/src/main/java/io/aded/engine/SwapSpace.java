package io.aded.engine;

import io.aded.model.TargetContext;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
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
    private final List<ByteBuffer> free = new ArrayList<>();
    private final List<LocalSession> swapped = new ArrayList<>();
    private long allocated;

    SwapSpace(long limitBytes) {
        limit = limitBytes;
    }

    /** Saves a session's sequence, if there is room, before its cells are given up. */
    void swapOut(LocalSession session, TargetContext context) {
        discard(session);
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
        int tokens = context.restoreSequence(session.sequence(), buffer) ? session.swappedTokens() : 0;
        discard(session);
        return tokens;
    }

    /** Gives a session's buffer back. */
    void discard(LocalSession session) {
        ByteBuffer buffer = session.swapped();
        if (buffer != null) {
            session.setSwapped(null, 0);
            swapped.remove(session);
            buffer.clear();
            free.add(buffer);
        }
    }

    private @Nullable ByteBuffer take(int size) {
        while (true) {
            ByteBuffer best = null;
            for (ByteBuffer buffer : free) {
                if (buffer.capacity() >= size && (best == null || buffer.capacity() < best.capacity())) {
                    best = buffer;
                }
            }
            if (best != null) {
                free.remove(best);
                return best;
            }
            int rounded = roundUp(size);
            while (allocated + rounded > limit && !free.isEmpty()) {
                allocated -= free.removeLast().capacity();
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

    /** The next of eight steps between powers of two. */
    private static int roundUp(int size) {
        int step = Math.max(4096, Integer.highestOneBit(size) / 8);
        return (size + step - 1) / step * step;
    }
}
