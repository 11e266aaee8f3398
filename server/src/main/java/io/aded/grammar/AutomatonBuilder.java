package io.aded.grammar;

import io.aded.model.Patience;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Writes patterns out as nodes and edges (Thompson's construction). */
final class AutomatonBuilder {
    /** The most nodes; a grammar that needs more is refused. */
    static final int MOST_NODES = 400_000;

    /** The most edges of sets of characters; a set of many ranges has hundreds. */
    private static final int MOST_EDGES = 2_000_000;

    private final Rules rules;
    final List<List<int[]>> bytes = new ArrayList<>();
    final List<List<int[]>> silent = new ArrayList<>();
    /** By node: the token that it reads or does not, and a target. Such a node reads nothing else. */
    final Map<Integer, int[]> tokens = new HashMap<>();

    final List<Integer> ruleStarts = new ArrayList<>();
    final List<Integer> ruleEnds = new ArrayList<>();
    /** Repeated patterns that became rules; by identity, since that is how they are met again. */
    private final Map<Pattern, Integer> hoisted = new IdentityHashMap<>();

    private final List<Pattern> pending = new ArrayList<>();
    /** The rule as written that each rule is, or is a part of. */
    private final List<Integer> written = new ArrayList<>();

    final List<Integer> ruleOf = new ArrayList<>();
    boolean[] beginsHere = {};
    int[] alike = new int[64];
    private int rule;
    int nodes;
    private int edges;
    private int depth;

    AutomatonBuilder(Rules rules) {
        this.rules = rules;
        for (Pattern body : rules.bodies()) {
            written.add(pending.size());
            pending.add(body);
        }
    }

    String name(int rule) {
        return rules.names().get(written.get(rule));
    }

    void build() throws GrammarRefused {
        for (rule = 0; rule < pending.size(); rule++) {
            int start = node();
            ruleStarts.add(start);
            ruleEnds.add(build(pending.get(rule), start));
        }
        passEmptyRulesBy();
    }

    /**
     * A call of a rule that may match nothing gets an edge around it. Finds which rules may, and which nodes are
     * reached from the start of their rule by reading nothing.
     */
    private void passEmptyRulesBy() {
        beginsHere = new boolean[nodes];
        boolean[] isEnd = new boolean[nodes];
        ruleEnds.forEach(end -> isEnd[end] = true);
        boolean[] nullable = new boolean[pending.size()];
        List<List<Integer>> waiting = new ArrayList<>(); // by rule: where its calls return to
        pending.forEach(_ -> waiting.add(new ArrayList<>(0)));
        int[] queue = new int[nodes];
        int queued = 0;
        for (int start : ruleStarts) {
            beginsHere[start] = true;
            queue[queued++] = start;
        }
        for (int i = 0; i < queued; i++) {
            int node = queue[i];
            List<Integer> reached = new ArrayList<>();
            if (isEnd[node] && !nullable[ruleOf.get(node)]) {
                nullable[ruleOf.get(node)] = true;
                reached.addAll(waiting.get(ruleOf.get(node)));
            }
            for (int[] edge : silent.get(node)) {
                if (edge[0] < 0 || nullable[edge[0]]) {
                    reached.add(edge[1]);
                } else {
                    waiting.get(edge[0]).add(edge[1]);
                }
            }
            for (int target : reached) {
                if (!beginsHere[target]) {
                    beginsHere[target] = true;
                    queue[queued++] = target;
                }
            }
        }
        for (List<int[]> from : silent) {
            for (int i = from.size() - 1; i >= 0; i--) {
                if (from.get(i)[0] >= 0 && nullable[from.get(i)[0]]) {
                    from.add(new int[] {-1, from.get(i)[1]});
                }
            }
        }
    }

    private int node() throws GrammarRefused {
        if (nodes == MOST_NODES) {
            throw new GrammarRefused("is too large: it needs more than " + MOST_NODES + " states");
        }
        if ((nodes & 1023) == 0) {
            Patience.check();
        }
        bytes.add(new ArrayList<>(1));
        silent.add(new ArrayList<>(1));
        ruleOf.add(rule);
        if (nodes == alike.length) {
            alike = Arrays.copyOf(alike, nodes * 2);
        }
        alike[nodes] = nodes;
        return nodes++;
    }

    private void silent(int from, int to) {
        silent.get(from).add(new int[] {-1, to});
    }

    /** Adds what reads a pattern from a node on, and returns where it has been read. */
    private int build(Pattern pattern, int from) throws GrammarRefused {
        if (++depth > Automaton.DEEPEST) {
            throw new GrammarRefused("nests deeper than " + Automaton.DEEPEST + " levels");
        }
        int to = switch (pattern) {
            case Pattern.Characters(int[] ranges) -> characters(ranges, from);
            case Pattern.Token(int id, boolean negated) -> {
                int at = node();
                silent(from, at);
                int end = node();
                tokens.put(at, new int[] {negated ? ~id : id, end});
                yield end;
            }
            case Pattern.Reference(int rule) -> call(rule, from);
            case Pattern.Sequence(List<Pattern> parts) -> {
                int at = from;
                for (Pattern part : parts) {
                    at = build(part, at);
                }
                yield at;
            }
            case Pattern.Choice(List<Pattern> alternatives) -> {
                int end = node();
                for (Pattern alternative : alternatives) {
                    int start = node();
                    silent(from, start);
                    silent(build(alternative, start), end);
                }
                yield end;
            }
            case Pattern.Repeat repeat -> repeat(repeat, from);
        };
        depth--;
        return to;
    }

    /** Whether a rule may match nothing, as far as its own pattern tells: not beyond the rules that it calls. */
    private boolean mayBeEmpty(int rule) {
        return mayBeEmpty(pending.get(rule), 0);
    }

    private static boolean mayBeEmpty(Pattern pattern, int depth) {
        return switch (pattern) {
            case Pattern.Characters _, Pattern.Token _ -> false;
            case Pattern.Reference _ -> true;
            case Pattern.Sequence(List<Pattern> parts) ->
                depth > Automaton.DEEPEST || parts.stream().allMatch(part -> mayBeEmpty(part, depth + 1));
            case Pattern.Choice(List<Pattern> ways) ->
                depth > Automaton.DEEPEST || ways.stream().anyMatch(way -> mayBeEmpty(way, depth + 1));
            case Pattern.Repeat(Pattern part, int least, int _) ->
                least == 0 || depth > Automaton.DEEPEST || mayBeEmpty(part, depth + 1);
        };
    }

    private int call(int rule, int from) throws GrammarRefused {
        int to = node();
        silent.get(from).add(new int[] {rule, to});
        return to;
    }

    private int characters(int[] ranges, int from) throws GrammarRefused {
        int to = node();
        List<int[]> sequences = new ArrayList<>();
        for (int i = 0; i < ranges.length; i += 2) {
            Utf8Ranges.split(
                    ranges[i], ranges[i + 1], (bounds, length) -> sequences.add(Arrays.copyOf(bounds, 2 * length)));
        }
        // Sequences with the same tail share its nodes: most of a large set ends in "any continuation byte".
        Map<String, Integer> tails = new HashMap<>();
        for (int[] sequence : sequences) {
            int target = to;
            edges += sequence.length / 2;
            for (int i = sequence.length - 2; i > 0; i -= 2) {
                String key = sequence[i] + "-" + sequence[i + 1] + ">" + target;
                Integer known = tails.get(key);
                if (known == null) {
                    known = node();
                    bytes.get(known).add(new int[] {sequence[i], sequence[i + 1], target});
                    tails.put(key, known);
                }
                target = known;
            }
            bytes.get(from).add(new int[] {sequence[0], sequence[1], target});
        }
        if (edges > MOST_EDGES) {
            throw new GrammarRefused("is too large: its sets of characters need more than " + MOST_EDGES + " edges");
        }
        return to;
    }

    /** Whether a pattern may as well be written out again and again. */
    private static boolean isSmall(Pattern part) {
        return part instanceof Pattern.Reference
                || part instanceof Pattern.Characters(int[] ranges)
                        && ranges.length <= 8
                        && (ranges.length == 0 || ranges[ranges.length - 1] < 0x80);
    }

    private int repeat(Pattern.Repeat repeat, int from) throws GrammarRefused {
        Pattern part = repeat.part();
        int copies = Math.max(repeat.least(), repeat.most());
        if (copies > 2 && !isSmall(part)) {
            Integer known = hoisted.get(part);
            if (known == null) {
                known = pending.size();
                pending.add(part);
                written.add(written.get(rule));
                hoisted.put(part, known);
            }
            part = new Pattern.Reference(known);
        }
        // Of what may be empty, a count says nothing of bytes.
        boolean counts = part instanceof Pattern.Characters
                || part instanceof Pattern.Reference(int called) && !mayBeEmpty(called);
        int at = from;
        int needed = -1;
        for (int i = 0; i < repeat.least(); i++) {
            at = build(part, at);
            if (counts && repeat.least() - i - 1 >= Automaton.FAR) {
                needed = needed < 0 ? at : needed;
                alike[at] = needed;
            }
        }
        if (repeat.most() == Pattern.UNBOUNDED) {
            int loop = node();
            silent(at, loop);
            silent(build(part, loop), loop);
            // A node of its own, so that what follows is not read inside the loop.
            int end = node();
            silent(loop, end);
            return end;
        }
        int end = node();
        int possible = -1;
        for (int i = repeat.least(); i < repeat.most(); i++) {
            silent(at, end);
            at = build(part, at);
            if (counts && repeat.most() - i - 1 >= Automaton.FAR) {
                possible = possible < 0 ? at : possible;
                alike[at] = possible;
            }
        }
        silent(at, end);
        return end;
    }
}
