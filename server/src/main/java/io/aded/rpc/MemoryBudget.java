package io.aded.rpc;

import io.aded.model.AdedException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * The heap that requests may take, from when they are read until they have been dealt with: what a message's bytes
 * become when they are parsed, copied, split into tokens and answered. Half of it is the most for one caller, so that
 * nobody else's small requests are refused for one caller's large ones. Thread-safe.
 */
final class MemoryBudget {
    /**
     * Bytes of heap for each byte of a message, at the worst: an empty message in a list takes two bytes and becomes an
     * object of some sixty; a text whose every byte is a token takes two copies, and four times an int of each token.
     */
    static final int EXPANSION = 32;

    private final long most;
    private final Object lock = new Object();
    private final Map<String, Long> taken = new HashMap<>();
    private long all;

    MemoryBudget(long most) {
        this.most = most;
    }

    /** Half of this process's heap. */
    static MemoryBudget ofHeap() {
        return new MemoryBudget(Runtime.getRuntime().maxMemory() / 2);
    }

    /** What was taken. */
    final class Share {
        private final String caller;
        private final long bytes;
        private boolean given;

        private Share(String caller, long bytes) {
            this.caller = caller;
            this.bytes = bytes;
        }

        /** Gives it back; again, it does nothing. */
        void giveBack() {
            synchronized (lock) {
                if (!given) {
                    given = true;
                    all -= bytes;
                    taken.computeIfPresent(caller, (_, before) -> before == bytes ? null : before - bytes);
                }
            }
        }
    }

    /**
     * Takes what a message needs.
     *
     * @param caller whose it is
     * @param size of the message, in bytes
     * @throws AdedException.ResourceExhausted if there is not so much, at all or at this moment
     */
    Share take(String caller, long size) {
        long bytes = size * EXPANSION;
        synchronized (lock) {
            long before = taken.getOrDefault(caller, 0L);
            if (before + bytes <= most / 2 && all + bytes <= most) {
                taken.put(caller, before + bytes);
                all += bytes;
                return new Share(caller, bytes);
            }
        }
        if (bytes > most / 2) {
            throw AdedException.ResourceExhausted.forGood(
                    "MESSAGE_TOO_LARGE",
                    "a message of " + size + " bytes may need more memory than this server has for one; allowed: "
                            + largestMessage() + " bytes; send less at once, or give the server a larger heap");
        }
        throw new AdedException.ResourceExhausted(
                "MEMORY_BUSY",
                "requests that are being worked on take the memory that there is for them; allowed: " + most / EXPANSION
                        + " bytes of messages at once, half of it for one caller; try again later",
                Duration.ofSeconds(1));
    }

    /** The largest message that anyone may send, in bytes, if nothing else is being worked on. */
    int largestMessage() {
        return (int) Math.min(Integer.MAX_VALUE, most / 2 / EXPANSION);
    }

    /** Bytes of messages that may be worked on at once. */
    long messages() {
        return most / EXPANSION;
    }

    /** What is taken, in bytes of heap. */
    long taken() {
        synchronized (lock) {
            return all;
        }
    }
}
