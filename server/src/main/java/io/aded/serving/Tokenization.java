package io.aded.serving;

import io.aded.model.AdedException;
import io.aded.model.Patience;
import io.aded.model.Vocabulary;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A text in tokens.
 *
 * @param tokens ids, in order
 * @param pieces the text of each token; empty if it was not asked for
 */
public record Tokenization(int[] tokens, List<String> pieces) {

    /**
     * What to split, and how.
     *
     * @param text any text
     * @param addSpecial whether the model's own tokens are put around it, such as the one that begins a sequence
     * @param parseSpecial whether names of control tokens become control tokens
     * @param withPieces whether the text of each token is wanted
     */
    public record Input(String text, boolean addSpecial, boolean parseSpecial, boolean withPieces) {}

    /**
     * Splits a text.
     *
     * @param mostBytes the largest answer: an id counts as a number of base 128, a piece as its bytes and their number
     * @throws AdedException.ResourceExhausted if the answer would be larger; it is not built then
     */
    static Tokenization of(Input input, Vocabulary vocabulary, int mostBytes) {
        int[] tokens = vocabulary.tokenize(input.text(), input.addSpecial(), input.parseSpecial());
        // The same token has the same piece, which is made once.
        Map<Integer, String> texts = new HashMap<>();
        Map<Integer, Integer> sizes = new HashMap<>();
        long bytes = 0;
        for (int token : tokens) {
            bytes += digits(token);
            if (input.withPieces()) {
                bytes += sizes.computeIfAbsent(token, id -> sizeOf(texts.computeIfAbsent(id, vocabulary::text)));
            }
        }
        if (bytes > mostBytes) {
            throw AdedException.ResourceExhausted.forGood(
                    "ANSWER_TOO_LARGE",
                    "the answer has " + bytes + " bytes, for " + tokens.length + " tokens; allowed: at most "
                            + mostBytes + "; send the text in parts"
                            + (input.withPieces() ? ", or without pieces" : ""));
        }
        Patience.check();
        return new Tokenization(
                tokens,
                input.withPieces() ? IntStream.of(tokens).mapToObj(texts::get).toList() : List.of());
    }

    private static int sizeOf(String piece) {
        int bytes = piece.getBytes(StandardCharsets.UTF_8).length;
        return 1 + digits(bytes) + bytes;
    }

    /** Bytes of a number, seven bits in each. */
    private static int digits(int number) {
        return Math.max(1, (38 - Integer.numberOfLeadingZeros(number)) / 7);
    }
}
