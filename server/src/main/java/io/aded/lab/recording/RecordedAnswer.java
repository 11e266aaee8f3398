package io.aded.lab.recording;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a model said to one prompt, greedily, with its best tokens at every position.
 *
 * @param prompt the prompt's tokens
 * @param answer the tokens generated
 * @param topTokens {@value #TOP} token ids a position of the answer, best first
 * @param topProbabilities their probabilities
 */
public record RecordedAnswer(int[] prompt, int[] answer, int[] topTokens, float[] topProbabilities) {
    /** Best tokens a position. */
    public static final int TOP = 16;

    /** A period of at most so many tokens is a loop, not copying. */
    private static final int LONGEST_PERIOD = 60;
    /** Fewer tokens that come again at the end are no loop yet. */
    private static final int SHORTEST_LOOP = 6;

    /**
     * Reads a file of big-endian records: {@code int nPrompt; int[nPrompt]; int nGen; int[nGen]; nGen × 16 × (int
     * token, float probability)}.
     */
    public static List<RecordedAnswer> read(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file));
        List<RecordedAnswer> answers = new ArrayList<>();
        while (in.hasRemaining()) {
            int[] prompt = readInts(in);
            int[] answer = readInts(in);
            int[] tokens = new int[answer.length * TOP];
            float[] probabilities = new float[answer.length * TOP];
            for (int i = 0; i < tokens.length; i++) {
                tokens[i] = in.getInt();
                probabilities[i] = in.getFloat();
            }
            answers.add(new RecordedAnswer(prompt, answer, tokens, probabilities));
        }
        return answers;
    }

    private static int[] readInts(ByteBuffer in) {
        int[] values = new int[in.getInt()];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.getInt();
        }
        return values;
    }

    /**
     * The same without its loop: where a period of at most {@value #LONGEST_PERIOD} tokens repeats to the end, its
     * first occurrence is kept and the rest is cut. Small models loop often, and any drafter shines on a loop.
     */
    public RecordedAnswer withoutLoop() {
        int length = answer.length;
        int kept = length;
        for (int period = 1; period <= LONGEST_PERIOD; period++) {
            int repeated = 0;
            while (repeated < length - period
                    && answer[length - 1 - repeated] == answer[length - 1 - repeated - period]) {
                repeated++;
            }
            if (repeated >= Math.max(period, SHORTEST_LOOP)) {
                kept = Math.min(kept, length - repeated);
            }
        }
        return kept == length
                ? this
                : new RecordedAnswer(
                        prompt,
                        Arrays.copyOf(answer, kept),
                        Arrays.copyOf(topTokens, kept * TOP),
                        Arrays.copyOf(topProbabilities, kept * TOP));
    }
}
