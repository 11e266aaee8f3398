package io.aded.template.jinja;

import io.aded.template.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a template into tokens.
 *
 * <p>White space is where templates differ most between interpreters. The rules are jinja2's with {@code trim_blocks}
 * and {@code lstrip_blocks}, as transformers sets them:
 *
 * <ul>
 *   <li>one line feed at the end of the source is dropped, and all line ends become line feeds;
 *   <li>{@code -} inside a tag, a print or a comment strips all white space on that side;
 *   <li>a line feed right after a tag or a comment is dropped, unless it is closed by <code>+%&#125;</code>;
 *   <li>blanks between the beginning of a line and a tag or a comment are dropped, unless it is opened by
 *       <code>&#123;%+</code>; before a print they stay.
 * </ul>
 */
final class Lexer {
    private static final Pattern RAW_BEGIN =
            Pattern.compile("\\{%([-+]?)\\s*raw\\s*(-%}\\s*|%})", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern RAW_END =
            Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(\\+%}|-%}\\s*|%}\\n?)", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\w\\p{M}]*", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern FLOAT =
            Pattern.compile("(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+)");
    private static final Pattern INTEGER =
            Pattern.compile("0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");

    /** Longest first. */
    private static final List<String> OPERATORS = List.of(
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    private int line = 1;

    /** Whether what was read last ended a line; so does the beginning. */
    private boolean lineStarts = true;

    private Lexer(String source) {
        this.source = source;
    }

    /**
     * The tokens, the last one of kind {@link Kind#END}.
     *
     * @throws TemplateException of kind {@code SYNTAX}
     */
    static List<Token> tokens(String template) {
        String source = template.replace("\r\n", "\n").replace('\r', '\n');
        if (source.endsWith("\n")) {
            source = source.substring(0, source.length() - 1);
        }
        Lexer lexer = new Lexer(source);
        lexer.read();
        return lexer.tokens;
    }

    private void read() {
        while (at < source.length()) {
            int open = nextOpening(at);
            if (open < 0) {
                data(source.substring(at));
                at = source.length();
                break;
            }
            String text = source.substring(at, open);
            char kind = source.charAt(open + 1);
            Matcher raw = RAW_BEGIN.matcher(source).region(open, source.length());
            if (kind == '%' && raw.lookingAt()) {
                data(stripped(text, raw.group(1), true));
                advance(raw.end());
                raw();
                continue;
            }
            int inside = open + 2;
            String sign = "";
            if (inside < source.length() && (source.charAt(inside) == '-' || source.charAt(inside) == '+')) {
                sign = source.substring(inside, ++inside);
            }
            data(stripped(text, sign, kind != '{'));
            advance(inside);
            switch (kind) {
                case '#' -> comment();
                case '%' -> code(Kind.BLOCK_BEGIN, Kind.BLOCK_END);
                default -> code(Kind.VARIABLE_BEGIN, Kind.VARIABLE_END);
            }
        }
        tokens.add(new Token(Kind.END, "", line));
    }

    private int nextOpening(int from) {
        for (int i = source.indexOf('{', from); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            char next = source.charAt(i + 1);
            if (next == '{' || next == '%' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    /** What is left of the text before an opening. */
    private String stripped(String text, String sign, boolean isBlock) {
        if (sign.equals("-")) {
            return Whitespace.stripEnd(text);
        }
        if (isBlock && !sign.equals("+")) {
            int lineStart = text.lastIndexOf('\n') + 1;
            if ((lineStart > 0 || lineStarts) && lineStart < text.length() && Whitespace.isBlank(text, lineStart)) {
                return text.substring(0, lineStart);
            }
        }
        return text;
    }

    private void data(String text) {
        if (!text.isEmpty()) {
            tokens.add(new Token(Kind.DATA, text, line));
        }
    }

    /** Moves on, counting lines. */
    private void advance(int to) {
        for (int i = at; i < to; i++) {
            if (source.charAt(i) == '\n') {
                line++;
            }
        }
        lineStarts = to > at ? source.charAt(to - 1) == '\n' : lineStarts;
        at = to;
    }

    /** To where the line feed after a closing mark is dropped. */
    private int afterClosing(int end, boolean trims) {
        return trims && end < source.length() && source.charAt(end) == '\n' ? end + 1 : end;
    }

    private void raw() {
        Matcher end = RAW_END.matcher(source);
        if (!end.find(at)) {
            throw TemplateException.syntax("Missing end of raw directive", line);
        }
        // The line-starting rule looks at what stands before the raw text: its opening tag.
        data(stripped(source.substring(at, end.start()), end.group(1), true));
        advance(end.end());
    }

    private void comment() {
        int close = source.indexOf("#}", at);
        if (close < 0) {
            throw TemplateException.syntax("Missing end of comment tag", line);
        }
        char sign = close > at ? source.charAt(close - 1) : ' ';
        int end = close + 2;
        advance(sign == '-' ? Whitespace.skip(source, end) : afterClosing(end, sign != '+'));
    }

    private void code(Kind begin, Kind end) {
        tokens.add(new Token(begin, "", line));
        String closing = end == Kind.BLOCK_END ? "%}" : "}}";
        Deque<Character> open = new ArrayDeque<>();
        while (true) {
            int start = Whitespace.skip(source, at);
            if (open.isEmpty()) {
                int closed = closes(at, closing, end);
                if (closed < 0 && start > at) {
                    advance(start);
                    closed = closes(at, closing, end);
                }
                if (closed >= 0) {
                    tokens.add(new Token(end, "", line));
                    advance(closed);
                    return;
                }
            }
            advance(start);
            if (at >= source.length()) {
                throw TemplateException.syntax("unexpected end of template inside a tag", line);
            }
            token(open);
        }
    }

    /** Where the text goes on if a tag is closed here, or -1. */
    private int closes(int from, String closing, Kind end) {
        if (source.startsWith("-" + closing, from)) {
            return Whitespace.skip(source, from + 1 + closing.length());
        }
        if (end == Kind.BLOCK_END && source.startsWith("+" + closing, from)) {
            return from + 1 + closing.length();
        }
        if (source.startsWith(closing, from)) {
            return afterClosing(from + closing.length(), end == Kind.BLOCK_END);
        }
        return -1;
    }

    private void token(Deque<Character> open) {
        char c = source.charAt(at);
        if (c >= '0' && c <= '9') {
            number();
            return;
        }
        if (c == '"' || c == '\'') {
            string(c);
            return;
        }
        Matcher name = NAME.matcher(source).region(at, source.length());
        if (name.lookingAt()) {
            tokens.add(new Token(Kind.NAME, name.group(), line));
            advance(name.end());
            return;
        }
        for (String operator : OPERATORS) {
            if (source.startsWith(operator, at)) {
                balance(operator, open);
                tokens.add(new Token(Kind.OPERATOR, operator, line));
                advance(at + operator.length());
                return;
            }
        }
        throw TemplateException.syntax("unexpected char '" + Character.toString(source.codePointAt(at)) + "'", line);
    }

    private void balance(String operator, Deque<Character> open) {
        switch (operator) {
            case "{" -> open.push('}');
            case "(" -> open.push(')');
            case "[" -> open.push(']');
            case "}", ")", "]" -> {
                if (open.isEmpty()) {
                    throw TemplateException.syntax("unexpected '" + operator + "'", line);
                }
                char expected = open.pop();
                if (expected != operator.charAt(0)) {
                    throw TemplateException.syntax("unexpected '" + operator + "', expected '" + expected + "'", line);
                }
            }
            default -> {}
        }
    }

    private void number() {
        boolean afterDot = at > 0 && source.charAt(at - 1) == '.';
        Matcher real = FLOAT.matcher(source).region(at, source.length());
        if (!afterDot && real.lookingAt()) {
            tokens.add(new Token(Kind.FLOAT, real.group().replace("_", ""), line));
            advance(real.end());
            return;
        }
        Matcher whole = INTEGER.matcher(source).region(at, source.length());
        if (!whole.lookingAt()) {
            throw TemplateException.syntax("unexpected char '" + source.charAt(at) + "'", line);
        }
        tokens.add(new Token(Kind.INTEGER, whole.group().replace("_", ""), line));
        advance(whole.end());
    }

    private void string(char quote) {
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw TemplateException.syntax("unexpected char '" + quote + "': the string is not closed", line);
        }
        tokens.add(new Token(Kind.STRING, unescaped(source.substring(at + 1, end)), line));
        advance(end + 1);
    }

    /** Python's escapes in string literals; one that it does not know stays as it is written. */
    private String unescaped(String literal) {
        if (literal.indexOf('\\') < 0) {
            return literal;
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < literal.length(); i++) {
            char c = literal.charAt(i);
            if (c != '\\' || i + 1 == literal.length()) {
                text.append(c);
                continue;
            }
            char escape = literal.charAt(++i);
            switch (escape) {
                case '\n' -> {}
                case '\\', '\'', '"' -> text.append(escape);
                case 'a' -> text.append('\u0007');
                case 'b' -> text.append('\b');
                case 'f' -> text.append('\f');
                case 'n' -> text.append('\n');
                case 'r' -> text.append('\r');
                case 't' -> text.append('\t');
                case 'v' -> text.append('\u000B');
                case 'x' -> i = hexadecimal(literal, i, 2, text);
                case 'u' -> i = hexadecimal(literal, i, 4, text);
                case 'U' -> i = hexadecimal(literal, i, 8, text);
                case 'N' -> i = named(literal, i, text);
                case '0', '1', '2', '3', '4', '5', '6', '7' -> i = octal(literal, i, text);
                default -> text.append('\\').append(escape);
            }
        }
        return text.toString();
    }

    private int hexadecimal(String literal, int at, int digits, StringBuilder text) {
        int end = at + 1 + digits;
        try {
            text.appendCodePoint(Integer.parseUnsignedInt(literal.substring(at + 1, end), 16));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw TemplateException.syntax("truncated or unknown \\" + literal.charAt(at) + " escape", line);
        }
        return end - 1;
    }

    private int named(String literal, int at, StringBuilder text) {
        int end = literal.indexOf('}', at);
        try {
            text.appendCodePoint(Character.codePointOf(literal.substring(at + 2, end)));
        } catch (IndexOutOfBoundsException | IllegalArgumentException e) {
            throw TemplateException.syntax("unknown Unicode character name", line);
        }
        return end;
    }

    private static int octal(String literal, int at, StringBuilder text) {
        int end = at;
        int value = 0;
        while (end < literal.length() && end < at + 3 && literal.charAt(end) >= '0' && literal.charAt(end) <= '7') {
            value = value * 8 + literal.charAt(end++) - '0';
        }
        text.append((char) value);
        return end - 1;
    }
}
