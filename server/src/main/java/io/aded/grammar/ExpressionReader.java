package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a regular expression in ECMAScript's notation (ECMA-262, with its {@code u} flag): literals, escapes, sets,
 * classes, properties, groups of all kinds, alternatives, quantifiers (lazy ones match the same texts), anchors, and
 * looking ahead. Looking behind, references back and word boundaries, which an automaton over single characters does
 * not see, are refused by name.
 *
 * <p>Its text comes from a caller: length, nesting, repetition counts and the number of parts are bounded.
 */
final class ExpressionReader {
    /** Characters of an expression. */
    static final int LONGEST = 64 << 10;

    /** Levels of groups. */
    static final int DEEPEST = 100;

    /** The largest bound of a repetition, as in {@code x{3,5}}. */
    private static final int MOST_REPETITIONS = 10_000;

    /** The expression is over: no character. */
    private static final int NOTHING = -1;

    /** Sets of many ranges may be named again and again; this bounds what they take in all. */
    private static final int MOST_RANGES = 200_000;

    private final String text;
    private int at;
    private int depth;
    private int ranges;

    private ExpressionReader(String text) {
        this.text = text;
    }

    /**
     * Reads an expression.
     *
     * @throws GrammarRefused if it is none, or one that no automaton can match; the message says where and why
     */
    static Expression read(String text) throws GrammarRefused {
        if (text.length() > LONGEST) {
            throw new GrammarRefused("is " + text.length() + " characters long; allowed: up to " + LONGEST);
        }
        ExpressionReader reader = new ExpressionReader(text);
        Expression expression = reader.alternatives();
        if (reader.at < text.length()) {
            throw reader.fault("a ) that closes nothing");
        }
        return expression;
    }

    private GrammarRefused fault(String what) {
        return new GrammarRefused("is no usable regular expression at character " + (at + 1) + ": " + what);
    }

    private int peek() {
        return at < text.length() ? text.codePointAt(at) : NOTHING;
    }

    private boolean skip(String expected) {
        if (text.startsWith(expected, at)) {
            at += expected.length();
            return true;
        }
        return false;
    }

    private Expression alternatives() throws GrammarRefused {
        if (++depth > DEEPEST) {
            throw fault("it nests deeper than " + DEEPEST + " groups");
        }
        List<Expression> alternatives = new ArrayList<>();
        do {
            List<Expression> parts = new ArrayList<>();
            for (int c = peek(); c != NOTHING && c != '|' && c != ')'; c = peek()) {
                parts.add(quantified());
            }
            alternatives.add(parts.size() == 1 ? parts.getFirst() : new Expression.Sequence(parts));
        } while (skip("|"));
        depth--;
        return alternatives.size() == 1 ? alternatives.getFirst() : new Expression.Choice(alternatives);
    }

    private Expression quantified() throws GrammarRefused {
        Expression atom = atom();
        int least;
        int most;
        switch (peek()) {
            case '*' -> {
                least = 0;
                most = Pattern.UNBOUNDED;
            }
            case '+' -> {
                least = 1;
                most = Pattern.UNBOUNDED;
            }
            case '?' -> {
                least = 0;
                most = 1;
            }
            case '{' -> {
                at++;
                least = number();
                most = least;
                if (skip(",")) {
                    most = peek() == '}' ? Pattern.UNBOUNDED : number();
                }
                if (peek() != '}' || most != Pattern.UNBOUNDED && most < least) {
                    throw fault("a { that begins no repetition; write \\{ for the character");
                }
            }
            default -> {
                return atom;
            }
        }
        if (atom instanceof Expression.Anchor || atom instanceof Expression.LookAhead) {
            throw fault("nothing to repeat");
        }
        at++;
        skip("?"); // lazy: another order of trying, the same texts
        int next = peek();
        if (next == '*' || next == '+' || next == '?' || next == '{') {
            throw fault("nothing to repeat");
        }
        return new Expression.Repeat(atom, least, most);
    }

    private int number() throws GrammarRefused {
        int value = 0;
        int start = at;
        while (peek() >= '0' && peek() <= '9') {
            value = value * 10 + peek() - '0';
            if (value > MOST_REPETITIONS) {
                throw fault("a repetition count is above " + MOST_REPETITIONS);
            }
            at++;
        }
        if (at == start) {
            throw fault("a { that begins no repetition; write \\{ for the character");
        }
        return value;
    }

    private Expression atom() throws GrammarRefused {
        int c = peek();
        switch (c) {
            case '(' -> {
                return group();
            }
            case '[' -> {
                return characters(set());
            }
            case '.' -> {
                at++;
                return characters(one('\n').add('\r', '\r').add(0x2028, 0x2029).complement());
            }
            case '\\' -> {
                at++;
                return characters(escape(false));
            }
            case '^', '$' -> {
                at++;
                return new Expression.Anchor(c == '$');
            }
            case '*', '+', '?', '{' -> throw fault("nothing to repeat");
            default -> {
                at += Character.charCount(c);
                return characters(one(c));
            }
        }
    }

    private Expression characters(CharacterSet set) throws GrammarRefused {
        ranges += set.size();
        if (ranges > MOST_RANGES) {
            throw fault("its sets of characters have more than " + MOST_RANGES + " ranges in all");
        }
        return new Expression.Characters(set);
    }

    private Expression group() throws GrammarRefused {
        at++;
        boolean looksAhead = false;
        boolean negated = false;
        if (skip("?")) {
            if (skip("<=") || skip("<!")) {
                throw fault("look-behind, which is not kept");
            }
            if (skip("=") || skip("!")) {
                looksAhead = true;
                negated = text.charAt(at - 1) == '!';
            } else if (skip("<")) {
                int end = text.indexOf('>', at);
                if (end < 0 || !isName(text.substring(at, end))) {
                    throw fault("a group's name that is none");
                }
                at = end + 1;
            } else if (!skip(":")) {
                throw fault("a group of an unknown kind");
            }
        }
        Expression inside = alternatives();
        if (!skip(")")) {
            throw fault("a group that is not closed");
        }
        return looksAhead ? new Expression.LookAhead(inside, negated) : inside;
    }

    private static boolean isName(String name) {
        return !name.isEmpty()
                && (Character.isUnicodeIdentifierStart(name.charAt(0)) || "_$".indexOf(name.charAt(0)) >= 0)
                && name.chars().skip(1).allMatch(c -> Character.isUnicodeIdentifierPart(c) || c == '$');
    }

    private CharacterSet set() throws GrammarRefused {
        at++;
        boolean negated = skip("^");
        CharacterSet set = new CharacterSet();
        while (!skip("]")) {
            if (peek() == NOTHING) {
                throw fault("a set that is not closed");
            }
            CharacterSet from = member();
            if (peek() == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
                at++;
                CharacterSet to = member();
                if (from.only() < 0 || to.only() < from.only()) {
                    throw fault("a range whose ends are no characters or run backwards");
                }
                set.add(from.only(), to.only());
            } else {
                set.addAll(from);
            }
        }
        CharacterSet meant = negated ? set.complement() : set;
        if (meant.isEmpty()) {
            throw fault("a set that holds no character");
        }
        return meant;
    }

    private CharacterSet member() throws GrammarRefused {
        int c = peek();
        if (c == '\\') {
            at++;
            return escape(true);
        }
        at += Character.charCount(c);
        return one(c);
    }

    private CharacterSet escape(boolean inSet) throws GrammarRefused {
        int c = peek();
        if (c == NOTHING) {
            throw fault("it ends within an escape");
        }
        at += Character.charCount(c);
        return switch (c) {
            case 'd' -> digits();
            case 'D' -> digits().complement();
            case 'w' -> words();
            case 'W' -> words().complement();
            case 's' -> blanks();
            case 'S' -> blanks().complement();
            case 'n' -> one('\n');
            case 'r' -> one('\r');
            case 't' -> one('\t');
            case 'v' -> one(0x0B);
            case 'f' -> one('\f');
            case '0' -> {
                if (Character.isDigit(peek())) {
                    throw fault("an octal escape; write \\x and two hexadecimal digits");
                }
                yield one(0);
            }
            case 'b' -> {
                if (!inSet) {
                    throw fault("a word boundary, which an automaton over single characters cannot see");
                }
                yield one('\b');
            }
            case 'B' -> throw fault("a word boundary, which an automaton over single characters cannot see");
            case 'x' -> one(hexadecimal(2));
            case 'u' -> one(unicode());
            case 'c' -> {
                int letter = peek();
                if ((letter < 'a' || letter > 'z') && (letter < 'A' || letter > 'Z')) {
                    throw fault("\\c needs a letter");
                }
                at++;
                yield one(letter % 32);
            }
            case 'p', 'P' -> property(c == 'P');
            case 'k' -> throw fault("a reference back to a group, which an automaton cannot do");
            default -> {
                if (c >= '1' && c <= '9') {
                    throw fault("a reference back to a group, which an automaton cannot do");
                }
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw fault("the unknown escape \\" + Character.toString(c));
                }
                yield one(c);
            }
        };
    }

    private static CharacterSet one(int c) {
        return new CharacterSet().add(c, c);
    }

    private static CharacterSet digits() {
        return new CharacterSet().add('0', '9');
    }

    private static CharacterSet words() {
        return digits().add('A', 'Z').add('_', '_').add('a', 'z');
    }

    /** ECMA-262, WhiteSpace and LineTerminator. */
    private static CharacterSet blanks() {
        return one('\t')
                .add('\n', '\r')
                .add(' ', ' ')
                .add(0xA0, 0xA0)
                .add(0x1680, 0x1680)
                .add(0x2000, 0x200A)
                .add(0x2028, 0x2029)
                .add(0x202F, 0x202F)
                .add(0x205F, 0x205F)
                .add(0x3000, 0x3000)
                .add(0xFEFF, 0xFEFF);
    }

    private int hexadecimal(int count) throws GrammarRefused {
        int value = 0;
        for (int i = 0; i < count; i++) {
            int digit = peek() < 0x80 && peek() >= 0 ? Character.digit(peek(), 16) : -1;
            if (digit < 0) {
                throw fault("expected " + count + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        return value;
    }

    private int unicode() throws GrammarRefused {
        if (skip("{")) {
            int end = text.indexOf('}', at);
            if (end < 0 || end - at > 6 || end == at) {
                throw fault("a \\u{…} that names no character");
            }
            int value = hexadecimal(end - at);
            at++;
            if (value > Character.MAX_CODE_POINT) {
                throw fault("a character beyond U+10FFFF");
            }
            return value;
        }
        int first = hexadecimal(4);
        if (Character.isHighSurrogate((char) first) && skip("\\u")) {
            int second = hexadecimal(4);
            if (Character.isLowSurrogate((char) second)) {
                return Character.toCodePoint((char) first, (char) second);
            }
        }
        if (first >= Character.MIN_SURROGATE && first <= Character.MAX_SURROGATE) {
            throw fault("half a surrogate pair is no character");
        }
        return first;
    }

    private CharacterSet property(boolean negated) throws GrammarRefused {
        int end = text.indexOf('}', at);
        if (!skip("{") || end < 0) {
            throw fault("a \\p without the name of a property");
        }
        CharacterSet set = UnicodeProperties.of(text.substring(at, end));
        if (set == null) {
            throw fault("an unknown property of characters");
        }
        at = end + 1;
        return negated ? set.complement() : set;
    }
}
