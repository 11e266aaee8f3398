package io.aded.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * All places that are reached from some without reading anything. Used again and again by one {@link Machine}.
 *
 * <h2>Polynomial whatever the grammar</h2>
 *
 * As in Earley's recogniser (1970) and in GLL (Scott and Johnstone 2010), a rule that is called at some point of the
 * text is called there once, whoever calls it: its ways out are one vertex with an edge for each caller. What happens
 * between two bytes is done in two parts. First, from where a byte was read: along edges that read nothing, and out of
 * rules that end here; each pair of node and vertex is visited once. Rules that may match the empty text are passed by
 * an edge of their own ({@link Automaton}), as Aycock and Horspool (2002) have it, so a rule that begins here never has
 * to be left here. Second, into rules: since none can call itself before anything is read, callers come before those
 * they call in a fixed order, and each vertex is complete when it is needed.
 */
final class Closure {
    private static final int NONE = -1;

    /** The most visits of one closure. */
    private static final int MOST_WORK = 200_000;

    private final Automaton automaton;
    private final Returns.Gathering gathering;
    private final Returns.Stacks stacks;

    /** What the caller's question may still cost, in visits. */
    private long budget = Long.MAX_VALUE;

    private int work;
    private boolean accepts;
    private boolean escapes;

    /** Pairs of a node and ways out of it, in the order in which they were reached; those of a node are linked. */
    private int[] pairNode = new int[64];

    private @Nullable Returns[] pairReturns = new Returns[64];
    private int[] pairNext = new int[64];
    private int pairs;

    /** The pairs by their hash: index + 1. */
    private int[] table = new int[256];

    /** A node's last pair, or NONE. */
    private final int[] head;

    /** Nodes that were reached. */
    private int[] touched = new int[64];

    private int touchedCount;
    private final boolean[] isTouched;

    /** Nodes reached from the start of their rule, which was called in this closure: their rule's number + 1. */
    private final int[] begun;

    /** Rules that were called, and rules whose turn must be waited for, by rank. */
    private final Returns.@Nullable Gathering[] callers;

    private final @Nullable Returns[] vertices;
    private final long[] waiting;
    private int firstWaiting;
    private int[] calledRules = new int[16];
    private int calledCount;
    private int[] stack = new int[64];

    /** By rule: the last of the touched places that wait for its turn, as index + 1; and by place, the one before. */
    private final int[] deferred;

    private int[] deferredBefore = new int[64];

    Closure(Automaton automaton, Returns.Stacks stacks) {
        this.automaton = automaton;
        this.stacks = stacks;
        gathering = new Returns.Gathering(stacks);
        head = new int[automaton.nodes()];
        Arrays.fill(head, NONE);
        isTouched = new boolean[automaton.nodes()];
        begun = new int[automaton.nodes()];
        deferred = new int[automaton.rules()];
        callers = new Returns.Gathering[automaton.rules()];
        vertices = new Returns[automaton.rules()];
        waiting = new long[automaton.rules() + 63 >> 6];
        firstWaiting = waiting.length;
    }

    /** A question begins that may cost so many visits in all; beyond them it fails. */
    void allow(long visits) {
        budget = visits;
    }

    private void spend(int visits) {
        work += visits;
        budget -= visits;
        if (work > MOST_WORK || budget < 0) {
            reset();
            throw new GrammarExhausted("is too ambiguous: one more character can be read in too many ways");
        }
    }

    /** Adds a place, and what follows from it by reading nothing and by leaving rules. */
    void reach(int node, Returns returns) {
        int before = pairs;
        visit(node, returns);
        for (int pair = before; pair < pairs; pair++) {
            int at = pairNode[pair];
            Returns out = returnsOf(pair);
            if (automaton.ends(at)) {
                accepts |= out.bottom();
                escapes |= out.outside();
                for (int frame = 0; frame < out.frames(); frame++) {
                    visit(out.node(frame), out.beyond(frame));
                }
            }
            for (int edge = automaton.silentEdges(at); edge < automaton.silentEdgesEnd(at); edge++) {
                if (automaton.called(edge) < 0) {
                    visit(automaton.silentTarget(edge), out);
                }
            }
        }
    }

    private Returns returnsOf(int pair) {
        Returns returns = pairReturns[pair];
        return returns == null ? stacks.bottom() : returns;
    }

    @SuppressWarnings("ReferenceEquality") // equal returns are one object
    private void visit(int node, Returns returns) {
        spend(1);
        int slot = slot(node, returns);
        while (table[slot] != 0) {
            int pair = table[slot] - 1;
            if (pairNode[pair] == node && pairReturns[pair] == returns) {
                return;
            }
            slot = slot + 1 & table.length - 1;
        }
        if (pairs == pairNode.length) {
            pairNode = Arrays.copyOf(pairNode, pairs * 2);
            pairReturns = Arrays.copyOf(pairReturns, pairs * 2);
            pairNext = Arrays.copyOf(pairNext, pairs * 2);
        }
        pairNode[pairs] = node;
        pairReturns[pairs] = returns;
        pairNext[pairs] = head[node];
        head[node] = pairs;
        table[slot] = ++pairs;
        touch(node);
        if (pairs * 2 > table.length) {
            table = new int[table.length * 2];
            for (int pair = 0; pair < pairs; pair++) {
                int at = slot(pairNode[pair], returnsOf(pair));
                while (table[at] != 0) {
                    at = at + 1 & table.length - 1;
                }
                table[at] = pair + 1;
            }
        }
    }

    private int slot(int node, Returns returns) {
        int hash = (node * 31 + returns.serial()) * 0x9E3779B9;
        return (hash ^ hash >>> 15) & table.length - 1;
    }

    private void touch(int node) {
        if (isTouched[node]) {
            return;
        }
        isTouched[node] = true;
        if (touchedCount == touched.length) {
            touched = Arrays.copyOf(touched, touchedCount * 2);
        }
        touched[touchedCount++] = node;
    }

    // --- into rules

    private void enterRules() {
        int left = touchedCount;
        for (int i = 0; i < left; i++) {
            int node = touched[i];
            if (automaton.calls(node)) {
                if (automaton.beginsHere(node)) {
                    defer(i); // its rule may be called yet, and then it has more ways out
                } else {
                    call(node, returns(node));
                }
            }
        }
        for (int rule = nextWaiting(); rule >= 0; rule = nextWaiting()) {
            Returns.Gathering from = callers[rule];
            if (from != null) {
                vertices[rule] = from.end();
                begin(rule);
            } else {
                for (int i = deferred[rule]; i > 0; i = deferredBefore[i - 1]) {
                    call(touched[i - 1], returns(touched[i - 1]));
                }
            }
        }
    }

    private void defer(int index) {
        if (deferredBefore.length < touched.length) {
            deferredBefore = Arrays.copyOf(deferredBefore, touched.length);
        }
        int rule = automaton.ruleOf(touched[index]);
        deferredBefore[index] = deferred[rule];
        deferred[rule] = index + 1;
        await(rule);
    }

    /** Walks from the start of a rule that was called, and calls what can be called there. */
    private void begin(int rule) {
        int depth = 0;
        stack[depth++] = automaton.ruleStart(rule);
        mark(automaton.ruleStart(rule), rule);
        while (depth > 0) {
            int node = stack[--depth];
            spend(1);
            if (automaton.calls(node)) {
                call(node, returns(node));
            }
            for (int edge = automaton.silentEdges(node); edge < automaton.silentEdgesEnd(node); edge++) {
                int target = automaton.silentTarget(edge);
                if (automaton.called(edge) < 0 && begun[target] == 0) {
                    mark(target, rule);
                    if (depth == stack.length) {
                        stack = Arrays.copyOf(stack, depth * 2);
                    }
                    stack[depth++] = target;
                }
            }
        }
    }

    private void mark(int node, int rule) {
        touch(node);
        begun[node] = rule + 1;
    }

    private void call(int node, Returns out) {
        for (int edge = automaton.silentEdges(node); edge < automaton.silentEdgesEnd(node); edge++) {
            int rule = automaton.called(edge);
            if (rule >= 0) {
                Returns.Gathering into = callers[rule];
                if (into == null) {
                    into = new Returns.Gathering(stacks);
                    callers[rule] = into;
                    if (calledCount == calledRules.length) {
                        calledRules = Arrays.copyOf(calledRules, calledCount * 2);
                    }
                    calledRules[calledCount++] = rule;
                    await(rule);
                }
                int target = automaton.silentTarget(edge);
                if (automaton.onlyEnds(target)) {
                    spend(into.addAll(out)); // a call in the last place needs no return of its own
                } else {
                    into.add(target, out);
                    spend(1);
                }
            }
        }
    }

    private void await(int rule) {
        int rank = automaton.rank(rule);
        waiting[rank >> 6] |= 1L << rank;
        firstWaiting = Math.min(firstWaiting, rank >> 6);
    }

    private int nextWaiting() {
        for (; firstWaiting < waiting.length; firstWaiting++) {
            long word = waiting[firstWaiting];
            if (word != 0) {
                int rank = (firstWaiting << 6) + Long.numberOfTrailingZeros(word);
                waiting[firstWaiting] = word & word - 1;
                return automaton.ruleAt(rank);
            }
        }
        return NONE;
    }

    /** All ways out of a place; complete once its rule's turn has come. */
    private Returns returns(int node) {
        gathering.begin();
        for (int pair = head[node]; pair >= 0; pair = pairNext[pair]) {
            spend(gathering.addAll(returnsOf(pair)));
        }
        if (begun[node] != 0) {
            Returns vertex = vertices[begun[node] - 1];
            if (vertex != null) {
                spend(gathering.addAll(vertex));
            }
        }
        return gathering.end();
    }

    // --- the result

    /** The places that can read a byte or a token, with all their ways out; the closure is empty again. */
    Machine.State finish() {
        enterRules();
        int count = 0;
        int[] nodes = new int[touchedCount];
        for (int i = 0; i < touchedCount; i++) {
            if (automaton.reads(touched[i])) {
                nodes[count++] = touched[i];
            }
        }
        nodes = Arrays.copyOf(nodes, count);
        Arrays.sort(nodes);
        Returns[] returns = new Returns[count];
        for (int i = 0; i < count; i++) {
            returns[i] = returns(nodes[i]);
        }
        Machine.State state = new Machine.State(nodes, returns, accepts, escapes, automaton.classCount());
        reset();
        return state;
    }

    private void reset() {
        if (pairs * 8 < table.length) {
            for (int pair = 0; pair < pairs; pair++) {
                // Everything in the way of a pair is a pair of this closure too.
                for (int at = slot(pairNode[pair], returnsOf(pair)); table[at] != 0; at = at + 1 & table.length - 1) {
                    table[at] = 0;
                }
            }
        } else {
            Arrays.fill(table, 0);
        }
        Arrays.fill(pairReturns, 0, pairs, null);
        for (int i = 0; i < touchedCount; i++) {
            head[touched[i]] = NONE;
            isTouched[touched[i]] = false;
            begun[touched[i]] = 0;
            deferred[automaton.ruleOf(touched[i])] = 0;
        }
        for (int i = 0; i < calledCount; i++) {
            callers[calledRules[i]] = null;
            vertices[calledRules[i]] = null;
        }
        for (; firstWaiting < waiting.length; firstWaiting++) {
            waiting[firstWaiting] = 0; // left over where a closure failed
        }
        pairs = 0;
        touchedCount = 0;
        calledCount = 0;
        accepts = false;
        escapes = false;
        work = 0;
    }
}
