package io.aded.lab.alignment;

import io.aded.lab.recording.RecordedAnswer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * One answer of the target, as it stands in an {@link AlignmentFolder}.
 *
 * @param key what it answers
 * @param temperature that its tokens were drawn at; 0 for the best token always
 * @param finished whether the target ended it; otherwise it was cut, by its greatest length or before a loop
 * @param said prompt, answer, and the target's best tokens with their probabilities at temperature 1
 * @param guesses the token that a drafter held for the most probable one at each position, knowing what comes before;
 *     {@value #NOT_ASKED} where none was asked. A guess that is not the answer's token is a rejected one
 */
record AlignedAnswer(Key key, float temperature, boolean finished, RecordedAnswer said, int[] guesses) {
    /** No drafter was asked at this position: there is none, or its context ends before. */
    static final int NOT_ASKED = -1;

    private static final int TOP = RecordedAnswer.TOP;
    private static final int PARTS = 1000;

    /**
     * What an answer answers, unique in its folder.
     *
     * @param id of the prompt
     * @param task that the prompt belongs to, such as {@code mt_bench}
     * @param sample from 0; the first is the greedy one
     */
    record Key(String id, String task, int sample) {}

    AlignedAnswer {
        if (guesses.length != said.answer().length) {
            throw new IllegalArgumentException(guesses.length + " guesses for " + said.answer().length + " positions");
        }
    }

    /** The same with what a drafter guessed. */
    AlignedAnswer withGuesses(int[] guessed) {
        return new AlignedAnswer(key, temperature, finished, said, guessed);
    }

    /** As many entries that say that no drafter was asked. */
    static int[] notAsked(int positions) {
        int[] guesses = new int[positions];
        Arrays.fill(guesses, NOT_ASKED);
        return guesses;
    }

    /** Positions where a drafter was asked and guessed otherwise. */
    int rejected() {
        int count = 0;
        for (int i = 0; i < guesses.length; i++) {
            count += guesses[i] != NOT_ASKED && guesses[i] != said.answer()[i] ? 1 : 0;
        }
        return count;
    }

    /**
     * Whether a prompt is kept from training. Decided by its tokens alone, so that the same prompt never stands on both
     * sides, whatever it is called and however often it is answered.
     *
     * @param share of prompts that are, from 0 to 1
     */
    static boolean isHeldOut(int[] prompt, double share) {
        ByteBuffer bytes = ByteBuffer.allocate(prompt.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(prompt);
        CRC32 checksum = new CRC32();
        checksum.update(bytes.array());
        return checksum.getValue() % PARTS < Math.round(share * PARTS);
    }

    /** The bytes of an answer of {@code positions} tokens to a prompt of {@code prompt} tokens. */
    static long bytes(int prompt, int positions) {
        return Integer.BYTES * (prompt + (2L + 2L * TOP) * positions);
    }

    /** The record as it stands in the file: see {@link AlignmentFolder}. */
    ByteBuffer record() {
        ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(bytes(said.prompt().length, said.answer().length)))
                .order(ByteOrder.LITTLE_ENDIAN);
        putInts(out, said.prompt());
        putInts(out, said.answer());
        putInts(out, said.topTokens());
        for (float probability : said.topProbabilities()) {
            out.putFloat(probability);
        }
        putInts(out, guesses);
        return out.flip();
    }

    /** Reads what {@link #record} wrote: as long as {@link #bytes} says. */
    static AlignedAnswer of(
            Key key, float temperature, boolean finished, ByteBuffer record, int promptLength, int positions) {
        ByteBuffer in = record.slice().order(ByteOrder.LITTLE_ENDIAN);
        int[] prompt = ints(in, promptLength);
        int[] answer = ints(in, positions);
        int[] tokens = ints(in, positions * TOP);
        float[] probabilities = new float[positions * TOP];
        for (int i = 0; i < probabilities.length; i++) {
            probabilities[i] = in.getFloat();
        }
        return new AlignedAnswer(
                key,
                temperature,
                finished,
                new RecordedAnswer(key.id(), prompt, answer, tokens, probabilities),
                ints(in, positions));
    }

    private static void putInts(ByteBuffer out, int[] values) {
        for (int value : values) {
            out.putInt(value);
        }
    }

    private static int[] ints(ByteBuffer in, int count) {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            values[i] = in.getInt();
        }
        return values;
    }
}
