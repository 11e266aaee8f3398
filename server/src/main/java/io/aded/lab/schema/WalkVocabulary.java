package io.aded.lab.schema;

import io.aded.model.ListedVocabulary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Every byte, tokens that begin, end and join parts of JSON, and an end: enough to walk anywhere. */
final class WalkVocabulary {
    private static final String[] TEXTS = {
        "\": ", "\", \"", "{\"", "\"}", "\"]", "}, ", "], ", ", \"", "null", "true", "false", "12", "0.5", "ab", "é",
        "😀", "\\n", "\\\"", "2024-0", "foo", "bar", " a"
    };
    private static final String[] CLOSING = {"\"", "}", "]", "0", "null", "\": ", ": "};

    /** A byte of another script is rare: some hundred of them mean the same to most grammars. */
    private static final double RARE = 0.02;

    private final ListedVocabulary tokens;
    private final int[] closing;

    WalkVocabulary() {
        List<byte[]> pieces = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            pieces.add(new byte[] {(byte) b});
        }
        for (String text : TEXTS) {
            pieces.add(text.getBytes(StandardCharsets.UTF_8));
        }
        tokens = ListedVocabulary.withEnd(pieces);
        closing = new int[CLOSING.length];
        for (int i = 0; i < closing.length; i++) {
            closing[i] = CLOSING[i].length() == 1
                    ? CLOSING[i].charAt(0)
                    : 256 + Math.max(0, List.of(TEXTS).indexOf(CLOSING[i]));
        }
    }

    ListedVocabulary tokens() {
        return tokens;
    }

    int[] closing() {
        return closing;
    }

    double weight(int token) {
        return token >= 0x80 && token < 256 ? RARE : 1;
    }

    int copy(int token, byte[] into, int at) {
        byte[] piece = tokens.pieces().get(token);
        System.arraycopy(piece, 0, into, at, piece.length);
        return piece.length;
    }
}
