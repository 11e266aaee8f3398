package io.aded.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Checks a GBNF grammar before llama.cpp sees it.
 *
 * <h2>Why here</h2>
 *
 * llama.cpp prints a faulty grammar to standard error, text and all; recurses as deep as the grammar nests; expands
 * repetitions literally; and follows ambiguous empty alternatives one by one. A grammar comes from a caller, so none of
 * that may depend on it. This parser accepts llama.cpp's language (as of b4916; of later additions, tokens by id are
 * left out) and refuses, with line and column, what is no grammar, and what would cost too much.
 *
 * <h2>What is bounded</h2>
 *
 * <ul>
 *   <li>length, rules, nesting, each repetition count, and the elements after repetitions are written out;
 *   <li>left recursion, which can not be matched at all;
 *   <li>the longest chain of rules that begins without consuming a character: the depth of the matcher's recursion;
 *   <li>the number of ways to reach a first character: the matcher tries each at every step. {@code ("a"? | "b"?){30}}
 *       has two to the thirtieth.
 * </ul>
 */
public final class Gbnf {
    private static final int LONGEST = 256 << 10;
    private static final int MOST_RULES = 8_192;
    private static final int DEEPEST_NESTING = 64;
    private static final int MOST_REPETITIONS = 1_000;
    private static final long MOST_ELEMENTS = 200_000;
    private static final int LONGEST_CHAIN = 400;
    private static final long MOST_WAYS = 20_000;
    private static final int UNBOUNDED = -1;

    private sealed interface Item {
        /** Consumes one character or more. */
        record Characters(int count) implements Item {}

        record Reference(int rule) implements Item {}

        record Group(List<List<Item>> alternatives) implements Item {}

        record Repeat(Item item, int least, int most) implements Item {}
    }

    private final String text;
    private final Map<String, Integer> names = new HashMap<>();
    private final List<String> order = new ArrayList<>();
    /** Null until the rule is defined. */
    private final Map<Integer, Item.Group> rules = new HashMap<>();

    private int at;
    private int nesting;

    private Gbnf(String text) {
        this.text = text;
    }

    /** A grammar that is refused; the message says where and why, and does not quote it. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        Refused(String message) {
            super(message);
        }
    }

    /**
     * Returns normally if llama.cpp can use the grammar.
     *
     * @throws Refused if it cannot, or should not
     */
    public static void check(String text) throws Refused {
        if (text.length() > LONGEST) {
            throw new Refused("is " + text.length() + " characters long; allowed: up to " + LONGEST);
        }
        if (text.indexOf('\0') >= 0) {
            throw new Refused("contains the character U+0000");
        }
        Gbnf grammar = new Gbnf(text);
        grammar.parse();
        grammar.analyse();
    }

    // ---------------------------------------------------------------------------------------------------- parsing

    private void parse() throws Refused {
        space(true);
        while (at < text.length()) {
            rule();
        }
        Integer root = names.get("root");
        if (root == null || !rules.containsKey(root)) {
            throw new Refused("has no rule named root");
        }
        for (int i = 0; i < order.size(); i++) {
            if (!rules.containsKey(i)) {
                throw new Refused("refers to the rule " + order.get(i) + ", which is not defined");
            }
        }
    }

    private void rule() throws Refused {
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

    private Item.Group alternatives(boolean nested) throws Refused {
        List<List<Item>> alternatives = new ArrayList<>();
        alternatives.add(sequence(nested));
        while (peek() == '|') {
            at++;
            space(true);
            alternatives.add(sequence(nested));
        }
        return new Item.Group(alternatives);
    }

    private List<Item> sequence(boolean nested) throws Refused {
        List<Item> items = new ArrayList<>();
        boolean repeatable = false;
        while (at < text.length()) {
            char c = peek();
            if (c == '"') {
                int count = literal();
                repeatable = count > 0;
                if (repeatable) {
                    items.add(new Item.Characters(count));
                }
            } else if (c == '[') {
                set();
                items.add(new Item.Characters(1));
                repeatable = true;
            } else if (c == '.') {
                at++;
                items.add(new Item.Characters(1));
                repeatable = true;
            } else if (isWord(c)) {
                items.add(new Item.Reference(reference()));
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
        return items;
    }

    private Item repetition(Item item) throws Refused {
        char c = text.charAt(at++);
        if (c != '{') {
            return new Item.Repeat(item, c == '+' ? 1 : 0, c == '?' ? 1 : UNBOUNDED);
        }
        space(false);
        int least = number();
        int most = least;
        space(false);
        if (peek() == ',') {
            at++;
            space(false);
            most = Character.isDigit(peek()) ? number() : UNBOUNDED;
            space(false);
        }
        if (peek() != '}') {
            throw fault("expected }");
        }
        at++;
        if (most != UNBOUNDED && most < least) {
            throw fault("a repetition's upper bound is below its lower bound");
        }
        return new Item.Repeat(item, least, most);
    }

    private int number() throws Refused {
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

    private int literal() throws Refused {
        at++;
        int count = 0;
        while (peek() != '"') {
            character();
            count++;
        }
        at++;
        return count;
    }

    private void set() throws Refused {
        at++;
        if (peek() == '^') {
            at++;
        }
        boolean empty = true;
        while (peek() != ']') {
            int from = character();
            empty = false;
            if (peek() == '-' && at + 1 < text.length() && text.charAt(at + 1) != ']') {
                at++;
                if (character() < from) {
                    throw fault("a range of characters runs backwards");
                }
            }
        }
        if (empty) {
            throw fault("a set of characters is empty");
        }
        at++;
    }

    private int character() throws Refused {
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
            case '\\', '"', '[', ']' -> escape;
            default -> throw fault("unknown escape \\" + escape);
        };
    }

    private int hexadecimal(int digits) throws Refused {
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

    private int reference() throws Refused {
        int start = at;
        while (at < text.length() && isWord(peek())) {
            at++;
        }
        if (at == start) {
            throw fault("expected the name of a rule (letters, digits and -)");
        }
        String name = text.substring(start, at);
        Integer known = names.get(name);
        if (known != null) {
            return known;
        }
        if (order.size() == MOST_RULES) {
            throw new Refused("has more than " + MOST_RULES + " rules");
        }
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
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-';
    }

    private Refused fault(String what) {
        int line = 1;
        int column = 1;
        for (int i = 0; i < Math.min(at, text.length()); i++) {
            column++;
            if (text.charAt(i) == '\n') {
                line++;
                column = 1;
            }
        }
        return new Refused("is not valid GBNF at line " + line + ", column " + column + ": " + what);
    }

    // --------------------------------------------------------------------------------------------------- analysis

    private boolean[] nullable = {};
    private long[] ways = {};
    private long[] empties = {};
    private int[] chains = {};
    /** 0 not seen, 1 being computed, 2 done. */
    private byte[] states = {};

    private void analyse() throws Refused {
        int count = order.size();
        nullable = new boolean[count];
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int rule = 0; rule < count; rule++) {
                if (!nullable[rule] && isNullable(group(rule))) {
                    nullable[rule] = true;
                    changed = true;
                }
            }
        }
        ways = new long[count];
        empties = new long[count];
        chains = new int[count];
        states = new byte[count];
        long elements = 0;
        for (int rule = 0; rule < count; rule++) {
            elements += elements(group(rule));
            if (elements > MOST_ELEMENTS) {
                throw new Refused("has more than " + MOST_ELEMENTS + " elements when its repetitions are written out");
            }
            visit(rule, 0);
        }
        if (Arrays.stream(chains).max().orElse(0) > LONGEST_CHAIN) {
            throw new Refused("has a chain of more than " + LONGEST_CHAIN + " rules before the first character");
        }
    }

    private Item.Group group(int rule) {
        Item.Group group = rules.get(rule);
        if (group == null) {
            throw new AssertionError("checked when it was parsed");
        }
        return group;
    }

    private boolean isNullable(Item item) {
        return switch (item) {
            case Item.Characters ignored -> false;
            case Item.Reference reference -> nullable[reference.rule()];
            case Item.Repeat repeat -> repeat.least() == 0 || isNullable(repeat.item());
            case Item.Group group -> {
                for (List<Item> alternative : group.alternatives()) {
                    if (alternative.stream().allMatch(this::isNullable)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }

    private static long elements(Item item) {
        return switch (item) {
            case Item.Characters characters -> characters.count();
            case Item.Reference ignored -> 1;
            case Item.Repeat repeat ->
                Math.min(
                        MOST_ELEMENTS + 1,
                        elements(repeat.item()) * Math.max(1, Math.max(repeat.least(), repeat.most())));
            case Item.Group group -> {
                long sum = 0;
                for (List<Item> alternative : group.alternatives()) {
                    for (Item part : alternative) {
                        sum = Math.min(MOST_ELEMENTS + 1, sum + elements(part));
                    }
                }
                yield sum;
            }
        };
    }

    /** What a place in the grammar costs the matcher before it reaches a character. */
    private record Cost(long ways, long empties, int chain) {}

    private void visit(int rule, int depth) throws Refused {
        if (states[rule] == 2) {
            return;
        }
        if (states[rule] == 1) {
            throw new Refused("has the left-recursive rule " + order.get(rule)
                    + ": it can begin with itself before any character is read");
        }
        if (depth > LONGEST_CHAIN) {
            throw new Refused("has a chain of more than " + LONGEST_CHAIN + " rules before the first character");
        }
        states[rule] = 1;
        Cost cost = cost(group(rule), depth);
        ways[rule] = cost.ways();
        empties[rule] = cost.empties();
        chains[rule] = cost.chain() + 1;
        states[rule] = 2;
    }

    private Cost cost(Item item, int depth) throws Refused {
        return switch (item) {
            case Item.Characters ignored -> new Cost(1, 0, 1);
            case Item.Reference reference -> {
                visit(reference.rule(), depth + 1);
                yield new Cost(ways[reference.rule()], empties[reference.rule()], chains[reference.rule()] + 1);
            }
            case Item.Group group -> {
                Cost sum = new Cost(0, 0, 0);
                for (List<Item> alternative : group.alternatives()) {
                    Cost part = sequenceCost(alternative, depth);
                    sum = bounded(new Cost(
                            sum.ways() + part.ways(),
                            sum.empties() + part.empties(),
                            Math.max(sum.chain(), part.chain())));
                }
                yield new Cost(sum.ways(), sum.empties(), sum.chain() + 1);
            }
            case Item.Repeat repeat -> {
                Cost once = cost(repeat.item(), depth + 1);
                if (once.empties() == 0) {
                    yield new Cost(once.ways(), repeat.least() == 0 ? 1 : 0, once.chain() + 1);
                }
                if (repeat.most() == UNBOUNDED) {
                    throw new Refused("repeats without bound something that can be empty, which is left recursion");
                }
                Cost all = new Cost(0, 1, 0);
                for (int i = 0; i < repeat.most(); i++) {
                    all = bounded(new Cost(
                            all.ways() + all.empties() * once.ways(),
                            all.empties() * once.empties() + (i >= repeat.least() ? 1 : 0),
                            all.chain() + once.chain()));
                }
                yield all;
            }
        };
    }

    private Cost sequenceCost(List<Item> items, int depth) throws Refused {
        Cost cost = new Cost(0, 1, 0);
        int chain = 0;
        for (Item item : items) {
            Cost part = cost(item, depth);
            cost = bounded(new Cost(
                    cost.ways() + cost.empties() * part.ways(), cost.empties() * part.empties(), chain + part.chain()));
            chain = cost.chain();
            if (cost.empties() == 0) {
                break;
            }
        }
        return cost;
    }

    private static Cost bounded(Cost cost) throws Refused {
        if (cost.ways() > MOST_WAYS || cost.empties() > MOST_WAYS) {
            throw new Refused("is too ambiguous: there are more than " + MOST_WAYS
                    + " ways to reach the first character of a rule");
        }
        return cost;
    }
}
