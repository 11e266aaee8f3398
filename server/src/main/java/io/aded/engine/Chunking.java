package io.aded.engine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Chunked prefill: how many tokens of each prompt go into the next pass.
 *
 * <p>Owned by the engine thread.
 */
final class Chunking {
    /*
     * How much
     *
     *   While other turns decode, prompts share a small portion, so that the others' time per token stays even
     *   (Agrawal et al., SARATHI, arXiv 2308.16369). Among themselves they fill the pass, unless that is so slow that
     *   who comes next would have to wait for long. While several callers are about, somebody's short prompt may come
     *   at any time, and waits for the pass that is being played. So such passes take no more than twice the time of
     *   one that it would have met without the others, or an eighth of the stall, which nobody notices.
     *
     *   Nor do answers then take more than twice their time, all in all. On a processor and over a deep context the
     *   smallest chunk worth computing makes a pass five times as long. So prompts take no more time than answers do:
     *   what a chunk added to its pass is made up for by passes without one. An ordinary prompt does not wait for that:
     *   its caller would be late for what another has sent.
     *
     * Who gets it
     *
     *   Higher priorities first. Among equals, callers take turns, a quantum each (deficit round robin: Shreedhar and
     *   Varghese, SIGCOMM 1995), and who comes new stands level with who had least; so a short prompt goes into the
     *   very next pass, whatever somebody else has sent. One caller's prompts: half of its share goes to the one that
     *   came first, so that it ends, and half to the one that is nearest to its end (shortest remaining time first,
     *   which makes the mean wait least). For equal prompts both are the same one: they are computed one after the
     *   other, since to interleave them would only make all of them later.
     *
     *   Who is decoded at all is Admission's matter.
     */

    /** Prompts always advance by this many tokens a pass, so that they end. */
    private static final int LEAST_CHUNK = 8;

    /** Wider chunks are multiples of this, which kernels like. */
    private static final int CHUNK_STEP = 16;

    /** Where nobody decodes, a pass may take so many times the stall that is allowed beside those who do. */
    private static final int STALLS_ALONE = 8;

    /** A short prompt, in tokens. */
    private static final int SHORT_PROMPT = 16;

    /** A prompt, or what is left of one, which does not wait for those who decode, in tokens. */
    private static final int ORDINARY_PROMPT = 256;

    /** While several callers are about, passes are not made shorter than this part of the stall. */
    private static final int LEAST_STALL = 8;

    private final CostCurve curve;
    private final long stallNanos;

    /** Those who want room in the plan that is made, at one priority. */
    private final List<Caller> askers = new ArrayList<>();

    private long plans;
    private long requests;
    private long floor;

    /** What prompts have had of the time beyond what answers beside them have had. */
    private double aheadNanos;

    // What the plan's roots cost, and all of it, if prompts have to share the time; else nothing.
    private double rootsNanos;
    private double planNanos;

    /** Whether long prompts are left out of the plan that is made. */
    private boolean held;

    /**
     * A policy.
     *
     * @param curve what passes cost
     * @param stallNanos how long a pass with prompt tokens in it may take while other turns decode
     */
    Chunking(CostCurve curve, long stallNanos) {
        this.curve = curve;
        this.stallNanos = stallNanos;
    }

    /**
     * Gives every round its chunk, and says whether it verifies: all of its prompt is in the cache, or in this pass.
     *
     * @param room tokens that the pass may take, at least one a round
     * @param contended whether several callers are about
     */
    void plan(List<Round> rounds, int room, boolean contended) {
        int decoding = 0;
        for (Round round : rounds) {
            boolean decodes = round.turn().pendingPrefill() == 0;
            round.plan(0, decodes);
            decoding += decodes ? 1 : 0;
        }
        boolean shares = contended && decoding > 0;
        double roots = decoding == 0 ? 0 : curve.nanos(decoding);
        held = shares && aheadNanos > 0;
        rootsNanos = 0;
        planNanos = 0;
        // A pass may be saved up: else prompts would pay a whole one for the least that a chunk is dearer than the
        // roots.
        aheadNanos = shares ? Math.max(-2 * roots, aheadNanos - roots) : 0;
        if (decoding == rounds.size()) {
            return;
        }
        plans++;
        long least = Long.MAX_VALUE;
        // Room is kept for the roots of those that decode only: however narrow the pass, a prompt alone in it advances.
        int most = Math.min(room - decoding, longestChunk(decoding, contended));
        int left = most;
        int done = Integer.MAX_VALUE;
        while (left > 0) {
            int priority = highestBelow(rounds, done);
            if (priority == Integer.MIN_VALUE) {
                break;
            }
            ask(rounds, priority);
            left = share(left);
            for (Caller caller : askers) {
                least = Math.min(least, caller.prefill().used());
                spend(rounds, priority, caller);
            }
            done = priority;
        }
        floor = Math.max(floor, least == Long.MAX_VALUE ? 0 : least);
        if (shares) {
            rootsNanos = roots;
            planNanos = curve.nanos(decoding + most - left);
        }
    }

    /**
     * The pass that was planned has been computed.
     *
     * @param nanos how long it took
     */
    void played(long nanos) {
        // A pass may take ten times its time, and the price of widths that are seldom used is a guess: both must say
        // so.
        aheadNanos += Math.max(0, Math.min(nanos, planNanos) - rootsNanos);
    }

    /** Whether a prompt may have room in this plan that it has not got. */
    private boolean isOpen(Round round) {
        return !round.verifies() && (!held || round.turn().pendingPrefill() < ORDINARY_PROMPT);
    }

    /** The highest priority below one at which a prompt wants room. */
    private int highestBelow(List<Round> rounds, int bound) {
        int highest = Integer.MIN_VALUE;
        for (Round round : rounds) {
            int priority = round.turn().request().priority();
            if (isOpen(round) && priority < bound) {
                highest = Math.max(highest, priority);
            }
        }
        return highest;
    }

    /** Collects the callers with prompts of a priority, and what they want: prompts and roots. */
    private void ask(List<Round> rounds, int priority) {
        requests++;
        askers.clear();
        for (Round round : rounds) {
            LocalTurn turn = round.turn();
            if (isOpen(round)
                    && turn.request().priority() == priority
                    && turn.caller().prefill().ask(requests, plans, floor, turn.pendingPrefill() + 1)) {
                askers.add(turn.caller());
            }
        }
    }

    /** Shares room among the callers. Returns what nobody wants. */
    private int share(int room) {
        int left = room;
        while (left > 0) {
            PrefillAccount next = null;
            for (Caller caller : askers) {
                PrefillAccount account = caller.prefill();
                if (account.open() > 0 && (next == null || account.goesBefore(next))) {
                    next = account;
                }
            }
            if (next == null) {
                break;
            }
            left -= next.take(left);
        }
        return left;
    }

    /** Spends a caller's share on its prompts of a priority. */
    private void spend(List<Round> rounds, int priority, Caller caller) {
        int left = caller.prefill().share();
        Round first = first(rounds, priority, caller);
        if (first != null && left > 0) {
            // Where halves would be too narrow, they take turns.
            int half = left >= 2 * LEAST_CHUNK ? (left + 1) / 2 : plans % 2 == 1 ? left : 0;
            left -= give(first, half);
        }
        while (left > 0) {
            Round nearest = nearest(rounds, priority, caller);
            if (nearest == null) {
                return;
            }
            left -= give(nearest, left);
        }
    }

    /** The prompt that came first. */
    private @Nullable Round first(List<Round> rounds, int priority, Caller caller) {
        Round first = null;
        for (Round round : rounds) {
            if (isOf(round, priority, caller)
                    && (first == null || round.turn().number() < first.turn().number())) {
                first = round;
            }
        }
        return first;
    }

    /** The prompt of which least is left; of equal ones, the one that came first. */
    private @Nullable Round nearest(List<Round> rounds, int priority, Caller caller) {
        Round nearest = null;
        for (Round round : rounds) {
            if (isOf(round, priority, caller)
                    && (nearest == null
                            || open(round) < open(nearest)
                            || (open(round) == open(nearest)
                                    && round.turn().number() < nearest.turn().number()))) {
                nearest = round;
            }
        }
        return nearest;
    }

    private boolean isOf(Round round, int priority, Caller caller) {
        LocalTurn turn = round.turn();
        return isOpen(round) && turn.caller() == caller && turn.request().priority() == priority;
    }

    /** Prompt tokens that are in no pass. */
    private static int open(Round round) {
        return round.turn().pendingPrefill() - round.chunk();
    }

    /** A prompt's chunk grows, and takes its root along if there is room. Returns the tokens taken. */
    private static int give(Round round, int room) {
        int more = Math.min(open(round), room);
        boolean verifies = more == open(round) && more < room;
        round.plan(round.chunk() + more, verifies);
        return more + (verifies ? 1 : 0);
    }

    /**
     * The largest chunk of prompts with which a pass beside {@code decoding} roots keeps within what is allowed.
     */
    private int longestChunk(int decoding, boolean contended) {
        double roots = decoding == 0 ? 0 : curve.nanos(decoding);
        double allowed = decoding == 0 ? STALLS_ALONE * stallNanos : Math.max(stallNanos, 1.5 * roots);
        if (contended) {
            double twice = roots + curve.nanos(Math.min(curve.maxTokens(), decoding + SHORT_PROMPT));
            allowed = Math.min(allowed, Math.max(twice, stallNanos / LEAST_STALL));
        }
        int widest = curve.maxTokens() - decoding;
        int chunk = widest;
        while (chunk > LEAST_CHUNK && curve.nanos(decoding + chunk) > allowed) {
            chunk -= chunk / 8;
        }
        int even = chunk / CHUNK_STEP * CHUNK_STEP;
        while (even + CHUNK_STEP <= widest && curve.nanos(decoding + even + CHUNK_STEP) <= allowed) {
            even += CHUNK_STEP;
        }
        return Math.max(LEAST_CHUNK, even == 0 ? chunk : even);
    }
}
