package io.aded.dialect;

import io.aded.model.Vocabulary;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The control tokens that a dialect's marks are made of. They have no text when an answer is assembled, so they are
 * written out; and a grammar has to name them.
 */
public final class Marks {
    /** None: every mark is text. */
    static final Marks NONE = new Marks(Map.of());

    /** By text. */
    private final Map<String, Integer> tokens;

    private final int[] ids;

    private Marks(Map<String, Integer> tokens) {
        this.tokens = tokens;
        ids = tokens.values().stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    /** Those of a vocabulary that occur in some texts. */
    static Marks of(Vocabulary vocabulary, String texts) {
        Map<String, Integer> found = new LinkedHashMap<>();
        byte[] buffer = new byte[256];
        for (int token = 0; token < vocabulary.size(); token++) {
            if (vocabulary.piece(token, buffer, false) != 0 || vocabulary.endsGeneration(token)) {
                continue;
            }
            String text = vocabulary.text(token);
            if (!text.isEmpty() && texts.contains(text)) {
                found.put(text, token);
            }
        }
        return new Marks(found);
    }

    /** Whether a token is one of them, and its text is to be written out. */
    public boolean contains(int token) {
        for (int id : ids) {
            if (id == token) {
                return true;
            }
        }
        return false;
    }

    /** The token of a text, or -1 if the text is no control token. */
    int token(String text) {
        return tokens.getOrDefault(text, -1);
    }

    /** A text in GBNF: control tokens by their numbers, all else as it stands. */
    String gbnf(String text) {
        StringBuilder gbnf = new StringBuilder();
        int done = 0;
        for (int at = 0; at < text.length(); ) {
            String mark = longestAt(text, at);
            if (mark.isEmpty()) {
                at++;
                continue;
            }
            literal(text.substring(done, at), gbnf);
            gbnf.append("<[").append(token(mark)).append("]> ");
            at += mark.length();
            done = at;
        }
        literal(text.substring(done), gbnf);
        return gbnf.isEmpty() ? "\"\"" : gbnf.toString().strip();
    }

    private String longestAt(String text, int at) {
        String longest = "";
        for (String mark : tokens.keySet()) {
            if (mark.length() > longest.length() && text.startsWith(mark, at)) {
                longest = mark;
            }
        }
        return longest;
    }

    private static void literal(String text, StringBuilder gbnf) {
        if (text.isEmpty()) {
            return;
        }
        gbnf.append('"');
        text.codePoints().forEach(c -> gbnf.append(escaped(c)));
        gbnf.append("\" ");
    }

    static String escaped(int c) {
        if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ' ' || c == '_') {
            return Character.toString(c);
        }
        return c <= 0xFF
                ? String.format(Locale.ROOT, "\\x%02x", c)
                : c <= 0xFFFF ? String.format(Locale.ROOT, "\\u%04x", c) : String.format(Locale.ROOT, "\\U%08x", c);
    }
}
