package io.aded.host;

import io.aded.engine.PrefixSharing;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What keeps callers from each other, and the process from hanging.
 *
 * @param conversations conversations that may be open or kept at once, at least 1
 * @param conversationsPerClient those of them that one client may have; clients that say no name are one
 * @param conversationBytes heap that open conversations may hold in all engines together, 1 MiB or more; null for a
 *     quarter of the heap
 * @param prefixSharing among whom the computed beginnings of prompts are shared
 * @param stall how long an engine may take for one step before it counts as hanging, if ten times what the step should
 *     take is less; zero for as long as it likes
 * @param stallGrace how long a hanging engine has to come back before the process ends
 * @param coalescing how far apart the deltas of an answer are at least, zero to ten seconds; zero for one a pass
 */
public record Safeguards(
        int conversations,
        int conversationsPerClient,
        @Nullable Long conversationBytes,
        PrefixSharing prefixSharing,
        Duration stall,
        Duration stallGrace,
        Duration coalescing) {

    private static final Duration LONGEST_COALESCING = Duration.ofSeconds(10);

    /** 8192 conversations, 2048 of one client, a quarter of the heap; two minutes a step, half a minute of grace. */
    public static final Safeguards DEFAULT = new Safeguards(
            8192, 2048, null, PrefixSharing.CALLER, Duration.ofMinutes(2), Duration.ofSeconds(30), Duration.ZERO);

    private static final long LEAST_BYTES = 1 << 20;

    /**
     * Checks everything.
     *
     * @throws AdedException.InvalidRequest naming all that is out of range by the names above
     */
    public Safeguards {
        List<FieldViolation> wrong = new ArrayList<>();
        if (conversations < 1) {
            wrong.add(new FieldViolation("max_conversations", "is " + conversations + "; allowed: 1 or more"));
        }
        if (conversationsPerClient < 1) {
            wrong.add(new FieldViolation(
                    "max_conversations_per_client", "is " + conversationsPerClient + "; allowed: 1 or more"));
        }
        if (conversationBytes != null && conversationBytes < LEAST_BYTES) {
            wrong.add(new FieldViolation(
                    "conversation_memory", "is " + conversationBytes + " bytes; allowed: 1 MiB or more"));
        }
        if (stall.isNegative() || stallGrace.isNegative()) {
            wrong.add(new FieldViolation("stall", "is negative; allowed: 0 or more seconds, and so its grace"));
        }
        if (coalescing.isNegative() || coalescing.compareTo(LONGEST_COALESCING) > 0) {
            wrong.add(new FieldViolation(
                    "coalesce", "is " + coalescing.toMillis() + " ms; allowed: 0 to " + LONGEST_COALESCING.toMillis()));
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    /** Whether engines are watched at all. */
    public boolean watches() {
        return !stall.isZero();
    }

    /** What the conversations of each engine may hold. */
    long bytesEach(int engines, long heapBytes) {
        long all = conversationBytes == null ? Math.max(LEAST_BYTES, heapBytes / 4) : conversationBytes;
        return Math.max(LEAST_BYTES, all / engines);
    }
}
