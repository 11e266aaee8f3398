package io.aded.grammar;

import io.aded.model.Patience;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * A grammar as a recursive transition network over bytes: a finite automaton for each rule, whose edges read a byte,
 * read nothing, or call another rule. Immutable.
 *
 * <p>Its size is the grammar's: repetitions of more than a character refer to a rule of their own instead of being
 * written out, and it is bounded ({@link #MOST_NODES}). Left recursion, by which a rule could call itself without
 * having read anything, is refused: everything else here, and {@link Machine}, relies on that.
 */
final class Automaton {
    /** The most nodes; a grammar that needs more is refused. */
    static final int MOST_NODES = 400_000;

    /** The most edges of sets of characters; a set of many ranges has hundreds. */
    private static final int MOST_EDGES = 2_000_000;

    /** Places in a repetition that differ only in how many are left are alike where so many are, or more. */
    static final int FAR = 32;

    /** What a node reads as a token that reads none. */
    static final int NO_TOKEN = Integer.MIN_VALUE;

    /** The deepest nesting of patterns within a rule. */
    private static final int DEEPEST = 500;

    /** Byte edges of node n: from first[n] to first[n + 1], exclusive, of these three. */
    private final int[] firstByteEdge;

    private final byte[] low;
    private final byte[] high;
    private final int[] byteTarget;

    /** Edges of node n that read nothing: a target, and the rule that is called on the way or -1. */
    private final int[] firstSilentEdge;

    private final int[] silentTarget;
    private final int[] called;

    /** By node: the token that it reads, negated (as {@code ~id}) for any other; and where that leads. Empty if none. */
    private final int[] tokens;

    private final int[] tokenTarget;

    private final boolean[] ends;
    private final boolean[] onlyEnds;
    private final boolean[] calls;
    private final int[] alike;
    private final int[] starts;
    private final int root;

    /** Each node's rule, and whether it is reached from that rule's start by reading nothing. */
    private final int[] ruleOf;

    private final boolean[] beginsHere;

    /** Rules, callers before those they call without having read anything; and each rule's place in that order. */
    private final int[] order;

    private final int[] ranks;

    /** Bytes that no edge tells apart share a class. */
    private final byte[] classes = new byte[256];

    private final int classCount;

    private Automaton(Builder builder, int root) throws GrammarRefused {
        int nodes = builder.nodes;
        firstByteEdge = new int[nodes + 1];
        firstSilentEdge = new int[nodes + 1];
        int byteEdges = 0;
        int silentEdges = 0;
        for (int node = 0; node < nodes; node++) {
            firstByteEdge[node] = byteEdges;
            firstSilentEdge[node] = silentEdges;
            byteEdges += builder.bytes.get(node).size();
            silentEdges += builder.silent.get(node).size();
        }
        firstByteEdge[nodes] = byteEdges;
        firstSilentEdge[nodes] = silentEdges;
        low = new byte[byteEdges];
        high = new byte[byteEdges];
        byteTarget = new int[byteEdges];
        silentTarget = new int[silentEdges];
        called = new int[silentEdges];
        boolean[] boundary = new boolean[257];
        for (int node = 0; node < nodes; node++) {
            int at = firstByteEdge[node];
            for (int[] edge : builder.bytes.get(node)) {
                low[at] = (byte) edge[0];
                high[at] = (byte) edge[1];
                byteTarget[at++] = edge[2];
                boundary[edge[0]] = true;
                boundary[edge[1] + 1] = true;
            }
            at = firstSilentEdge[node];
            for (int[] edge : builder.silent.get(node)) {
                called[at] = edge[0];
                silentTarget[at++] = edge[1];
            }
        }
        tokens = new int[builder.tokens.isEmpty() ? 0 : nodes];
        tokenTarget = new int[tokens.length];
        Arrays.fill(tokens, NO_TOKEN);
        builder.tokens.forEach((node, edge) -> {
            tokens[node] = edge[0];
            tokenTarget[node] = edge[1];
        });
        int count = 0;
        for (int b = 1; b < 256; b++) {
            count += boundary[b] ? 1 : 0;
            classes[b] = (byte) count;
        }
        classCount = count + 1;
        ends = new boolean[nodes];
        for (int end : builder.ruleEnds) {
            ends[end] = true;
        }
        onlyEnds = new boolean[nodes];
        starts = builder.ruleStarts.stream().mapToInt(Integer::intValue).toArray();
        ruleOf = builder.ruleOf.stream().mapToInt(Integer::intValue).toArray();
        beginsHere = builder.beginsHere;
        alike = Arrays.copyOf(builder.alike, nodes);
        calls = new boolean[nodes];
        for (int node = 0; node < nodes; node++) {
            for (int edge = firstSilentEdge[node]; edge < firstSilentEdge[node + 1]; edge++) {
                calls[node] |= called[edge] >= 0;
            }
        }
        this.root = root;
        ranks = new int[starts.length];
        order = callersFirst(builder);
        findTails();
    }

    /**
     * The automaton of a grammar.
     *
     * @throws GrammarRefused if it is left-recursive or too large
     */
    static Automaton of(Rules rules) throws GrammarRefused {
        Builder builder = new Builder(rules);
        builder.build();
        return new Automaton(builder, rules.root());
    }

    /**
     * Sorts the rules so that each comes before those that it can call before it has read anything; depth first and
     * without recursion, since a chain of rules may be as long as the grammar.
     */
    private int[] callersFirst(Builder builder) throws GrammarRefused {
        int rules = starts.length;
        List<List<Integer>> firsts = new ArrayList<>();
        for (int rule = 0; rule < rules; rule++) {
            firsts.add(new ArrayList<>(2));
        }
        for (int node = 0; node < ruleOf.length; node++) {
            if (beginsHere[node] && calls[node]) {
                for (int edge = firstSilentEdge[node]; edge < firstSilentEdge[node + 1]; edge++) {
                    if (called[edge] >= 0) {
                        firsts.get(ruleOf[node]).add(called[edge]);
                    }
                }
            }
        }
        byte[] states = new byte[rules]; // 0 not seen, 1 on the way, 2 done
        int[] next = new int[rules];
        int[] way = new int[rules];
        int[] order = new int[rules];
        int free = rules;
        for (int start = 0; start < rules; start++) {
            int depth = 0;
            if (states[start] == 0) {
                states[start] = 1;
                way[depth++] = start;
            }
            while (depth > 0) {
                int rule = way[depth - 1];
                if (next[rule] == firsts.get(rule).size()) {
                    states[rule] = 2;
                    order[--free] = rule;
                    ranks[rule] = free;
                    depth--;
                    continue;
                }
                int callee = firsts.get(rule).get(next[rule]++);
                if (states[callee] == 1) {
                    throw new GrammarRefused("has the left-recursive rule " + builder.name(callee)
                            + ": it can begin with itself before any character is read");
                }
                if (states[callee] == 0) {
                    states[callee] = 1;
                    way[depth++] = callee;
                }
            }
        }
        return order;
    }

    /** A call whose return leads only to the end of its own rule needs no return: loops then need no stack. */
    private void findTails() {
        // 0 unknown, 1 in progress, 2 no, 3 yes
        byte[] known = new byte[ends.length];
        for (int node = 0; node < ends.length; node++) {
            onlyEnds[node] = onlyEnds(node, known, 0);
        }
    }

    private boolean onlyEnds(int node, byte[] known, int depth) {
        if (known[node] != 0) {
            return known[node] == 3;
        }
        known[node] = 1;
        int silent = firstSilentEdge[node + 1] - firstSilentEdge[node];
        boolean reads = firstByteEdge[node + 1] > firstByteEdge[node] || token(node) != NO_TOKEN;
        boolean tail = !reads && (ends[node] ? silent == 0 : silent > 0) && depth < DEEPEST;
        for (int edge = firstSilentEdge[node]; tail && edge < firstSilentEdge[node + 1]; edge++) {
            tail = called[edge] < 0 && onlyEnds(silentTarget[edge], known, depth + 1);
        }
        known[node] = (byte) (tail ? 3 : 2);
        return tail;
    }

    /** What it takes of memory, about, in bytes. */
    long size() {
        return 32L * ends.length + 6L * byteTarget.length + 8L * called.length;
    }

    int nodes() {
        return ends.length;
    }

    int rootStart() {
        return starts[root];
    }

    int ruleStart(int rule) {
        return starts[rule];
    }

    int rules() {
        return starts.length;
    }

    /** The rule that a node belongs to. */
    int ruleOf(int node) {
        return ruleOf[node];
    }

    /** Whether a node is reached from the start of its rule by reading nothing. */
    boolean beginsHere(int node) {
        return beginsHere[node];
    }

    /** The first node that is like this one for the next {@link #FAR} bytes. */
    int alike(int node) {
        return alike[node];
    }

    /** Whether an edge of this node calls a rule. */
    boolean calls(int node) {
        return calls[node];
    }

    /** A rule's place in the order in which each comes before those that it can call before it has read anything. */
    int rank(int rule) {
        return ranks[rule];
    }

    /** The rule at a place of that order. */
    int ruleAt(int rank) {
        return order[rank];
    }

    /** Whether a rule may end at this node. */
    boolean ends(int node) {
        return ends[node];
    }

    /** Whether nothing but the end of its rule can follow this node. */
    boolean onlyEnds(int node) {
        return onlyEnds[node];
    }

    /** The classes that bytes fall into: 1 to 256. */
    int classCount() {
        return classCount;
    }

    /** The class of a byte, 0 to {@link #classCount} exclusive. */
    int classOf(byte b) {
        return classes[b & 0xFF] & 0xFF;
    }

    int byteEdges(int node) {
        return firstByteEdge[node];
    }

    int byteEdgesEnd(int node) {
        return firstByteEdge[node + 1];
    }

    /** Whether an edge reads a byte. */
    boolean reads(int edge, byte b) {
        int value = b & 0xFF;
        return value >= (low[edge] & 0xFF) && value <= (high[edge] & 0xFF);
    }

    int low(int edge) {
        return low[edge] & 0xFF;
    }

    int high(int edge) {
        return high[edge] & 0xFF;
    }

    int byteTarget(int edge) {
        return byteTarget[edge];
    }

    /** Whether tokens are named in the grammar. */
    boolean hasTokens() {
        return tokens.length > 0;
    }

    /** The token that a node reads, {@code ~id} if it reads any other, {@link #NO_TOKEN} if it reads none. */
    int token(int node) {
        return tokens.length == 0 ? NO_TOKEN : tokens[node];
    }

    /** Where a node's token leads. */
    int tokenTarget(int node) {
        return tokenTarget[node];
    }

    int silentEdges(int node) {
        return firstSilentEdge[node];
    }

    int silentEdgesEnd(int node) {
        return firstSilentEdge[node + 1];
    }

    int silentTarget(int edge) {
        return silentTarget[edge];
    }

    /** The rule that an edge calls, or -1. */
    int called(int edge) {
        return called[edge];
    }

    /** Writes patterns out as nodes and edges (Thompson's construction). */
    private static final class Builder {
        private final Rules rules;
        private final List<List<int[]>> bytes = new ArrayList<>();
        private final List<List<int[]>> silent = new ArrayList<>();
        /** By node: the token that it reads or does not, and a target. Such a node reads nothing else. */
        private final Map<Integer, int[]> tokens = new HashMap<>();

        private final List<Integer> ruleStarts = new ArrayList<>();
        private final List<Integer> ruleEnds = new ArrayList<>();
        /** Repeated patterns that became rules; by identity, since that is how they are met again. */
        private final Map<Pattern, Integer> hoisted = new IdentityHashMap<>();

        private final List<Pattern> pending = new ArrayList<>();
        /** The rule as written that each rule is, or is a part of. */
        private final List<Integer> written = new ArrayList<>();

        private final List<Integer> ruleOf = new ArrayList<>();
        private boolean[] beginsHere = {};
        private int[] alike = new int[64];
        private int rule;
        private int nodes;
        private int edges;
        private int depth;

        Builder(Rules rules) {
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
            if (++depth > DEEPEST) {
                throw new GrammarRefused("nests deeper than " + DEEPEST + " levels");
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
                    depth > DEEPEST || parts.stream().allMatch(part -> mayBeEmpty(part, depth + 1));
                case Pattern.Choice(List<Pattern> ways) ->
                    depth > DEEPEST || ways.stream().anyMatch(way -> mayBeEmpty(way, depth + 1));
                case Pattern.Repeat(Pattern part, int least, int _) ->
                    least == 0 || depth > DEEPEST || mayBeEmpty(part, depth + 1);
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
                throw new GrammarRefused(
                        "is too large: its sets of characters need more than " + MOST_EDGES + " edges");
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
                if (counts && repeat.least() - i - 1 >= FAR) {
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
                if (counts && repeat.most() - i - 1 >= FAR) {
                    possible = possible < 0 ? at : possible;
                    alike[at] = possible;
                }
            }
            silent(at, end);
            return end;
        }
    }
}
