package io.aded.dialect;

import io.aded.grammar.GrammarParts;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Text in which a mark does not occur, and what follows once it does: the matcher of Knuth, Morris and Pratt written as
 * a grammar, a rule for each place in the mark.
 */
final class FreeText {
    private FreeText() {}

    /**
     * Adds the rules of a text that goes on freely until a mark comes.
     *
     * @param name of its first rule, which is returned
     * @param mark what ends it
     * @param then what follows the mark; empty if the mark may not come at all
     * @param mayEnd whether the text may end without the mark
     */
    static String until(GrammarParts parts, Marks marks, String name, String mark, String then, boolean mayEnd) {
        int token = marks.token(mark);
        if (token >= 0) {
            // Any other token, whatever its text.
            String other = "!<[" + token + "]>";
            String end = mayEnd ? " | \"\"" : "";
            String closed = then.isEmpty() ? "" : " | <[" + token + "]> " + then;
            parts.rule(name, other + " " + name + closed + end);
            return name;
        }
        int[] text = mark.codePoints().toArray();
        int[] fallback = fallback(text);
        Set<Integer> alphabet = new LinkedHashSet<>();
        for (int c : text) {
            alphabet.add(c);
        }
        StringBuilder others = new StringBuilder("[^");
        alphabet.forEach(c -> others.append(Marks.escaped(c)));
        others.append(']');
        for (int state = 0; state < text.length; state++) {
            StringBuilder body = new StringBuilder(others + " " + name + "0");
            for (int c : alphabet) {
                int next = next(text, fallback, state, c);
                if (next < text.length) {
                    body.append(" | \"")
                            .append(Marks.escaped(c))
                            .append("\" ")
                            .append(name)
                            .append(next);
                } else if (!then.isEmpty()) {
                    body.append(" | \"").append(Marks.escaped(c)).append("\" ").append(then);
                }
            }
            if (mayEnd) {
                body.append(" | \"\"");
            }
            parts.rule(name + state, body.toString());
        }
        return name + "0";
    }

    private static int[] fallback(int[] text) {
        int[] fallback = new int[text.length + 1];
        fallback[0] = -1;
        for (int i = 0; i < text.length; i++) {
            int at = fallback[i];
            while (at >= 0 && text[at] != text[i]) {
                at = fallback[at];
            }
            fallback[i + 1] = at + 1;
        }
        return fallback;
    }

    private static int next(int[] text, int[] fallback, int state, int c) {
        int at = state;
        while (at >= 0 && text[at] != c) {
            at = fallback[at];
        }
        return at + 1;
    }

    /** Text that does not begin with a mark, which may not be empty. */
    static String notBeginningWith(GrammarParts parts, String name, String mark) {
        parts.rule(name + "-any", "[\\x00-\\U0010ffff] " + name + "-any | \"\"");
        int[] text = mark.codePoints().toArray();
        for (int i = 0; i < text.length; i++) {
            String other = "[^" + Marks.escaped(text[i]) + "] " + name + "-any";
            String on = i + 1 < text.length ? " | \"" + Marks.escaped(text[i]) + "\" " + name + (i + 1) : "";
            parts.rule(name + i, other + on + " | \"\"");
        }
        return name + "0";
    }
}
