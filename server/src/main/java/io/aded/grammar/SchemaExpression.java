package io.aded.grammar;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntPredicate;

/**
 * Reads a schema's {@code pattern}: a regular expression in ECMAScript's notation (ECMA-262, with its {@code u} flag),
 * over the value of a JSON string and found anywhere in it unless it is anchored. {@link RegularExpression} is for
 * whole answers.
 *
 * <p>Everything that a regular language can say is there: alternatives, groups of all kinds, sets, classes, properties
 * of general categories, escapes, quantifiers (lazy ones match the same texts), and anchors at the ends. Look-around,
 * references back and word boundaries are refused by name.
 */
final class SchemaExpression {
    private static final int LONGEST = 64 << 10;
    private static final int DEEPEST = 100;
    private static final int MOST_REPETITIONS = 10_000;
    private static final int NOTHING = -1;

    private static final Map<String, int[]> CATEGORIES = new HashMap<>();

    private final String text;
    private final Function<CharacterSet, Pattern> character;
    private int at;
    private int depth;

    private SchemaExpression(String text, Function<CharacterSet, Pattern> character) {
        this.text = text;
        this.character = character;
    }

    /**
     * What the texts look like in which the expression matches somewhere.
     *
     * @param character what a character of a set looks like: itself, or, within a JSON string, perhaps escaped
     * @throws GrammarRefused if it is no expression, or one that no automaton can match
     */
    static Pattern parse(String text, Function<CharacterSet, Pattern> character) throws GrammarRefused {
        if (text.length() > LONGEST) {
            throw new GrammarRefused("is " + text.length() + " characters long; allowed: up to " + LONGEST);
        }
        SchemaExpression expression = new SchemaExpression(text, character);
        Pattern pattern = expression.whole();
        if (expression.at < text.length()) {
            throw expression.fault("a ) that closes nothing");
        }
        return pattern;
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

    /** The outermost alternatives, each of which may be anchored or not. */
    private Pattern whole() throws GrammarRefused {
        Pattern any = new Pattern.Repeat(character.apply(all()), 0, Pattern.UNBOUNDED);
        List<Pattern> alternatives = new ArrayList<>();
        do {
            boolean starts = skip("^");
            List<Pattern> parts = new ArrayList<>();
            if (!starts) {
                parts.add(any);
            }
            sequence(parts);
            if (!skip("$")) {
                parts.add(any);
            }
            if (peek() != '|' && peek() != ')' && peek() != NOTHING) {
                throw fault(
                        "an anchor is only understood at the ends of the expression or of its outermost alternatives");
            }
            alternatives.add(new Pattern.Sequence(parts));
        } while (skip("|"));
        return choice(alternatives);
    }

    private static Pattern choice(List<Pattern> alternatives) {
        return alternatives.size() == 1 ? alternatives.getFirst() : new Pattern.Choice(alternatives);
    }

    private static CharacterSet all() {
        return new CharacterSet().add(0, Character.MAX_CODE_POINT);
    }

    private Pattern alternatives() throws GrammarRefused {
        if (++depth > DEEPEST) {
            throw fault("it nests deeper than " + DEEPEST + " groups");
        }
        List<Pattern> alternatives = new ArrayList<>();
        do {
            List<Pattern> parts = new ArrayList<>();
            sequence(parts);
            alternatives.add(new Pattern.Sequence(parts));
        } while (skip("|"));
        depth--;
        return choice(alternatives);
    }

    private void sequence(List<Pattern> parts) throws GrammarRefused {
        while (true) {
            int c = peek();
            if (c == NOTHING || c == '|' || c == ')' || c == '$') {
                return;
            }
            parts.add(quantified(atom()));
        }
    }

    private Pattern quantified(Pattern atom) throws GrammarRefused {
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
        at++;
        skip("?");
        int next = peek();
        if (next == '*' || next == '+' || next == '{') {
            throw fault("nothing to repeat");
        }
        return new Pattern.Repeat(atom, least, most);
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

    private Pattern atom() throws GrammarRefused {
        int c = peek();
        switch (c) {
            case '(' -> {
                return group();
            }
            case '[' -> {
                return character.apply(set());
            }
            case '.' -> {
                at++;
                CharacterSet ends =
                        new CharacterSet().add('\n', '\n').add('\r', '\r').add(0x2028, 0x2029);
                return character.apply(ends.complement());
            }
            case '\\' -> {
                at++;
                return character.apply(escape(false));
            }
            case '^' -> throw fault("an anchor is only understood at the ends of the expression");
            case '*', '+', '?', '{' -> throw fault("nothing to repeat");
            default -> {
                at += Character.charCount(c);
                return character.apply(new CharacterSet().add(c, c));
            }
        }
    }

    private Pattern group() throws GrammarRefused {
        at++;
        if (skip("?")) {
            if (skip("=") || skip("!") || skip("<=") || skip("<!")) {
                throw fault("look-around, which an automaton cannot do");
            }
            if (skip("<")) {
                int end = text.indexOf('>', at);
                if (end < 0) {
                    throw fault("a group's name does not end");
                }
                at = end + 1;
            } else if (!skip(":")) {
                throw fault("a group of an unknown kind");
            }
        }
        Pattern inside = alternatives();
        if (!skip(")")) {
            throw fault(peek() == '$' ? "an anchor within a group" : "a group that is not closed");
        }
        return inside;
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
                int[] first = from.ranges();
                at++;
                int[] last = member().ranges();
                if (first.length != 2
                        || last.length != 2
                        || first[0] != first[1]
                        || last[0] != last[1]
                        || last[0] < first[0]) {
                    throw fault("a range whose ends are no characters or run backwards");
                }
                set.add(first[0], last[0]);
            } else {
                set.addAll(from);
            }
        }
        return negated ? set.complement() : set;
    }

    private CharacterSet member() throws GrammarRefused {
        int c = peek();
        if (c == '\\') {
            at++;
            return escape(true);
        }
        at += Character.charCount(c);
        return new CharacterSet().add(c, c);
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
            case '0' -> one(0);
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
                at++;
                yield one(letter % 32);
            }
            case 'p', 'P' -> property(c == 'P');
            case 'k' -> throw fault("a reference back to a group, which an automaton cannot do");
            default -> {
                if (c >= '1' && c <= '9') {
                    throw fault("a reference back to a group, which an automaton cannot do");
                }
                if (Character.isLetterOrDigit(c)) {
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
            int digit = Character.digit(peek(), 16);
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
        if (Character.isHighSurrogate((char) first) && text.startsWith("\\u", at)) {
            int before = at;
            at += 2;
            int second = hexadecimal(4);
            if (Character.isLowSurrogate((char) second)) {
                return Character.toCodePoint((char) first, (char) second);
            }
            at = before;
        }
        return first;
    }

    private CharacterSet property(boolean negated) throws GrammarRefused {
        int end = text.indexOf('}', at);
        if (!skip("{") || end < 0) {
            throw fault("a \\p without the name of a property");
        }
        String name = text.substring(at, end).replaceFirst("^(gc|General_Category)=", "");
        at = end + 1;
        int[] ranges;
        synchronized (CATEGORIES) {
            ranges = CATEGORIES.get(name);
        }
        if (ranges == null) {
            java.util.regex.Pattern known;
            try {
                known = java.util.regex.Pattern.compile(
                        name.length() <= 2
                                ? "\\p{" + name + "}"
                                : "\\p{Is" + name.replaceFirst("^(sc|Script)=", "") + "}");
            } catch (java.util.regex.PatternSyntaxException e) {
                throw fault("the unknown property " + name.replaceAll("[^A-Za-z_=]", "?"));
            }
            ranges = ranges(c -> known.matcher(Character.toString(c)).matches());
            synchronized (CATEGORIES) {
                if (CATEGORIES.size() < 64) {
                    CATEGORIES.put(name, ranges);
                }
            }
        }
        CharacterSet set = new CharacterSet();
        for (int i = 0; i < ranges.length; i += 2) {
            set.add(ranges[i], ranges[i + 1]);
        }
        return negated ? set.complement() : set;
    }

    private static int[] ranges(IntPredicate holds) {
        CharacterSet set = new CharacterSet();
        int start = NOTHING;
        for (int c = 0; c <= Character.MAX_CODE_POINT + 1; c++) {
            boolean in = c <= Character.MAX_CODE_POINT && holds.test(c);
            if (in && start == NOTHING) {
                start = c;
            } else if (!in && start != NOTHING) {
                set.add(start, c - 1);
                start = NOTHING;
            }
        }
        return set.ranges();
    }
}
