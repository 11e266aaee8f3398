package io.aded.engine;

import io.aded.telemetry.Counter;
import io.aded.telemetry.EngineTelemetry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduling policy: which turns are decoded now, which wait, and who steps aside for whom. To change the policy,
 * this is the file to change.
 *
 * <p>Owned by the engine thread.
 */
final class Admission {
    /*
     * A turn waits, or it runs. Running turns take part in every pass that their clients can follow.
     *
     * Who is next       the highest priority; then a caller of whom nothing runs; then the caller who has been served
     *                   least; then the first to come (WaitingTurns keeps the accounts). A turn whose prompt begins
     *                   like one that is being computed just now is passed over until it can share that prefix.
     * Who fits          by need: the cells for its prompt and for all the tokens it may write, beside those that the
     *                   running turns are still sure of. Idle conversations make room, the longest idle first. If the
     *                   next turn does not fit, only those go before it by whom it loses nothing (overtaking): small
     *                   ones must not starve a large one.
     * Fairness          while all slots or cells are taken, a caller who has none gets one from the caller who holds
     *                   most, and what it takes of the cells.
     * Memory runs out   (turns with open end may outgrow their reserve): idle conversations go first, then the youngest
     *                   turn goes back to the queue and is computed again later. The last one alone ends, its context
     *                   full.
     */

    private static final Logger LOG = LoggerFactory.getLogger(Admission.class);

    /** Cells an admitted turn with open end is sure of at first; later it takes what is free, or waits its turn. */
    private static final int OPEN_END_RESERVE = 256;

    /** How long a caller counts as being about that has nothing running. */
    private static final long ABOUT_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final EngineOptions options;
    private final Residency residency;
    private final int sessionLimit;
    private final EngineTelemetry telemetry;
    private final WaitingTurns waiting = new WaitingTurns();
    private final List<LocalTurn> running = new ArrayList<>();

    /** The two callers that ran last, and when they were last seen to. */
    private final @Nullable Caller[] recent = new Caller[2];

    private final long[] recentNanos = new long[2];

    /**
     * A policy without turns.
     *
     * @param sessionLimit tokens that one session may hold; they fit the cache
     * @param telemetry hears of turns that have to step aside
     */
    Admission(EngineOptions options, Residency residency, int sessionLimit, EngineTelemetry telemetry) {
        this.options = options;
        this.residency = residency;
        this.sessionLimit = sessionLimit;
        this.telemetry = telemetry;
    }

    /** The running turns, in the order in which a pass that cannot take all takes them. To look at. */
    List<LocalTurn> running() {
        return running;
    }

    int waitingCount() {
        return waiting.size();
    }

    /** Whether nobody has a turn. */
    boolean isIdle() {
        return running.isEmpty() && waiting.isEmpty();
    }

    /** Takes a new turn. */
    void add(LocalTurn turn) {
        waiting.add(turn, due(turn));
    }

    /** When a turn that waits has waited long enough. */
    private long due(LocalTurn turn) {
        long longest = turn.wasAdmitted()
                ? Long.MAX_VALUE
                : turn.submittedNanos() + options.maxWait().toNanos();
        return Math.min(turn.request().deadlineNanos(), longest);
    }

    /** Waits again, before the others of its caller. */
    private void putBack(LocalTurn turn) {
        waiting.putBack(turn, due(turn));
    }

    /** Books tokens that a caller was served. */
    void serve(LocalTurn turn, int tokens) {
        waiting.serve(turn.caller(), tokens);
    }

    // --- who is next

    /** Admits the next turn, if there is one that may run now: it has its sequence id and its known cells, and runs. */
    @Nullable
    LocalTurn next() {
        if (waiting.isEmpty()) {
            return null;
        }
        LocalTurn turn = waiting.peek(candidate -> !waitsForPrefix(candidate));
        if (turn == null) {
            return null;
        }
        if (running.size() >= options.maxRunning() && !pauseForFairness(turn)) {
            return null;
        }
        while (!makeRoom(turn)) {
            if (!mayMakeRoom(turn) || !pauseForFairness(turn)) {
                turn = overtaking(turn);
                if (turn == null || !makeRoom(turn)) {
                    return null;
                }
                break;
            }
        }
        waiting.remove(turn);
        residency.enter(turn.session());
        serve(turn, turn.pendingPrefill());
        run(turn);
        waiting.forgetAbsent();
        return turn;
    }

    /** Whether another turn is just computing a prefix that this one could share: then waiting is the faster way. */
    private boolean waitsForPrefix(LocalTurn turn) {
        LocalSession session = turn.session();
        if (session.sequence() >= 0) {
            return false;
        }
        for (LocalTurn other : running) {
            if (other.pendingPrefill() > Residency.LEAST_SHARED_PREFIX
                    && session.mayShareWith(other.session())
                    && other.isReady()) {
                int common = Residency.commonPrefix(
                        session, other.session(), other.session().length() - 1);
                if (common - other.session().committed() > Residency.LEAST_SHARED_PREFIX
                        && common > residency.bestSharedPrefix(session) + Residency.LEAST_SHARED_PREFIX) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * A caller with nothing running waits while another holds several slots: the youngest turn of the one that holds
     * most steps aside. It keeps its KV cells, unless they are needed, and comes back in its turn.
     */
    private boolean pauseForFairness(LocalTurn candidate) {
        if (candidate.caller().running() > 0) {
            return false;
        }
        LocalTurn youngest = null;
        int most = 1;
        for (LocalTurn turn : running) {
            int held = turn.caller().running();
            if (turn.request().priority() <= candidate.request().priority()
                    && (held > most || (held == most && youngest != null && turn.number() > youngest.number()))) {
                most = held;
                youngest = turn;
            }
        }
        if (youngest == null) {
            return false;
        }
        stop(youngest);
        putBack(youngest);
        return true;
    }

    // --- who fits

    /** Frees a sequence id and cells for a turn, at the cost of idle sessions only. */
    private boolean makeRoom(LocalTurn turn) {
        LocalSession session = turn.session();
        if (session.sequence() < 0 && residency.sequencesFree() == 0 && !residency.evictIdle(session)) {
            return false;
        }
        int need = need(turn, OPEN_END_RESERVE);
        while (need + reservedByRunning() > residency.cellsFree()) {
            if (!residency.evictIdle(session)) {
                // Alone, a turn may always try: the session limit fits the cache.
                return running.isEmpty();
            }
        }
        return true;
    }

    /**
     * Whether a turn could fit if those who hold several slots gave up what they have beyond the first: if not, they
     * would step aside for nothing.
     */
    private boolean mayMakeRoom(LocalTurn candidate) {
        int kept = 0;
        for (LocalTurn turn : running) {
            if (turn.caller().running() == 1
                    || turn.request().priority() > candidate.request().priority()) {
                kept += turn.session().committed() + stillNeeded(turn);
            }
        }
        return kept + whole(candidate) <= residency.cells();
    }

    /**
     * Who goes before a turn for which there are no cells: one that fits, of a caller with nothing running, if the
     * other loses nothing by it. That is so if the other's caller is being served anyway; or if it would fit as soon as
     * the turn ends that holds most, with the one that overtook it still there.
     */
    private @Nullable LocalTurn overtaking(LocalTurn blocked) {
        int held = 0;
        int most = 0;
        for (LocalTurn turn : running) {
            int cells = turn.session().committed() + stillNeeded(turn);
            held += cells;
            most = Math.max(most, cells);
        }
        int free = residency.cells() - held;
        int besideBoth = free + most - whole(blocked);
        return waiting.peek(candidate -> {
            boolean served = blocked.caller().running() > 0
                    && candidate.request().priority() >= blocked.request().priority();
            return candidate.caller().running() == 0
                    && candidate.caller() != blocked.caller()
                    && whole(candidate) <= (served ? free : Math.min(free, besideBoth))
                    && !waitsForPrefix(candidate);
        });
    }

    /** Cells that running turns are still sure of. */
    private int reservedByRunning() {
        int reserved = 0;
        for (LocalTurn turn : running) {
            reserved += stillNeeded(turn);
        }
        return reserved;
    }

    /** Cells that a running turn is still sure of. */
    private int stillNeeded(LocalTurn turn) {
        return need(turn, Math.max(0, OPEN_END_RESERVE - turn.answerTokens()));
    }

    /** Cells that a waiting turn takes in all, those included that its conversation holds. */
    private int whole(LocalTurn turn) {
        return turn.session().committed() + need(turn, OPEN_END_RESERVE);
    }

    /**
     * Cells that a turn will take yet: its prompt, and the answer's bound, or {@code openEnd} where there is none. A
     * bound that the context has no room for is none: else one such answer would hold the cache against everybody.
     */
    private int need(LocalTurn turn, int openEnd) {
        LocalSession session = turn.session();
        int room = sessionLimit - session.length();
        int most = turn.request().maxTokens();
        int left = most - turn.answerTokens();
        int open = most == 0 || left >= room ? openEnd : left;
        return session.length() - session.committed() + Math.min(open, room);
    }

    /**
     * The cache is full although passes are as small as can be: makes room in the order of what costs least.
     *
     * @return the one running turn that cannot go on, and is out; null if room was made, or nobody runs
     */
    @Nullable
    LocalTurn yieldRoom(LocalSession except) {
        LocalTurn youngest = null;
        for (LocalTurn turn : running) {
            if (youngest == null || turn.number() > youngest.number()) {
                youngest = turn;
            }
        }
        if (residency.evictIdle(except) || youngest == null) {
            return null;
        }
        stop(youngest);
        if (running.isEmpty()) {
            return youngest;
        }
        LOG.debug("turn {} gives up its KV cells and will be recomputed", youngest.number());
        telemetry.count(Counter.PREEMPTIONS, 1);
        residency.release(youngest.session());
        putBack(youngest);
        return null;
    }

    // --- who is over

    /**
     * Hands over the running turns that failed or were cancelled, and all turns whose time is over; they are out.
     */
    void expire(long now, Consumer<LocalTurn> sink) {
        waiting.expire(now, sink);
        for (int i = running.size() - 1; i >= 0; i--) {
            LocalTurn turn = running.get(i);
            if (isOver(turn, now)) {
                stop(turn);
                sink.accept(turn);
            }
        }
    }

    private static boolean isOver(LocalTurn turn, long now) {
        return turn.isCancelled()
                || turn.fault() != null
                || now >= turn.request().deadlineNanos();
    }

    /** Whether a running turn has failed and is to be ended. */
    boolean hasFaults() {
        for (LocalTurn turn : running) {
            if (turn.fault() != null) {
                return true;
            }
        }
        return false;
    }

    /** How long the engine may sleep while no turn can advance: until the first wait limit or deadline. */
    long nextExpiry(long now) {
        long next = TimeUnit.SECONDS.toNanos(10);
        for (LocalTurn turn : running) {
            if (turn.request().deadlineNanos() != Long.MAX_VALUE) {
                next = Math.min(next, turn.request().deadlineNanos() - now);
            }
        }
        if (!waiting.isEmpty()) {
            next = Math.min(next, Math.min(waiting.firstDue() - now, TimeUnit.MILLISECONDS.toNanos(20)));
        }
        return Math.max(100_000, next);
    }

    /** Takes a turn out if it waits. */
    boolean withdraw(LocalTurn turn) {
        return waiting.remove(turn);
    }

    /** Takes every waiting turn out and hands it over. */
    void removeWaiting(Consumer<LocalTurn> sink) {
        waiting.drain(sink);
    }

    /** Takes every turn out and hands it over. */
    void removeAll(Consumer<LocalTurn> sink) {
        for (LocalTurn turn : List.copyOf(running)) {
            stop(turn);
            sink.accept(turn);
        }
        waiting.drain(sink);
    }

    // --- the running turns

    private void run(LocalTurn turn) {
        running.add(turn);
        waiting.started(turn.caller());
        turn.session().setDecoding(true);
    }

    /** A running turn stops running. */
    void stop(LocalTurn turn) {
        if (running.remove(turn)) {
            waiting.stopped(turn.caller());
        }
        turn.session().setDecoding(false);
    }

    /**
     * Whether several callers are about: more than one runs, or did a moment ago.
     *
     * @param now at which those who run are seen to
     */
    boolean isContended(long now) {
        for (LocalTurn turn : running) {
            int at = slot(turn.caller());
            recent[at] = turn.caller();
            recentNanos[at] = now;
        }
        return recent[0] != null
                && recent[1] != null
                && now - recentNanos[0] <= ABOUT_NANOS
                && now - recentNanos[1] <= ABOUT_NANOS;
    }

    /** Where a caller that runs is remembered: where it is already, or in place of the one seen longest ago. */
    private int slot(Caller caller) {
        if (caller == recent[0] || recent[0] == null) {
            return 0;
        }
        return caller == recent[1] || recent[1] == null || recentNanos[1] - recentNanos[0] <= 0 ? 1 : 0;
    }

    /** The first turns of the order go to its end: those that a pass left out come first next time. */
    void rotate(int turns) {
        Collections.rotate(running, -turns);
    }
}
