package io.aded.grammar;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Writes a regular expression as a GBNF grammar that matches the same texts.
 *
 * <h2>Which language</h2>
 *
 * ECMA-262, as JSON schemas use it, over code points and without flags, matched against the whole text: literals,
 * escapes, {@code .}, sets, {@code \d \w \s} and their opposites, groups (captured or not, named or not), alternatives,
 * and quantifiers; a lazy quantifier matches the same texts as a greedy one. {@code ^} and {@code $} may stand where
 * they change nothing: at the ends of the whole.
 *
 * <h2>What is refused</h2>
 *
 * Whatever a context-free grammar cannot say, or what matches it cannot walk: looking ahead and behind, references
 * back, word boundaries, anchors within, Unicode properties, and the repetition of what may be empty, in which the
 * matcher would not end. U+0000 matches nothing. Nothing is approximated: what is accepted is kept exactly.
 *
 * @see Gbnf which says whether the grammar is small enough
 */
public final class RegularExpression {
    private static final int LONGEST = 16 << 10;
    private static final int DEEPEST_NESTING = 32;
    private static final int MOST_REPETITIONS = 1_000;
    private static final int UNBOUNDED = -1;

    private static final CodePoints DIGITS = CodePoints.of('0', '9');
    private static final CodePoints WORD = CodePoints.of('a', 'z', 'A', 'Z', '0', '9', '_', '_');
    private static final CodePoints LINE_ENDS = CodePoints.of('\n', '\n', '\r', '\r', 0x2028, 0x2029);
    /** ECMA-262, WhiteSpace and LineTerminator. */
    private static final CodePoints SPACE = CodePoints.of(
            '\t', '\r', ' ', ' ', 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029, 0x202F, 0x202F, 0x205F,
            0x205F, 0x3000, 0x3000, 0xFEFF, 0xFEFF);

    private final String text;
    private int at;
    private int nesting;

    private RegularExpression(String text) {
        this.text = text;
    }

    /**
     * A part of the grammar.
     *
     * @param gbnf what matches it; may stand in a sequence
     * @param nullable whether it matches the empty text
     */
    private record Piece(String gbnf, boolean nullable) {}

    /**
     * The grammar of an expression.
     *
     * @throws GrammarRefused if it is no regular expression, or one that cannot be kept; the message says where and why
     */
    public static String toGbnf(String expression) throws GrammarRefused {
        if (expression.length() > LONGEST) {
            throw new GrammarRefused("is " + expression.length() + " characters long; allowed: up to " + LONGEST);
        }
        var parser = new RegularExpression(expression);
        Piece whole = parser.alternatives();
        if (parser.at < expression.length()) {
            throw parser.fault("a group ends that did not begin");
        }
        return "root ::= " + whole.gbnf() + "\n";
    }

    // --- the expression

    private Piece alternatives() throws GrammarRefused {
        StringBuilder gbnf = new StringBuilder();
        boolean nullable = false;
        while (true) {
            Piece sequence = sequence();
            gbnf.append(sequence.gbnf());
            nullable |= sequence.nullable();
            if (at >= text.length() || text.charAt(at) != '|') {
                return new Piece(gbnf.toString(), nullable);
            }
            at++;
            gbnf.append(" | ");
        }
    }

    private Piece sequence() throws GrammarRefused {
        List<String> items = new ArrayList<>();
        boolean nullable = true;
        if (nesting == 0 && at < text.length() && text.charAt(at) == '^') {
            at++;
        }
        while (at < text.length() && text.charAt(at) != '|' && text.charAt(at) != ')') {
            if (nesting == 0 && text.charAt(at) == '$' && endsAlternative(at + 1)) {
                at++;
                break;
            }
            Piece item = quantified(atom());
            items.add(item.gbnf());
            nullable &= item.nullable();
        }
        return new Piece(items.isEmpty() ? "\"\"" : String.join(" ", items), nullable);
    }

    private boolean endsAlternative(int index) {
        return index == text.length() || text.charAt(index) == '|';
    }

    private Piece atom() throws GrammarRefused {
        int c = text.codePointAt(at);
        switch (c) {
            case '(' -> {
                return group();
            }
            case '[' -> {
                at++;
                return new Piece(set(), false);
            }
            case '.' -> {
                at++;
                return new Piece(LINE_ENDS.others().gbnf(), false);
            }
            case '\\' -> {
                at++;
                return new Piece(escape().gbnf(), false);
            }
            case '*', '+', '?' -> throw fault("there is nothing to repeat");
            case '{', '}', ']' -> throw fault("this bracket needs a backslash before it to be a character");
            case '^', '$' -> throw fault("an anchor within the expression cannot be kept");
            default -> {
                at += Character.charCount(c);
                return new Piece(one(c).gbnf(), false);
            }
        }
    }

    private Piece group() throws GrammarRefused {
        if (++nesting > DEEPEST_NESTING) {
            throw fault("nests deeper than " + DEEPEST_NESTING + " groups");
        }
        at++;
        if (text.startsWith("?:", at)) {
            at += 2;
        } else if (text.startsWith("?<", at) && !text.startsWith("?<=", at) && !text.startsWith("?<!", at)) {
            int end = text.indexOf('>', at);
            if (end < 0 || !text.substring(at + 2, end).matches("[A-Za-z_$][A-Za-z0-9_$]*")) {
                throw fault("the name of a group is none");
            }
            at = end + 1;
        } else if (text.startsWith("?", at)) {
            throw fault("looking ahead, looking behind and flags cannot be kept");
        }
        Piece inner = alternatives();
        if (at >= text.length()) {
            throw fault("a group does not end");
        }
        at++;
        nesting--;
        return new Piece("(" + inner.gbnf() + ")", inner.nullable());
    }

    private Piece quantified(Piece item) throws GrammarRefused {
        if (at >= text.length()) {
            return item;
        }
        int least;
        int most;
        switch (text.charAt(at)) {
            case '*' -> {
                least = 0;
                most = UNBOUNDED;
                at++;
            }
            case '+' -> {
                least = 1;
                most = UNBOUNDED;
                at++;
            }
            case '?' -> {
                least = 0;
                most = 1;
                at++;
            }
            case '{' -> {
                at++;
                least = number();
                most = least;
                if (peek() == ',') {
                    at++;
                    most = peek() == '}' ? UNBOUNDED : number();
                }
                if (peek() != '}') {
                    throw fault("a number of repetitions is written {2}, {2,} or {2,5}");
                }
                at++;
                if (most != UNBOUNDED && most < least) {
                    throw fault("repeats at most " + most + " times, but at least " + least);
                }
            }
            default -> {
                return item;
            }
        }
        if (peek() == '?') {
            at++; // lazy: another order of trying, the same texts
        }
        if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') {
            throw fault("there is nothing to repeat");
        }
        if (most == 0) {
            return new Piece("\"\"", true);
        }
        if (most != 1 && item.nullable()) {
            throw fault("repeating what may be empty cannot be kept");
        }
        String times = most == UNBOUNDED
                ? least == 0 ? "*" : least == 1 ? "+" : "{" + least + ",}"
                : least == 0 && most == 1 ? "?" : "{" + least + "," + most + "}";
        // In a group, so that nothing is repeated but the item, even where it is written as several.
        return new Piece("(" + item.gbnf() + ")" + times, least == 0 || item.nullable());
    }

    private int number() throws GrammarRefused {
        int start = at;
        int value = 0;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = value * 10 + text.charAt(at++) - '0';
            if (value > MOST_REPETITIONS) {
                throw fault("repeats more than " + MOST_REPETITIONS + " times");
            }
        }
        if (at == start) {
            throw fault("a number of repetitions is written {2}, {2,} or {2,5}");
        }
        return value;
    }

    // --- sets of characters

    private String set() throws GrammarRefused {
        boolean opposite = peek() == '^';
        if (opposite) {
            at++;
        }
        CodePoints set = CodePoints.NONE;
        while (true) {
            if (at >= text.length()) {
                throw fault("a set does not end");
            }
            if (text.charAt(at) == ']') {
                at++;
                break;
            }
            CodePoints from = member();
            boolean range = peek() == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']';
            if (!range) {
                set = set.and(from);
                continue;
            }
            at++;
            CodePoints to = member();
            if (!from.isOne() || !to.isOne()) {
                throw fault("a range in a set needs a character at both ends");
            }
            if (to.first() < from.first()) {
                throw fault("a range in a set runs backwards");
            }
            set = set.and(CodePoints.of(from.first(), to.first()));
        }
        CodePoints meant = opposite ? set.others() : set;
        if (meant.isNone()) {
            throw fault("a set holds no character at all");
        }
        return meant.gbnf();
    }

    private CodePoints member() throws GrammarRefused {
        int c = text.codePointAt(at);
        if (c == '\\') {
            at++;
            if (peek() == 'b') {
                at++;
                return CodePoints.of('\b', '\b'); // in a set it is the backspace
            }
            if (peek() == '-') {
                at++;
                return CodePoints.of('-', '-');
            }
            return escape();
        }
        at += Character.charCount(c);
        return one(c);
    }

    private CodePoints one(int c) throws GrammarRefused {
        if (c == 0) {
            throw fault("the character U+0000 cannot be matched");
        }
        if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
            throw fault("half a surrogate pair is no character");
        }
        return CodePoints.of(c, c);
    }

    /** What stands after a backslash. */
    private CodePoints escape() throws GrammarRefused {
        if (at >= text.length()) {
            throw fault("ends with a backslash");
        }
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        return switch (c) {
            case 'd' -> DIGITS;
            case 'D' -> DIGITS.others();
            case 'w' -> WORD;
            case 'W' -> WORD.others();
            case 's' -> SPACE;
            case 'S' -> SPACE.others();
            case 'n' -> one('\n');
            case 'r' -> one('\r');
            case 't' -> one('\t');
            case 'f' -> one('\f');
            case 'v' -> one(0x0B);
            case 'x' -> one(hexadecimal(2));
            case 'u' -> one(unicode());
            case 'c' -> {
                char letter = peek();
                if ((letter < 'a' || letter > 'z') && (letter < 'A' || letter > 'Z')) {
                    throw fault("\\c needs a letter");
                }
                at++;
                yield one(letter % 32);
            }
            default -> {
                if (c < 128 && Character.isLetterOrDigit(c)) {
                    throw fault("\\" + (char) c + " cannot be kept");
                }
                yield one(c);
            }
        };
    }

    private int unicode() throws GrammarRefused {
        if (peek() == '{') {
            int end = text.indexOf('}', at);
            if (end < 0 || end - at < 2 || end - at > 7) {
                throw fault("\\u{…} needs 1 to 6 hexadecimal digits");
            }
            at++;
            int value = hexadecimal(end - at);
            at++;
            if (value > Character.MAX_CODE_POINT) {
                throw fault("a character is beyond U+10FFFF");
            }
            return value;
        }
        int value = hexadecimal(4);
        if (Character.isHighSurrogate((char) value) && text.startsWith("\\u", at)) {
            at += 2;
            int low = hexadecimal(4);
            if (!Character.isLowSurrogate((char) low)) {
                throw fault("half a surrogate pair is no character");
            }
            return Character.toCodePoint((char) value, (char) low);
        }
        return value;
    }

    private int hexadecimal(int digits) throws GrammarRefused {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            char c = peek();
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw fault("expected " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        return value;
    }

    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private GrammarRefused fault(String what) {
        return new GrammarRefused(
                "is not a regular expression that can be kept, at character " + (at + 1) + ": " + what);
    }

    // --- arithmetic of sets

    /**
     * A set of characters other than U+0000 and surrogates.
     *
     * @param bounds first and last of each range, in order, with a gap between any two
     */
    private record CodePoints(List<Integer> bounds) {
        static final CodePoints NONE = new CodePoints(List.of());

        /** The union of ranges, each given by its ends. */
        static CodePoints of(int... ends) {
            CodePoints all = NONE;
            for (int i = 0; i < ends.length; i += 2) {
                all = all.and(new CodePoints(List.of(ends[i], ends[i + 1])));
            }
            return all;
        }

        boolean isNone() {
            return bounds.isEmpty();
        }

        boolean isOne() {
            return bounds.size() == 2 && bounds.get(0).equals(bounds.get(1));
        }

        int first() {
            return bounds.getFirst();
        }

        CodePoints and(CodePoints more) {
            List<int[]> ranges = new ArrayList<>();
            for (List<Integer> ends : List.of(bounds, more.bounds)) {
                for (int i = 0; i < ends.size(); i += 2) {
                    ranges.add(new int[] {ends.get(i), ends.get(i + 1)});
                }
            }
            ranges.sort((a, b) -> Integer.compare(a[0], b[0]));
            List<Integer> merged = new ArrayList<>();
            for (int[] range : ranges) {
                if (!merged.isEmpty() && range[0] <= merged.getLast() + 1) {
                    merged.set(merged.size() - 1, Math.max(merged.getLast(), range[1]));
                } else {
                    merged.add(range[0]);
                    merged.add(range[1]);
                }
            }
            return new CodePoints(List.copyOf(merged));
        }

        /** All characters that are not in it. */
        CodePoints others() {
            CodePoints taken =
                    and(new CodePoints(List.of(0, 0, (int) Character.MIN_SURROGATE, (int) Character.MAX_SURROGATE)));
            List<Integer> rest = new ArrayList<>();
            int next = 0;
            for (int i = 0; i < taken.bounds.size(); i += 2) {
                if (taken.bounds.get(i) > next) {
                    rest.add(next);
                    rest.add(taken.bounds.get(i) - 1);
                }
                next = taken.bounds.get(i + 1) + 1;
            }
            if (next <= Character.MAX_CODE_POINT) {
                rest.add(next);
                rest.add(Character.MAX_CODE_POINT);
            }
            return new CodePoints(List.copyOf(rest));
        }

        String gbnf() {
            StringBuilder set = new StringBuilder("[");
            for (int i = 0; i < bounds.size(); i += 2) {
                set.append(escaped(bounds.get(i)));
                if (!bounds.get(i).equals(bounds.get(i + 1))) {
                    set.append('-').append(escaped(bounds.get(i + 1)));
                }
            }
            return set.append(']').toString();
        }

        private static String escaped(int c) {
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
                return String.valueOf((char) c);
            }
            return c <= 0xFF
                    ? String.format(Locale.ROOT, "\\x%02x", c)
                    : c <= 0xFFFF ? String.format(Locale.ROOT, "\\u%04x", c) : String.format(Locale.ROOT, "\\U%08x", c);
        }
    }
}
