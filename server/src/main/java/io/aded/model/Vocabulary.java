package io.aded.model;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** The model's tokens. Every method is thread-safe. */
public interface Vocabulary {

    /** Token ids run from 0 to this, exclusive. */
    int size();

    /**
     * Splits text into tokens.
     *
     * @param text any text
     * @param addSpecial whether to add what the model expects around a prompt (usually a beginning-of-sequence token)
     * @param parseSpecial whether text such as {@code <|im_end|>} becomes the control token that it names; false for
     *     text from outside, which must stay text
     */
    int[] tokenize(String text, boolean addSpecial, boolean parseSpecial);

    /**
     * Splits text that continues a text: without what some tokenisers put in front of a text, such as SentencePiece's
     * blank. Otherwise as {@link #tokenize} without special tokens around it.
     */
    default int[] tokenizeContinuation(String text, boolean parseSpecial) {
        return tokenize(text, false, parseSpecial);
    }

    /**
     * Writes the bytes of one token, which need not be whole UTF-8 characters.
     *
     * @param token an id in range
     * @param destination receives the bytes from index 0; 256 bytes hold any token of the known vocabularies
     * @param special whether control tokens are written out; otherwise they have no bytes
     * @return the number of bytes, or minus the number needed if {@code destination} is too small
     */
    int piece(int token, byte[] destination, boolean special);

    /** The text of one token, control tokens written out; bytes that are no whole characters become U+FFFD. */
    default String text(int token) {
        byte[] bytes = new byte[64];
        int length = piece(token, bytes, true);
        if (length < 0) {
            bytes = new byte[-length];
            length = piece(token, bytes, true);
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    /**
     * The bytes of the longest token, control tokens written out: a text of n tokens has at most n times as many.
     */
    default int longestPiece() {
        byte[] piece = new byte[256];
        int longest = 1;
        for (int token = 0; token < size(); token++) {
            longest = Math.max(longest, Math.abs(piece(token, piece, true)));
        }
        return longest;
    }

    /** The text of a run of tokens; invalid UTF-8 becomes U+FFFD. */
    String detokenize(int[] tokens, boolean special);

    /** The beginning-of-sequence token, or -1. */
    int beginningOfSequence();

    /** The end-of-sequence token, or -1. */
    int endOfSequence();

    /** Whether the token ends an answer: end of sequence, end of turn, and the like. */
    boolean endsGeneration(int token);

    /** Whether the token is a control token, without text of its own. */
    boolean isControl(int token);

    /** The name of the tokeniser, such as {@code SPM} or {@code BPE}. */
    @Nullable
    String kind();
}
