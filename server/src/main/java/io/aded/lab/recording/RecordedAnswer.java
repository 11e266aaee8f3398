package io.aded.lab.recording;

import java.util.Arrays;

/**
 * What a model said to one prompt, greedily, with its best tokens at every position.
 *
 * @param id of the prompt, as its file names it
 * @param prompt the prompt's tokens, at least one
 * @param answer the tokens generated, without an end token
 * @param topTokens {@value #TOP} token ids a position of the answer, best first
 * @param topProbabilities their probabilities at temperature 1, in [0, 1]
 */
public record RecordedAnswer(String id, int[] prompt, int[] answer, int[] topTokens, float[] topProbabilities) {
    /** Best tokens a position. */
    public static final int TOP = 16;

    /** A period of at most so many tokens is a loop, not copying. */
    private static final int LONGEST_PERIOD = 60;
    /** Fewer tokens that come again at the end are no loop yet. */
    private static final int SHORTEST_LOOP = 6;

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
                        id,
                        prompt,
                        Arrays.copyOf(answer, kept),
                        Arrays.copyOf(topTokens, kept * TOP),
                        Arrays.copyOf(topProbabilities, kept * TOP));
    }
}
