package io.aded.engine;

import io.aded.model.TargetContext;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which conversations are in the KV cache: who holds a sequence id and cells, who shares a prefix with whom, and who
 * gives way.
 *
 * <p>A conversation that is to be decoded {@linkplain #enter enters}: it gets a sequence id, and with it whatever is
 * known of its history already, from its own {@linkplain SwapSpace saved state} or from another conversation that
 * begins with the same tokens, whichever is more. It stays between its turns, until its cells are needed; then the one
 * that was used longest ago is saved and {@linkplain #evictIdle evicted}. Who is decoded at all is {@link Admission}'s
 * matter.
 *
 * <p>Owned by the engine thread.
 */
final class Residency {
    /** A common prefix shorter than this is computed rather than shared. */
    static final int LEAST_SHARED_PREFIX = 16;

    private static final Logger LOG = LoggerFactory.getLogger(Residency.class);

    private final TargetContext context;
    private final CellLedger ledger;
    private final SwapSpace swapSpace;
    private final SessionMemory memory;
    private final Set<LocalSession> sessions = new HashSet<>();

    /** The sessions that hold a sequence id, by that id. There are far fewer of them than open sessions. */
    private final @Nullable LocalSession[] holders;

    Residency(TargetContext context, CellLedger ledger, SwapSpace swapSpace, SessionMemory memory) {
        this.memory = memory;
        this.context = context;
        this.ledger = ledger;
        this.swapSpace = swapSpace;
        holders = new LocalSession[ledger.sequences()];
    }

    /** Open sessions, whether they hold cells or not. */
    int sessions() {
        return sessions.size();
    }

    int sequencesFree() {
        return ledger.sequencesFree();
    }

    int cells() {
        return ledger.cells();
    }

    int cellsFree() {
        return ledger.cellsFree();
    }

    void add(LocalSession session) {
        sessions.add(session);
        memory.update(session);
    }

    /** A session was closed: all that it held is free. */
    void forget(LocalSession session) {
        release(session);
        swapSpace.discard(session);
        session.forgetLearned();
        sessions.remove(session);
        memory.forget(session);
    }

    /** Every session is closed: what their drafters hold outside the heap is given back. */
    void forgetAll() {
        for (LocalSession session : List.copyOf(sessions)) {
            session.forgetLearned();
        }
    }

    /** A prompt becomes its session's history; KV cells that do not agree with it go. */
    void adopt(LocalSession session, int[] prompt) {
        int standing = session.adopt(prompt);
        if (session.sequence() >= 0 && standing < session.committed()) {
            context.removeTokens(session.sequence(), standing, -1);
            session.cells().truncate(standing);
        }
        if (session.swapped() != null) {
            // Less and less of it: what an earlier prompt disagreed with stays wrong, whatever this one agrees with.
            session.setStanding(Math.min(session.standing(), standing));
        }
    }

    /** Gives a session a sequence id, if it has none, and what the cache or the swap space knows of its history. */
    void enter(LocalSession session) {
        if (session.sequence() >= 0) {
            return;
        }
        int sequence = ledger.takeSequence();
        session.setSequence(sequence);
        LocalSession donor = donor(session);
        int shared = donor == null ? 0 : commonPrefix(session, donor, donor.committed());
        int restored = shared < session.standing() || donor == null ? restore(session) : 0;
        session.setForeign(0);
        if (donor != null && restored == 0) {
            session.setForeign(donor.caller().equals(session.caller()) ? 0 : shared);
            context.shareTokens(donor.sequence(), sequence, 0, shared);
            session.cells().share(donor.cells(), shared);
        }
        holders[sequence] = session;
    }

    /** Brings a swapped-out session's cells back, as far as its history still agrees with them. */
    private int restore(LocalSession session) {
        int standing = Math.min(session.standing(), session.length() - 1);
        if (session.swapped() == null || standing <= 0 || session.swappedTokens() > ledger.cellsFree()) {
            return 0;
        }
        int tokens = swapIn(session);
        if (tokens == 0) {
            return 0;
        }
        session.cells().commit(tokens);
        if (standing < tokens) {
            context.removeTokens(session.sequence(), standing, -1);
            session.cells().truncate(standing);
        }
        return Math.min(standing, tokens);
    }

    /** A state that cannot be restored is none: the history is computed again. */
    private int swapIn(LocalSession session) {
        try {
            return swapSpace.swapIn(session, context);
        } catch (RuntimeException e) {
            LOG.error("a conversation's saved state could not be restored; it is computed again", e);
            context.removeTokens(session.sequence(), 0, -1);
            return 0;
        }
    }

    /** Takes a session's sequence id and cells, and saves nothing. */
    void release(LocalSession session) {
        int sequence = session.sequence();
        if (sequence >= 0) {
            context.removeTokens(sequence, 0, -1);
            session.cells().truncate(0);
            ledger.returnSequence(sequence);
            session.setSequence(-1);
            holders[sequence] = null;
        }
    }

    /** Takes the KV cells of the session that has been idle longest. False if there is none but {@code except}. */
    boolean evictIdle(LocalSession except) {
        LocalSession oldest = null;
        for (LocalSession session : holders) {
            if (session != null
                    && session != except
                    && !session.isDecoding()
                    && (oldest == null || session.lastUsed() < oldest.lastUsed())) {
                oldest = session;
            }
        }
        if (oldest == null) {
            return false;
        }
        swapSpace.swapOut(oldest, context);
        release(oldest);
        return true;
    }

    /** How many of a session's first tokens another one has in the cache. */
    int bestSharedPrefix(LocalSession session) {
        LocalSession donor = donor(session);
        return donor == null ? 0 : commonPrefix(session, donor, donor.committed());
    }

    /** The session whose cached tokens have the longest prefix in common with this one's, or null. */
    private @Nullable LocalSession donor(LocalSession session) {
        LocalSession best = null;
        int longest = LEAST_SHARED_PREFIX - 1;
        for (LocalSession other : holders) {
            if (other != null && other != session && other.committed() > longest && session.mayShareWith(other)) {
                int common = commonPrefix(session, other, other.committed());
                if (common > longest) {
                    longest = common;
                    best = other;
                }
            }
        }
        return best;
    }

    /** The length of the prefix that two histories have in common, at most {@code limit}; never the whole of either. */
    static int commonPrefix(LocalSession a, LocalSession b, int limit) {
        int most = Math.min(limit, a.length() - 1);
        int mismatch = Arrays.mismatch(a.tokens(), 0, most, b.tokens(), 0, most);
        return mismatch < 0 ? most : mismatch;
    }
}
