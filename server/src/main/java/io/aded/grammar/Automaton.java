package io.aded.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A grammar as a recursive transition network over bytes: a finite automaton for each rule, whose edges read a byte,
 * read nothing, or call another rule. Immutable.
 *
 * <p>Its size is the grammar's: repetitions of more than a character refer to a rule of their own instead of being
 * written out, and it is bounded ({@link AutomatonBuilder#MOST_NODES}). Left recursion, by which a rule could call
 * itself without having read anything, is refused: everything else here, and {@link Machine}, relies on that.
 */
final class Automaton {
    /** Places in a repetition that differ only in how many are left are alike where so many are, or more. */
    static final int FAR = 32;

    /** What a node reads as a token that reads none. */
    static final int NO_TOKEN = Integer.MIN_VALUE;

    /** The deepest nesting of patterns within a rule. */
    static final int DEEPEST = 500;

    /** Byte edges of node n: from first[n] to first[n + 1], exclusive, of these three. */
    private final int[] firstByteEdge;

    private final byte[] low;
    private final byte[] high;
    private final int[] byteTarget;

    /** Edges of node n that read nothing: a target, and the rule that is called on the way or -1. */
    private final int[] firstSilentEdge;

    private final int[] silentTarget;
    private final int[] called;

    /** By node: the token that it reads, {@code ~id} for any other; and where that leads. Empty if no node does. */
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

    private Automaton(AutomatonBuilder builder, int root) throws GrammarRefused {
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
        AutomatonBuilder builder = new AutomatonBuilder(rules);
        builder.build();
        return new Automaton(builder, rules.root());
    }

    /**
     * Sorts the rules so that each comes before those that it can call before it has read anything; depth first and
     * without recursion, since a chain of rules may be as long as the grammar.
     */
    private int[] callersFirst(AutomatonBuilder builder) throws GrammarRefused {
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
        boolean tail = !reads(node) && (ends[node] ? silent == 0 : silent > 0) && depth < DEEPEST;
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

    /** Whether a node reads a token by its name. */
    boolean readsToken(int node) {
        return token(node) != NO_TOKEN;
    }

    /** Whether a node reads anything: a byte, or a token by its name. */
    boolean reads(int node) {
        return firstByteEdge[node + 1] > firstByteEdge[node] || readsToken(node);
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
}
