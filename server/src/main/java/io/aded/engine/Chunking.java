package io.aded.engine;

import java.util.List;

/**
 * Chunked prefill: how many tokens of each prompt go into the next pass.
 *
 * <p>While other turns decode, prompts share a small portion, so that the others' time per token stays even (Agrawal et
 * al., SARATHI, arXiv 2308.16369). Among themselves they fill the pass, unless that is so slow that who comes next
 * would have to wait for long. Who is decoded at all is {@link Admission}'s matter.
 */
final class Chunking {
    /** A prompt always advances by this many tokens a pass, so that it ends. */
    private static final int LEAST_CHUNK = 8;

    /** Wider chunks are multiples of this, which kernels like. */
    private static final int CHUNK_STEP = 16;

    /** Where nobody decodes, a pass may take so many times the stall that is allowed beside those who do. */
    private static final int STALLS_ALONE = 8;

    private final CostCurve curve;
    private final long stallNanos;

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
     */
    void plan(List<Round> rounds, int room) {
        int decoding = 0;
        for (Round round : rounds) {
            boolean decodes = round.turn().pendingPrefill() == 0;
            round.plan(0, decodes);
            decoding += decodes ? 1 : 0;
        }
        if (decoding == rounds.size()) {
            return;
        }
        // Room is kept for the roots of those that decode only: however narrow the pass, a prompt alone in it advances.
        int left = Math.min(room - decoding, longestChunk(decoding));
        for (Round round : rounds) {
            int pending = round.turn().pendingPrefill();
            if (pending > 0 && left > 0) {
                int chunk = Math.min(pending, left);
                left -= chunk;
                boolean verifies = chunk == pending && left > 0;
                left -= verifies ? 1 : 0;
                round.plan(chunk, verifies);
            }
        }
    }

    /**
     * The largest prompt chunk with which a pass beside {@code decoding} roots keeps within the stall that is allowed.
     */
    private int longestChunk(int decoding) {
        double allowed = decoding == 0 ? STALLS_ALONE * stallNanos : Math.max(stallNanos, 1.5 * curve.nanos(decoding));
        int chunk = curve.maxTokens() - decoding;
        while (chunk > LEAST_CHUNK && curve.nanos(decoding + chunk) > allowed) {
            chunk -= chunk / 8;
        }
        int even = chunk >= CHUNK_STEP ? chunk / CHUNK_STEP * CHUNK_STEP : chunk;
        return Math.max(LEAST_CHUNK, even);
    }
}
