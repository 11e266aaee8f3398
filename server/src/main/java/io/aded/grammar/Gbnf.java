package io.aded.grammar;

import io.aded.model.Patience;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads a grammar in GBNF, llama.cpp's notation (as of b4916; and what was added to it until v0.5.0: tokens).
 *
 * <p>A grammar comes from a caller. What is no grammar is refused with line and column; length, rules, nesting and each
 * repetition count are bounded. Everything else costs what {@link Automaton} and {@link Machine} say: nothing is
 * followed derivation by derivation, so ambiguity is no danger.
 */
public final class Gbnf {
    /** Characters of a grammar. */
    static final int LONGEST = 1 << 20;

    private static final int MOST_RULES = 50_000;

    /** Levels of parentheses. */
    static final int DEEPEST_NESTING = 64;

    /** The largest bound of a repetition, as in {@code x{3,5}}. */
    private static final int MOST_REPETITIONS = 100_000;

    /** What {@code .} stands for. */
    private static final int[] ANY = {0, Character.MAX_CODE_POINT};

    private static final int LONGEST_NAME = 512;

    private final String text;
    private final @Nullable VocabularyTrie vocabulary;

    /** Whether a token may be named though it is not known which tokens there are. */
    private final boolean anyToken;

    private final Map<String, Integer> names = new HashMap<>();
    private final List<String> order = new ArrayList<>();
    /** Null until the rule is defined. */
    private final Map<Integer, Pattern> rules = new HashMap<>();

    private int at;
    private int nesting;

    private Gbnf(String text, @Nullable VocabularyTrie vocabulary, boolean anyToken) {
        this.text = text;
        this.vocabulary = vocabulary;
        this.anyToken = anyToken;
    }

    /** Reads a grammar that names no tokens. */
    static Rules parse(String text) throws GrammarRefused {
        return parse(text, null);
    }

    /**
     * Reads a grammar.
     *
     * @param vocabulary whose tokens it may name
     * @throws GrammarRefused if it is none, or one beyond the bounds
     */
    static Rules parse(String text, @Nullable VocabularyTrie vocabulary) throws GrammarRefused {
        return parse(text, vocabulary, false);
    }

    /** Reads a grammar that may name tokens, for who does not know yet of which vocabulary: each stands for token 0. */
    static Rules parseForAnyVocabulary(String text) throws GrammarRefused {
        return parse(text, null, true);
    }

    private static Rules parse(String text, @Nullable VocabularyTrie vocabulary, boolean anyToken)
            throws GrammarRefused {
        if (text.length() > LONGEST) {
            throw new GrammarRefused("is " + text.length() + " characters long; allowed: up to " + LONGEST);
        }
        if (text.indexOf('\0') >= 0) {
            throw new GrammarRefused("contains the character U+0000");
        }
        return new Gbnf(text, vocabulary, anyToken).parse();
    }

    private Rules parse() throws GrammarRefused {
        space(true);
        while (at < text.length()) {
            rule();
        }
        Integer root = names.get("root");
        if (root == null || !rules.containsKey(root)) {
            throw new GrammarRefused("has no rule named root");
        }
        for (int i = 0; i < order.size(); i++) {
            if (!rules.containsKey(i)) {
                throw new GrammarRefused("refers to the rule " + order.get(i) + ", which is not defined");
            }
        }
        List<Pattern> bodies = new ArrayList<>(order.size());
        for (int i = 0; i < order.size(); i++) {
            bodies.add(rules.getOrDefault(i, Pattern.EMPTY));
        }
        return new Rules(order, bodies, root);
    }

    private void rule() throws GrammarRefused {
        int name = reference();
        space(false);
        if (!text.startsWith("::=", at)) {
            throw fault("expected ::= after the name of a rule");
        }
        at += 3;
        space(true);
        rules.put(name, alternatives(false));
        if (at < text.length()) {
            if (peek() == '\r' || peek() == '\n') {
                at++;
            } else {
                throw fault("expected the end of the line or of the grammar");
            }
        }
        space(true);
    }

    private Pattern alternatives(boolean nested) throws GrammarRefused {
        List<Pattern> alternatives = new ArrayList<>();
        alternatives.add(sequence(nested));
        while (peek() == '|') {
            at++;
            space(true);
            alternatives.add(sequence(nested));
        }
        return alternatives.size() == 1 ? alternatives.getFirst() : new Pattern.Choice(alternatives);
    }

    private Pattern sequence(boolean nested) throws GrammarRefused {
        List<Pattern> items = new ArrayList<>();
        boolean repeatable = false;
        while (at < text.length()) {
            char c = peek();
            if (c == '"') {
                Pattern literal = literal();
                repeatable = !literal.equals(Pattern.EMPTY);
                if (repeatable) {
                    items.add(literal);
                }
            } else if (c == '[') {
                items.add(new Pattern.Characters(set()));
                repeatable = true;
            } else if (c == '.') {
                at++;
                items.add(new Pattern.Characters(ANY));
                repeatable = true;
            } else if (c == '<' || c == '!') {
                items.add(token());
                repeatable = true;
            } else if (isWord(c)) {
                items.add(new Pattern.Reference(reference()));
                repeatable = true;
            } else if (c == '(') {
                if (++nesting > DEEPEST_NESTING) {
                    throw fault("nests deeper than " + DEEPEST_NESTING + " groups");
                }
                at++;
                space(true);
                items.add(alternatives(true));
                if (peek() != ')') {
                    throw fault("expected )");
                }
                at++;
                nesting--;
                repeatable = true;
            } else if (c == '*' || c == '+' || c == '?' || c == '{') {
                if (!repeatable) {
                    throw fault("nothing stands before " + c);
                }
                items.add(repetition(items.removeLast()));
            } else {
                break;
            }
            space(nested);
        }
        return items.size() == 1 ? items.getFirst() : new Pattern.Sequence(items);
    }

    /** A token by its number or its name, {@code <[7]>} or {@code <think>}, or any other than it, {@code !<think>}. */
    private Pattern token() throws GrammarRefused {
        boolean negated = peek() == '!';
        at += negated ? 1 : 0;
        if (peek() != '<') {
            throw fault("expected < after !");
        }
        if (vocabulary == null && !anyToken) {
            throw fault("no tokens can be named here");
        }
        int end = text.indexOf('>', at);
        if (end < 0 || end - at > LONGEST_NAME) {
            throw fault("expected > after the number or the name of a token");
        }
        String name = text.substring(at, end + 1);
        if (vocabulary == null) {
            at = end + 1;
            return new Pattern.Token(0, negated);
        }
        int id = name.startsWith("<[") ? byNumber(name, vocabulary) : vocabulary.named(name);
        if (id < 0) {
            throw fault(name + " is not one token of the model's vocabulary");
        }
        if (!negated && vocabulary.endsGeneration(id)) {
            throw fault("the token " + name + " ends an answer, so it cannot be a part of one;"
                    + " an answer may end where the rule root does");
        }
        at = end + 1;
        return new Pattern.Token(id, negated);
    }

    private int byNumber(String name, VocabularyTrie tokens) throws GrammarRefused {
        String number = name.endsWith("]>") ? name.substring(2, name.length() - 2) : "";
        if (number.isEmpty() || !number.chars().allMatch(c -> c >= '0' && c <= '9')) {
            throw fault("expected the number of a token, as in <[7]>");
        }
        long id = number.length() > 9 ? Long.MAX_VALUE : Long.parseLong(number);
        if (id >= tokens.vocabularySize()) {
            throw fault("the vocabulary has no token " + number + "; allowed: 0 to " + (tokens.vocabularySize() - 1));
        }
        return (int) id;
    }

    private Pattern repetition(Pattern item) throws GrammarRefused {
        char c = text.charAt(at++);
        if (c != '{') {
            return new Pattern.Repeat(item, c == '+' ? 1 : 0, c == '?' ? 1 : Pattern.UNBOUNDED);
        }
        space(false);
        int least = number();
        int most = least;
        space(false);
        if (peek() == ',') {
            at++;
            space(false);
            most = Character.isDigit(peek()) ? number() : Pattern.UNBOUNDED;
            space(false);
        }
        if (peek() != '}') {
            throw fault("expected }");
        }
        at++;
        if (most != Pattern.UNBOUNDED && most < least) {
            throw fault("a repetition's upper bound is below its lower bound");
        }
        return new Pattern.Repeat(item, least, most);
    }

    private int number() throws GrammarRefused {
        int value = 0;
        int start = at;
        while (at < text.length() && peek() >= '0' && peek() <= '9') {
            value = value * 10 + (peek() - '0');
            if (value > MOST_REPETITIONS) {
                throw fault("a repetition count is above " + MOST_REPETITIONS);
            }
            at++;
        }
        if (at == start) {
            throw fault("expected a number");
        }
        return value;
    }

    private Pattern literal() throws GrammarRefused {
        at++;
        List<Pattern> characters = new ArrayList<>();
        while (peek() != '"') {
            int c = character();
            characters.add(new Pattern.Characters(new int[] {c, c}));
        }
        at++;
        return characters.size() == 1 ? characters.getFirst() : new Pattern.Sequence(characters);
    }

    private int[] set() throws GrammarRefused {
        at++;
        boolean negated = peek() == '^';
        if (negated) {
            at++;
        }
        CharacterSet set = new CharacterSet();
        boolean empty = true;
        while (peek() != ']') {
            int from = character();
            int to = from;
            empty = false;
            if (peek() == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
                at++;
                to = character();
                if (to < from) {
                    throw fault("a range of characters runs backwards");
                }
            }
            set.add(from, to);
        }
        if (empty) {
            throw fault("a set of characters is empty");
        }
        at++;
        return negated ? set.complement().ranges() : set.ranges();
    }

    private int character() throws GrammarRefused {
        if (at >= text.length()) {
            throw fault("ends within a text or set");
        }
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        if (c != '\\') {
            return c;
        }
        if (at >= text.length()) {
            throw fault("ends within an escape");
        }
        char escape = text.charAt(at++);
        return switch (escape) {
            case 'x' -> hexadecimal(2);
            case 'u' -> hexadecimal(4);
            case 'U' -> hexadecimal(8);
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'n' -> '\n';
            case '\\', '"', '[', ']', '-' -> escape;
            default -> throw fault("unknown escape \\" + escape);
        };
    }

    private int hexadecimal(int digits) throws GrammarRefused {
        long value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = at < text.length() ? Character.digit(text.charAt(at), 16) : -1;
            if (digit < 0 || text.charAt(at) > 'f') {
                throw fault("expected " + digits + " hexadecimal digits");
            }
            value = value * 16 + digit;
            at++;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw fault("a character is beyond U+10FFFF");
        }
        return (int) value;
    }

    private int reference() throws GrammarRefused {
        int start = at;
        while (at < text.length() && isWord(peek())) {
            at++;
        }
        if (at == start) {
            throw fault("expected the name of a rule (letters, digits, - and _)");
        }
        String name = text.substring(start, at);
        Integer known = names.get(name);
        if (known != null) {
            return known;
        }
        if (order.size() == MOST_RULES) {
            throw new GrammarRefused("has more than " + MOST_RULES + " rules");
        }
        Patience.check();
        names.put(name, order.size());
        order.add(name);
        return order.size() - 1;
    }

    private void space(boolean lines) {
        while (at < text.length()) {
            char c = peek();
            if (c == '#') {
                while (at < text.length() && peek() != '\r' && peek() != '\n') {
                    at++;
                }
            } else if (c == ' ' || c == '\t' || lines && (c == '\r' || c == '\n')) {
                at++;
            } else {
                return;
            }
        }
    }

    /** The next character, or zero at the end: the text itself has no such character. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private static boolean isWord(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_';
    }

    private GrammarRefused fault(String what) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < Math.min(at, text.length()); i++) {
            column++;
            if (text.charAt(i) == '\n') {
                line++;
                column = 1;
            }
        }
        return new GrammarRefused("is not valid GBNF at line " + line + ", column " + column + ": " + what);
    }
}
