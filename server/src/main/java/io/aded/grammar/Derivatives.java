package io.aded.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What several regular expressions, and a length, ask of one text together, as a deterministic automaton.
 *
 * <p>Brzozowski's derivatives (1964): the derivative of a language by a character is what may follow that character.
 * Intersection and complement are as simple as alternatives are, so looking ahead is an intersection with what comes
 * after. Terms are kept once each, with alternatives sorted, which makes them finitely many (Owens, Reppy and Turon
 * 2009). There may still be many, so states and steps are bounded.
 */
final class Derivatives {
    private static final int MOST_STATES = 5_000;
    private static final int MOST_TERMS = 200_000;
    private static final int MOST_PARTS = 2_000;

    private static final int NOTHING = 0;
    private static final int EMPTY = 1;

    /** Where an expression stands in the text: what an anchor at the beginning has to know. */
    private enum Place {
        START,
        LATER,
        UNKNOWN
    }

    private enum Kind {
        NOTHING,
        EMPTY,
        CHARACTERS,
        SEQUENCE,
        CHOICE,
        BOTH,
        OPPOSITE,
        REPEAT
    }

    /**
     * A language.
     *
     * @param arguments numbers of other terms; of a repetition, term and bounds; of characters, the set's number
     */
    private record Term(Kind kind, List<Integer> arguments) {}

    private final List<Term> terms = new ArrayList<>();
    private final List<Boolean> nullable = new ArrayList<>();
    private final Map<Term, Integer> numbers = new HashMap<>();
    private final List<CharacterSet> sets = new ArrayList<>();
    private final Map<Long, Integer> known = new HashMap<>();

    /** Characters that no set tells apart: the first of each class, and all of them. */
    private int[] firsts = {};

    private CharacterSet[] classes = {};

    private final int anyText;
    private final Effort effort;

    private Derivatives(Effort effort) throws GrammarRefused {
        this.effort = effort;
        number(new Term(Kind.NOTHING, List.of()), false);
        number(new Term(Kind.EMPTY, List.of()), true);
        anyText = repeat(characters(CharacterSet.all()), 0, Pattern.UNBOUNDED);
    }

    /**
     * A state: where the text may end, and where characters lead.
     *
     * @param ends whether the text may end here
     * @param next the states that follow, each with its characters
     */
    record State(boolean ends, Map<Integer, CharacterSet> next) {}

    /**
     * The automaton of the texts in which each expression matches somewhere and whose length is within bounds. State 0
     * is the first; from each the end can be reached.
     *
     * @param most {@link Pattern#UNBOUNDED} for no bound
     * @throws GrammarRefused if there is no such text, or the automaton is too large
     */
    static List<State> of(List<Expression> expressions, int least, int most, Effort effort) throws GrammarRefused {
        Derivatives derivatives = new Derivatives(effort);
        List<Integer> all = new ArrayList<>();
        for (Expression expression : expressions) {
            derivatives.requireFewParts(expression);
            int later = derivatives.term(expression, derivatives.anyText, Place.LATER);
            int before = derivatives.repeat(derivatives.characters(CharacterSet.all()), 1, Pattern.UNBOUNDED);
            all.add(derivatives.choice(List.of(
                    derivatives.term(expression, derivatives.anyText, Place.START),
                    derivatives.sequence(before, later))));
        }
        if (least > 0 || most != Pattern.UNBOUNDED) {
            all.add(derivatives.repeat(derivatives.characters(CharacterSet.all()), least, most));
        }
        return derivatives.automaton(derivatives.both(all));
    }

    /** As {@link #of}, for the texts that an expression matches as a whole. */
    static List<State> whole(Expression expression, Effort effort) throws GrammarRefused {
        Derivatives derivatives = new Derivatives(effort);
        derivatives.requireFewParts(expression);
        return derivatives.automaton(derivatives.term(expression, EMPTY, Place.START));
    }

    // --- terms

    private int number(Term term, boolean isNullable) throws GrammarRefused {
        Integer before = numbers.get(term);
        if (before != null) {
            return before;
        }
        effort.spend(term.arguments().size());
        if (terms.size() == MOST_TERMS) {
            throw tooLarge();
        }
        numbers.put(term, terms.size());
        terms.add(term);
        nullable.add(isNullable);
        return terms.size() - 1;
    }

    private static GrammarRefused tooLarge() {
        return new GrammarRefused("needs more than " + MOST_STATES
                + " states, where it looks ahead or stands together with a format, a length or another pattern");
    }

    private int characters(CharacterSet set) throws GrammarRefused {
        effort.spend(sets.size());
        int index = sets.indexOf(set);
        if (index < 0) {
            index = sets.size();
            sets.add(set);
        }
        return number(new Term(Kind.CHARACTERS, List.of(index)), false);
    }

    private int sequence(int a, int b) throws GrammarRefused {
        if (a == NOTHING || b == NOTHING) {
            return NOTHING;
        }
        if (a == EMPTY || b == EMPTY) {
            return a == EMPTY ? b : a;
        }
        Term first = terms.get(a);
        if (first.kind() == Kind.SEQUENCE) {
            return sequence(first.arguments().get(0), sequence(first.arguments().get(1), b));
        }
        return number(new Term(Kind.SEQUENCE, List.of(a, b)), nullable.get(a) && nullable.get(b));
    }

    private int choice(List<Integer> ways) throws GrammarRefused {
        effort.spend(ways.size());
        TreeSet<Integer> all = new TreeSet<>();
        for (int way : ways) {
            if (terms.get(way).kind() == Kind.CHOICE) {
                all.addAll(terms.get(way).arguments());
            } else if (way != NOTHING) {
                all.add(way);
            }
        }
        if (all.contains(anyText)) {
            return anyText;
        }
        if (all.size() < 2) {
            return all.isEmpty() ? NOTHING : all.first();
        }
        return number(new Term(Kind.CHOICE, List.copyOf(all)), all.stream().anyMatch(nullable::get));
    }

    private int both(List<Integer> ways) throws GrammarRefused {
        effort.spend(ways.size());
        TreeSet<Integer> all = new TreeSet<>();
        for (int way : ways) {
            if (terms.get(way).kind() == Kind.BOTH) {
                all.addAll(terms.get(way).arguments());
            } else if (way != anyText) {
                all.add(way);
            }
        }
        if (all.contains(NOTHING)) {
            return NOTHING;
        }
        if (all.contains(EMPTY)) {
            return all.stream().allMatch(nullable::get) ? EMPTY : NOTHING;
        }
        if (all.size() < 2) {
            return all.isEmpty() ? anyText : all.first();
        }
        return number(new Term(Kind.BOTH, List.copyOf(all)), all.stream().allMatch(nullable::get));
    }

    private int opposite(int of) throws GrammarRefused {
        Term term = terms.get(of);
        if (term.kind() == Kind.OPPOSITE) {
            return term.arguments().getFirst();
        }
        return of == NOTHING
                ? anyText
                : of == anyText ? NOTHING : number(new Term(Kind.OPPOSITE, List.of(of)), !nullable.get(of));
    }

    private int repeat(int part, int least, int most) throws GrammarRefused {
        if (most == 0 || part == EMPTY) {
            return EMPTY;
        }
        if (part == NOTHING) {
            return least == 0 ? EMPTY : NOTHING;
        }
        // Of what may be empty, fewer is as good as more.
        int from = nullable.get(part) ? 0 : least;
        return from == 1 && most == 1 ? part : number(new Term(Kind.REPEAT, List.of(part, from, most)), from == 0);
    }

    // --- expressions

    /** Derivatives follow a term's parts to the last, part within part. */
    private void requireFewParts(Expression expression) throws GrammarRefused {
        if (parts(expression) > MOST_PARTS) {
            throw new GrammarRefused("has more than " + MOST_PARTS
                    + " parts, where it looks ahead or stands together with a format, a length or another pattern");
        }
    }

    private static int parts(Expression expression) {
        return switch (expression) {
            case Expression.Characters _, Expression.Anchor _ -> 1;
            case Expression.LookAhead(Expression what, boolean _) -> 1 + parts(what);
            case Expression.Repeat repeat -> 1 + parts(repeat.part());
            case Expression.Sequence(List<Expression> all) ->
                1 + all.stream().mapToInt(Derivatives::parts).sum();
            case Expression.Choice(List<Expression> all) ->
                1 + all.stream().mapToInt(Derivatives::parts).sum();
        };
    }

    /** What an expression matches, followed by {@code rest}, which reaches to the end of the text. */
    private int term(Expression expression, int rest, Place place) throws GrammarRefused {
        return switch (expression) {
            case Expression.Characters(CharacterSet set) -> sequence(characters(set), rest);
            case Expression.Anchor(boolean isEnd) -> {
                if (isEnd) {
                    yield both(List.of(EMPTY, rest));
                }
                if (place == Place.UNKNOWN) {
                    throw new GrammarRefused("has an anchor behind what may match nothing, which cannot be kept");
                }
                yield place == Place.START ? rest : NOTHING;
            }
            case Expression.LookAhead(Expression what, boolean negated) -> {
                int ahead = term(what, anyText, place);
                yield both(List.of(negated ? opposite(ahead) : ahead, rest));
            }
            case Expression.Sequence(List<Expression> parts) -> {
                Place[] places = new Place[parts.size()];
                Place here = place;
                for (int i = 0; i < places.length; i++) {
                    places[i] = here;
                    here = after(parts.get(i), here);
                }
                int all = rest;
                for (int i = places.length - 1; i >= 0; i--) {
                    all = term(parts.get(i), all, places[i]);
                }
                yield all;
            }
            case Expression.Choice(List<Expression> alternatives) -> {
                List<Integer> ways = new ArrayList<>();
                for (Expression alternative : alternatives) {
                    ways.add(term(alternative, rest, place));
                }
                yield choice(ways);
            }
            case Expression.Repeat(Expression part, int least, int most) -> {
                if (most == 0) {
                    yield rest;
                }
                if (most == 1) {
                    int once = term(part, rest, place);
                    yield least == 0 ? choice(List.of(once, rest)) : once;
                }
                if (looksAround(part)) {
                    throw new GrammarRefused(
                            "has an anchor or looks ahead within what is repeated, which cannot be kept");
                }
                yield sequence(repeat(term(part, EMPTY, Place.UNKNOWN), least, most), rest);
            }
        };
    }

    private static Place after(Expression part, Place before) {
        if (part instanceof Expression.Anchor || part instanceof Expression.LookAhead || before == Place.LATER) {
            return before;
        }
        return part instanceof Expression.Characters ? Place.LATER : Place.UNKNOWN;
    }

    private static boolean looksAround(Expression expression) {
        return switch (expression) {
            case Expression.Characters _ -> false;
            case Expression.Anchor _, Expression.LookAhead _ -> true;
            case Expression.Repeat repeat -> looksAround(repeat.part());
            case Expression.Sequence(List<Expression> parts) -> parts.stream().anyMatch(Derivatives::looksAround);
            case Expression.Choice(List<Expression> ways) -> ways.stream().anyMatch(Derivatives::looksAround);
        };
    }

    // --- derivatives

    private int derivative(int of, int type) throws GrammarRefused {
        if (of == NOTHING || of == EMPTY) {
            return NOTHING;
        }
        // A Long's hash folds its halves onto each other; an odd factor keeps keys apart and spreads them.
        long key = ((long) of << 32 | type) * 0x9E3779B97F4A7C15L;
        Integer before = known.get(key);
        if (before != null) {
            return before;
        }
        if (known.size() > 10 * MOST_TERMS) {
            throw tooLarge();
        }
        Term term = terms.get(of);
        List<Integer> arguments = term.arguments();
        int result = switch (term.kind()) {
            case NOTHING, EMPTY -> NOTHING;
            case CHARACTERS -> sets.get(arguments.getFirst()).contains(firsts[type]) ? EMPTY : NOTHING;
            case SEQUENCE -> {
                int first = sequence(derivative(arguments.get(0), type), arguments.get(1));
                yield nullable.get(arguments.get(0))
                        ? choice(List.of(first, derivative(arguments.get(1), type)))
                        : first;
            }
            case CHOICE -> choice(derivatives(arguments, type));
            case BOTH -> both(derivatives(arguments, type));
            case OPPOSITE -> opposite(derivative(arguments.getFirst(), type));
            case REPEAT -> {
                int most = arguments.get(2);
                int rest = repeat(
                        arguments.get(0),
                        Math.max(0, arguments.get(1) - 1),
                        most == Pattern.UNBOUNDED ? most : most - 1);
                yield sequence(derivative(arguments.get(0), type), rest);
            }
        };
        known.put(key, result);
        return result;
    }

    private List<Integer> derivatives(List<Integer> of, int type) throws GrammarRefused {
        List<Integer> all = new ArrayList<>(of.size());
        for (int one : of) {
            all.add(derivative(one, type));
        }
        return all;
    }

    // --- the automaton

    /** Cuts the characters at every range's ends, and puts those together that are in the same sets. */
    private void classify() {
        TreeSet<Integer> cuts = new TreeSet<>(List.of(0, (int) Character.MIN_SURROGATE, Character.MAX_SURROGATE + 1));
        for (CharacterSet set : sets) {
            int[] ranges = set.ranges();
            for (int i = 0; i < ranges.length; i += 2) {
                cuts.add(ranges[i]);
                cuts.add(ranges[i + 1] + 1);
            }
        }
        cuts.remove(Character.MAX_CODE_POINT + 1);
        Map<BitSet, CharacterSet> together = new LinkedHashMap<>();
        for (int from : cuts) {
            Integer next = cuts.higher(from);
            if (from == Character.MIN_SURROGATE || from > Character.MIN_SURROGATE && from <= Character.MAX_SURROGATE) {
                continue; // no text has them
            }
            BitSet in = new BitSet();
            for (int set = 0; set < sets.size(); set++) {
                in.set(set, sets.get(set).contains(from));
            }
            together.computeIfAbsent(in, _ -> new CharacterSet())
                    .add(from, next == null ? Character.MAX_CODE_POINT : next - 1);
        }
        classes = together.values().toArray(new CharacterSet[0]);
        firsts = Arrays.stream(classes).mapToInt(set -> set.ranges()[0]).toArray();
    }

    private List<State> automaton(int start) throws GrammarRefused {
        classify();
        List<Integer> order = new ArrayList<>(List.of(start));
        Map<Integer, Integer> places = new HashMap<>(Map.of(start, 0));
        List<Map<Integer, CharacterSet>> next = new ArrayList<>();
        for (int state = 0; state < order.size(); state++) {
            Map<Integer, CharacterSet> to = new TreeMap<>();
            for (int type = 0; type < classes.length; type++) {
                int term = derivative(order.get(state), type);
                if (term == NOTHING) {
                    continue;
                }
                Integer place = places.get(term);
                if (place == null) {
                    if (order.size() == MOST_STATES) {
                        throw tooLarge();
                    }
                    place = order.size();
                    places.put(term, place);
                    order.add(term);
                }
                to.computeIfAbsent(place, _ -> new CharacterSet()).addAll(classes[type]);
            }
            next.add(to);
        }
        return alive(order, next);
    }

    /** Leaves out the states from which no end is reached. */
    private List<State> alive(List<Integer> order, List<Map<Integer, CharacterSet>> next) throws GrammarRefused {
        List<List<Integer>> before = new ArrayList<>();
        order.forEach(_ -> before.add(new ArrayList<>()));
        List<Integer> queue = new ArrayList<>();
        boolean[] lives = new boolean[order.size()];
        for (int state = 0; state < order.size(); state++) {
            for (int to : next.get(state).keySet()) {
                before.get(to).add(state);
            }
            if (nullable.get(order.get(state))) {
                lives[state] = true;
                queue.add(state);
            }
        }
        for (int i = 0; i < queue.size(); i++) {
            for (int state : before.get(queue.get(i))) {
                if (!lives[state]) {
                    lives[state] = true;
                    queue.add(state);
                }
            }
        }
        if (!lives[0]) {
            throw new GrammarRefused("allows nothing: no text fits all that is asked");
        }
        int[] numbered = new int[order.size()];
        int count = 0;
        for (int state = 0; state < order.size(); state++) {
            numbered[state] = lives[state] ? count++ : -1;
        }
        List<State> states = new ArrayList<>();
        for (int state = 0; state < order.size(); state++) {
            if (lives[state]) {
                Map<Integer, CharacterSet> to = new TreeMap<>();
                next.get(state).forEach((target, set) -> {
                    if (lives[target]) {
                        to.put(numbered[target], set);
                    }
                });
                states.add(new State(nullable.get(order.get(state)), to));
            }
        }
        return states;
    }
}
