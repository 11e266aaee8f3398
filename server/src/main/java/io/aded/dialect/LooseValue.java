package io.aded.dialect;

import io.aded.model.JsonValues;

/**
 * Makes JSON of values as models write them outside of JSON: Python's words and quotes, keys without quotes, marks in
 * place of quotes.
 */
final class LooseValue {
    private static final int DEEPEST = 64;

    private final String text;
    private final String mark;
    private final StringBuilder json = new StringBuilder();
    private int at;

    private LooseValue(String text, String mark) {
        this.text = text;
        this.mark = mark.length() > 1 ? mark : "";
    }

    /**
     * The JSON of a value.
     *
     * @param mark what stands in place of quotes; one character is a quote of the usual kind
     * @return JSON text; a text that is no value becomes a string
     */
    static String json(String text, String mark) {
        String stripped = text.strip();
        if (mark.isEmpty() || mark.equals("\"")) {
            if (stripped.equals("null") || JsonValues.parse(stripped) != null) {
                return stripped;
            }
        }
        LooseValue value = new LooseValue(stripped, mark);
        if (value.value(0)) {
            value.blanks();
            if (value.at == stripped.length()) {
                return value.json.toString();
            }
        }
        return string(text);
    }

    static String string(String text) {
        return JsonValues.text(text);
    }

    private void blanks() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
            at++;
        }
    }

    private boolean value(int depth) {
        blanks();
        if (at >= text.length() || depth > DEEPEST) {
            return false;
        }
        char c = text.charAt(at);
        if (!mark.isEmpty() && text.startsWith(mark, at)) {
            return marked();
        }
        return switch (c) {
            case '"', '\'' -> quoted(c);
            case '{' -> items('}', depth, true);
            case '[' -> items(']', depth, false);
            case '(' -> items(')', depth, false);
            default -> word();
        };
    }

    private boolean marked() {
        int end = text.indexOf(mark, at + mark.length());
        if (end < 0) {
            return false;
        }
        json.append(string(text.substring(at + mark.length(), end)));
        at = end + mark.length();
        return true;
    }

    private boolean quoted(char quote) {
        StringBuilder string = new StringBuilder();
        for (int i = at + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == quote) {
                at = i + 1;
                json.append(string(string.toString()));
                return true;
            }
            if (c == '\\' && i + 1 < text.length()) {
                char next = text.charAt(++i);
                switch (next) {
                    case 'n' -> string.append('\n');
                    case 't' -> string.append('\t');
                    case 'r' -> string.append('\r');
                    case 'b' -> string.append('\b');
                    case 'f' -> string.append('\f');
                    case 'u' -> {
                        if (i + 4 >= text.length()
                                || !text.substring(i + 1, i + 5).matches("[0-9a-fA-F]{4}")) {
                            return false;
                        }
                        string.append((char) Integer.parseInt(text.substring(i + 1, i + 5), 16));
                        i += 4;
                    }
                    default -> string.append(next);
                }
            } else {
                string.append(c);
            }
        }
        return false;
    }

    private boolean items(char close, int depth, boolean members) {
        json.append(members ? '{' : '[');
        at++;
        blanks();
        boolean first = true;
        while (at < text.length() && text.charAt(at) != close) {
            if (!first) {
                if (text.charAt(at) != ',') {
                    return false;
                }
                at++;
                json.append(", ");
            }
            first = false;
            if (members && !(key() && colon())) {
                return false;
            }
            if (!value(depth + 1)) {
                return false;
            }
            blanks();
        }
        if (at >= text.length()) {
            return false;
        }
        at++;
        json.append(members ? '}' : ']');
        return true;
    }

    private boolean key() {
        blanks();
        if (at >= text.length()) {
            return false;
        }
        if (!mark.isEmpty() && text.startsWith(mark, at)) {
            return marked();
        }
        char c = text.charAt(at);
        if (c == '"' || c == '\'') {
            return quoted(c);
        }
        int end = text.indexOf(':', at);
        if (end < 0) {
            return false;
        }
        json.append(string(text.substring(at, end).strip()));
        at = end;
        return true;
    }

    private boolean colon() {
        blanks();
        if (at >= text.length() || text.charAt(at) != ':') {
            return false;
        }
        at++;
        json.append(": ");
        return true;
    }

    private boolean word() {
        int end = at;
        while (end < text.length() && ",]})".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        String word = text.substring(at, end).strip();
        String literal = switch (word) {
            case "True", "true" -> "true";
            case "False", "false" -> "false";
            case "None", "null" -> "null";
            default -> JsonValues.parse(word) instanceof Number ? word : "";
        };
        at = end;
        json.append(literal);
        return !literal.isEmpty();
    }
}
