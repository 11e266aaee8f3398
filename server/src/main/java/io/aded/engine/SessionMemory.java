package io.aded.engine;

import io.aded.model.AdedException;
import java.util.LinkedHashSet;
import java.util.SequencedSet;

/**
 * The heap that open conversations hold: histories and texts, and what their drafters learned. A budget bounds it.
 *
 * <p>What was learned can be had again by reading the history, so it goes first, from the conversation that has been
 * idle longest. Histories cannot: when they alone fill the budget, no conversation is opened any more, and a quarter
 * beyond it no turn is taken either. Running turns are bounded by their number and not counted here.
 *
 * <p>Owned by the engine thread, but for {@link #checkOpen} and {@link #checkTurn}, which any thread may ask.
 */
final class SessionMemory {
    private final long limit;

    /** Conversations without a turn whose drafters hold something, the one that is idle longest first. */
    private final SequencedSet<LocalSession> idle = new LinkedHashSet<>();

    private long held;
    private long learned;

    /** What is left when every idle conversation has given up what it learned. */
    private volatile long kept;

    private long dropped;

    SessionMemory(long limitBytes) {
        limit = limitBytes;
    }

    /** A conversation has changed, or is new. */
    void update(LocalSession session) {
        boolean mayGiveUp = session.turn() == null && !session.isDecoding();
        set(session, session.heldBytes(), mayGiveUp ? session.learnedBytes() : 0);
        idle.remove(session);
        if (session.givesUpBytes() > 0) {
            idle.addLast(session);
        }
        while (held > limit && !idle.isEmpty()) {
            LocalSession oldest = idle.removeFirst();
            oldest.forgetLearned();
            dropped++;
            set(oldest, oldest.heldBytes(), 0);
        }
        kept = held - learned;
    }

    /** A conversation is over. */
    void forget(LocalSession session) {
        idle.remove(session);
        set(session, 0, 0);
        kept = held - learned;
    }

    private void set(LocalSession session, long holds, long givesUp) {
        held += holds - session.accountedBytes();
        learned += givesUp - session.givesUpBytes();
        session.account(holds, givesUp);
    }

    /** Bytes that open conversations hold. */
    long held() {
        return held;
    }

    /** How often a conversation had to give up what its drafters learned. */
    long dropped() {
        return dropped;
    }

    /** Refuses another conversation if there is no memory for it. */
    void checkOpen() {
        if (kept >= limit) {
            throw full();
        }
    }

    /** Refuses another turn of an open conversation if the histories have outgrown the budget by far. */
    void checkTurn() {
        if (kept >= limit + limit / 4) {
            throw full();
        }
    }

    private AdedException.ResourceExhausted full() {
        return new AdedException.ResourceExhausted(
                "CONVERSATION_MEMORY",
                "open conversations hold " + (kept >> 20) + " MiB, and " + (limit >> 20) + " MiB is what they may hold"
                        + "; close some, or have the server given more",
                null);
    }
}
