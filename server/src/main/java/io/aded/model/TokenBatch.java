package io.aded.model;

import java.util.Arrays;

/**
 * The tokens of one forward pass, as flat arrays that are reused from pass to pass.
 *
 * <p>Entry {@code i} has a token id, a position in its sequence(s), one or more sequence ids, and a flag that asks for
 * its logits. Adding allocates nothing once the arrays have grown to their working size.
 */
public final class TokenBatch {
    private int[] tokens = new int[64];
    private int[] positions = new int[64];
    private boolean[] wantsLogits = new boolean[64];
    /** Entry i's sequence ids are sequences[offsets[i]] to sequences[offsets[i + 1]], exclusive. */
    private int[] offsets = new int[65];

    private int[] sequences = new int[256];
    private int size;

    /** Empties the batch. */
    public void clear() {
        size = 0;
    }

    /**
     * Adds a token that belongs to one sequence.
     *
     * @return its index, which is also its row of logits if it wants them
     */
    public int add(int token, int position, int sequence, boolean logits) {
        int index = start(token, position, logits);
        addSequence(sequence);
        return index;
    }

    /**
     * Starts an entry with no sequence id yet; call {@link #addSequence} at least once before adding another.
     *
     * @return its index, which is also its row of logits if it wants them
     */
    public int start(int token, int position, boolean logits) {
        if (size == tokens.length) {
            int grown = size * 2;
            tokens = Arrays.copyOf(tokens, grown);
            positions = Arrays.copyOf(positions, grown);
            wantsLogits = Arrays.copyOf(wantsLogits, grown);
            offsets = Arrays.copyOf(offsets, grown + 1);
        }
        tokens[size] = token;
        positions[size] = position;
        wantsLogits[size] = logits;
        offsets[size + 1] = offsets[size];
        return size++;
    }

    /** Adds a sequence id to the entry added last. */
    public void addSequence(int sequence) {
        int end = offsets[size];
        if (end == sequences.length) {
            sequences = Arrays.copyOf(sequences, end * 2);
        }
        sequences[end] = sequence;
        offsets[size] = end + 1;
    }

    /** The number of tokens. */
    public int size() {
        return size;
    }

    /** The token id of entry {@code i}. */
    public int token(int i) {
        return tokens[i];
    }

    /** The position of entry {@code i} in its sequences, from 0. */
    public int position(int i) {
        return positions[i];
    }

    /** Whether entry {@code i} asked for a row of logits. */
    public boolean wantsLogits(int i) {
        return wantsLogits[i];
    }

    /** How many sequences entry {@code i} belongs to. */
    public int sequenceCount(int i) {
        return offsets[i + 1] - offsets[i];
    }

    /** The {@code j}-th sequence id of entry {@code i}. */
    public int sequence(int i, int j) {
        return sequences[offsets[i] + j];
    }
}
