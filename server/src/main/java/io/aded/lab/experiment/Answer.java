package io.aded.lab.experiment;

/**
 * One answer, timed. Two clocks: <i>whole</i>, from submission to the end; and <i>decode</i>, from the first round's
 * end to the end. The first round ends the prefill, and with a draft it may give several tokens; they are not counted
 * into the decode speed, nor is its time.
 *
 * @param tokens ids emitted
 * @param finish why it ended, lower case
 * @param promptTokens tokens of the prompt, history included
 * @param cachedPromptTokens those that needed no prefill
 * @param firstRoundTokens tokens that came with the first round
 * @param firstTokenNanos from submission to the first round's end
 * @param wholeNanos from submission to the end
 * @param rounds what the rounds did; empty for the bare loop, which has none
 */
record Answer(
        int[] tokens,
        String finish,
        int promptTokens,
        int cachedPromptTokens,
        int firstRoundTokens,
        long firstTokenNanos,
        long wholeNanos,
        RoundTally rounds) {

    /** Tokens after the first round. */
    int decodedTokens() {
        return tokens.length - firstRoundTokens;
    }

    /** Time after the first round. */
    long decodeNanos() {
        return wholeNanos - firstTokenNanos;
    }
}
