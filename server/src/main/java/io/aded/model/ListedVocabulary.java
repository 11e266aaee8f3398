package io.aded.model;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A vocabulary that is a list of texts: enough for whoever asks only what tokens say. It splits no text into tokens.
 *
 * @param pieces the bytes of each token, by id
 * @param control the control tokens, whose bytes are written out only where that is asked for
 * @param end the token that ends an answer, or -1
 */
public record ListedVocabulary(List<byte[]> pieces, Set<Integer> control, int end) implements Vocabulary {

    /** Copies both, not the bytes. */
    public ListedVocabulary {
        pieces = List.copyOf(pieces);
        control = Set.copyOf(control);
    }

    /** These, and behind them a control token without text that ends an answer. */
    public static ListedVocabulary withEnd(List<byte[]> pieces) {
        List<byte[]> all = new ArrayList<>(pieces);
        all.add(new byte[0]);
        return new ListedVocabulary(all, Set.of(pieces.size()), pieces.size());
    }

    @Override
    public int size() {
        return pieces.size();
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
        throw new UnsupportedOperationException("a list of texts splits none");
    }

    @Override
    public int piece(int token, byte[] destination, boolean special) {
        if (!special && isControl(token)) {
            return 0;
        }
        byte[] piece = pieces.get(token);
        if (piece.length > destination.length) {
            return -piece.length;
        }
        System.arraycopy(piece, 0, destination, 0, piece.length);
        return piece.length;
    }

    @Override
    public String detokenize(int[] tokens, boolean special) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (int token : tokens) {
            if (special || !isControl(token)) {
                text.writeBytes(pieces.get(token));
            }
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    @Override
    public int beginningOfSequence() {
        return -1;
    }

    @Override
    public int endOfSequence() {
        return end;
    }

    @Override
    public boolean endsGeneration(int token) {
        return token == end;
    }

    @Override
    public boolean isControl(int token) {
        return control.contains(token);
    }

    @Override
    public @Nullable String kind() {
        return null;
    }
}
