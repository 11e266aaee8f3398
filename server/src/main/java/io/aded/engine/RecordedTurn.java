package io.aded.engine;

/**
 * What a turn said, and what model and drafter held for likely at each position.
 *
 * @param prompt the whole prompt, history included
 * @param answer its tokens, without an end token
 * @param topTokens the target's {@link AnswerRecorder#TOP} best tokens at each position, best first
 * @param topProbabilities their probabilities at temperature 1
 * @param guesses the token that the drafter held for the most probable one at each position, knowing what comes before;
 *     {@link #NOT_ASKED} where it guessed nothing. A guess that is not the answer's token was rejected
 * @param temperature that the tokens were drawn at; 0 for the best token always
 * @param finished whether the model ended the answer; otherwise it was cut
 */
public record RecordedTurn(
        int[] prompt,
        int[] answer,
        int[] topTokens,
        float[] topProbabilities,
        int[] guesses,
        float temperature,
        boolean finished) {
    /** Nothing was guessed at this position. */
    public static final int NOT_ASKED = -1;
}
