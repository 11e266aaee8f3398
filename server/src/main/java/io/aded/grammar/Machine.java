package io.aded.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Recognises an {@link Automaton}'s language byte by byte, with a deterministic automaton that is made while it is
 * used.
 *
 * <h2>States</h2>
 *
 * A {@link State} is the set of all places at which the grammar can be after what was read, each with the ways back out
 * of the rules that it is in. Those ways are a graph-structured stack (Tomita 1985): a {@link Returns} is a set of
 * frames, each a node to go on at and the returns from there; places that meet share what they share. So an ambiguous
 * grammar costs no more than its places times its rules, however many derivations there are.
 *
 * <p>States and returns are kept once each. Equal states are one object, so a step that was taken before is one array
 * access, and whatever else was found out about a state (a mask, the forced text) is found out once.
 *
 * <h2>Bounds</h2>
 *
 * What is kept is thrown away when there is much of it ({@link #MOST_STATES}, {@link #MOST_RETURNS}); states that are
 * in use live on, and what is needed again is made again. A single step may take {@link #MOST_WORK} visits of places.
 *
 * <p>Not thread-safe: callers of {@link TokenMasks} share one under its lock.
 */
final class Machine {
    private static final int MOST_STATES = 20_000;
    private static final int MOST_RETURNS = 200_000;
    private static final int MOST_WORK = 200_000;

    /** Deeper nesting of rules than this is not followed; it is far beyond what a context holds. */
    private static final int DEEPEST_UNION = 2_000;

    private final Automaton automaton;
    private final Map<Returns, Returns> knownReturns = new HashMap<>();
    private final Map<State, State> knownStates = new HashMap<>();

    /** Nothing to return to: the whole text may end here. */
    private final Returns bottom = new Returns(new int[0], new Returns[0], true, false, 0);

    /** Somewhere unknown to return to: what stands outside a place that is looked at by itself. */
    private final Returns outside = new Returns(new int[0], new Returns[0], false, true, 0);

    private final State dead;
    private final State initial;

    // Scratch of a closure.
    private final @Nullable Returns[] reached;
    private int[] queue = new int[64];
    private int queued;
    private int[] touched = new int[64];
    private int touchedCount;
    private boolean accepts;
    private boolean escapes;
    private int work;

    /** What the caller's question may still cost, in visits of places. */
    private long budget = MOST_WORK;

    Machine(Automaton automaton) {
        this.automaton = automaton;
        reached = new Returns[automaton.nodes()];
        dead = new State(new int[0], new Returns[0], false, false, automaton.classCount());
        initial = close(automaton.rootStart(), bottom);
    }

    /** The frames that a place can return to, by rising node, each node once. */
    static final class Returns {
        private final int[] nodes;
        private final Returns[] beyond;
        private final boolean bottom;
        private final boolean outside;
        private final int depth;
        private final int hash;

        Returns(int[] nodes, Returns[] beyond, boolean bottom, boolean outside, int depth) {
            this.nodes = nodes;
            this.beyond = beyond;
            this.bottom = bottom;
            this.outside = outside;
            this.depth = depth;
            int code = (bottom ? 1 : 0) + (outside ? 2 : 0);
            for (int i = 0; i < nodes.length; i++) {
                code = 31 * (31 * code + nodes[i]) + System.identityHashCode(beyond[i]);
            }
            hash = code;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Returns returns
                    && returns.bottom == bottom
                    && returns.outside == outside
                    && Arrays.equals(returns.nodes, nodes)
                    && same(returns.beyond, beyond);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    /** Where the grammar can be; the machine that made it knows its transitions. */
    static final class State implements TokenMasks.Position {
        private final int[] nodes;
        private final Returns[] returns;
        private final boolean accepts;
        private final boolean escapes;
        private final @Nullable State[] next;
        private final int hash;

        State(int[] nodes, Returns[] returns, boolean accepts, boolean escapes, int classes) {
            this.nodes = nodes;
            this.returns = returns;
            this.accepts = accepts;
            this.escapes = escapes;
            this.next = new State[classes];
            int code = (accepts ? 1 : 0) + (escapes ? 2 : 0);
            for (int i = 0; i < nodes.length; i++) {
                code = 31 * (31 * code + nodes[i]) + System.identityHashCode(returns[i]);
            }
            hash = code;
        }

        @Override
        public boolean accepts() {
            return accepts;
        }

        /** Whether a place that was looked at by itself could have been left before this. */
        boolean escapes() {
            return escapes;
        }

        @Override
        public boolean isDead() {
            return nodes.length == 0 && !accepts && !escapes;
        }

        @Override
        public boolean isComplete() {
            return nodes.length == 0;
        }

        /** The places that can read a byte. */
        int places() {
            return nodes.length;
        }

        /** The automaton's node at a place. */
        int node(int place) {
            return nodes[place];
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof State state
                    && state.accepts == accepts
                    && state.escapes == escapes
                    && Arrays.equals(state.nodes, nodes)
                    && same(state.returns, returns);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    @SuppressWarnings("ReferenceEquality") // equal returns are one object
    private static boolean same(Returns[] a, Returns[] b) {
        if (a.length != b.length) {
            return false;
        }
        for (int i = 0; i < a.length; i++) {
            if (a[i] != b[i]) {
                return false;
            }
        }
        return true;
    }

    Automaton automaton() {
        return automaton;
    }

    /** A question begins that may cost so many visits of places in all; beyond them it fails. */
    void allow(long visits) {
        budget = visits;
    }

    /** Before anything was read. */
    State initial() {
        return initial;
    }

    /** After a text that is none of the grammar's. */
    State nowhere() {
        return dead;
    }

    /** The one byte that can follow, from 0 to 255; -1 if there are several, or none, or the text may end here. */
    int onlyByte(State state) {
        if (state.accepts) {
            return -1;
        }
        int only = -1;
        for (int place = 0; place < state.nodes.length; place++) {
            int node = state.nodes[place];
            for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
                int low = automaton.low(edge);
                if (low != automaton.high(edge) || only >= 0 && only != low) {
                    return -1;
                }
                only = low;
            }
        }
        return only;
    }

    /** A place by itself, with unknown surroundings. */
    State alone(int node) {
        return close(node, outside);
    }

    /** The state after one more byte; {@link State#isDead} if it cannot follow. */
    State step(State state, byte b) {
        int type = automaton.classOf(b);
        State known = state.next[type];
        if (known == null) {
            known = compute(state, b);
            state.next[type] = known;
        }
        return known;
    }

    private State compute(State state, byte b) {
        begin();
        for (int place = 0; place < state.nodes.length; place++) {
            int node = state.nodes[place];
            for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
                if (automaton.reads(edge, b)) {
                    reach(automaton.byteTarget(edge), state.returns[place]);
                }
            }
        }
        return finish();
    }

    private State close(int node, Returns returns) {
        begin();
        reach(node, returns);
        return finish();
    }

    // --- the closure over edges that read nothing

    private void begin() {
        touchedCount = 0;
        queued = 0;
        accepts = false;
        escapes = false;
        work = 0;
    }

    private void reach(int node, Returns returns) {
        Returns before = reached[node];
        Returns now = before == null ? returns : union(before, returns, 0);
        if (now == before) {
            return;
        }
        if (++work > MOST_WORK || --budget < 0) {
            clear();
            throw new GrammarExhausted("is too ambiguous: one more character can be read in too many ways");
        }
        if (before == null) {
            if (touchedCount == touched.length) {
                touched = Arrays.copyOf(touched, touchedCount * 2);
            }
            touched[touchedCount++] = node;
        }
        reached[node] = now;
        if (queued == queue.length) {
            queue = Arrays.copyOf(queue, queued * 2);
        }
        queue[queued++] = node;
    }

    private State finish() {
        while (queued > 0) {
            int node = queue[--queued];
            Returns returns = reached[node];
            if (returns == null) {
                continue;
            }
            if (automaton.ends(node)) {
                accepts |= returns.bottom;
                escapes |= returns.outside;
                for (int i = 0; i < returns.nodes.length; i++) {
                    reach(returns.nodes[i], returns.beyond[i]);
                }
            }
            for (int edge = automaton.silentEdges(node); edge < automaton.silentEdgesEnd(node); edge++) {
                int target = automaton.silentTarget(edge);
                int rule = automaton.called(edge);
                if (rule < 0) {
                    reach(target, returns);
                } else {
                    reach(automaton.ruleStart(rule), automaton.onlyEnds(target) ? returns : frame(target, returns));
                }
            }
        }
        Arrays.sort(touched, 0, touchedCount);
        int count = 0;
        for (int i = 0; i < touchedCount; i++) {
            int node = touched[i];
            if (automaton.byteEdges(node) < automaton.byteEdgesEnd(node)) {
                touched[count++] = node;
            } else {
                reached[node] = null;
            }
        }
        int[] nodes = Arrays.copyOf(touched, count);
        Returns[] returns = new Returns[count];
        for (int i = 0; i < count; i++) {
            Returns of = reached[nodes[i]];
            returns[i] = of == null ? bottom : of;
            reached[nodes[i]] = null;
        }
        touchedCount = 0;
        State state = new State(nodes, returns, accepts, escapes, automaton.classCount());
        if (state.isDead() && dead != null) {
            return dead;
        }
        State known = knownStates.get(state);
        if (known != null) {
            return known;
        }
        if (knownStates.size() >= MOST_STATES || knownReturns.size() >= MOST_RETURNS) {
            knownStates.clear();
            knownReturns.clear();
        }
        knownStates.put(state, state);
        return state;
    }

    private void clear() {
        for (int i = 0; i < touchedCount; i++) {
            reached[touched[i]] = null;
        }
        touchedCount = 0;
        queued = 0;
    }

    private Returns frame(int node, Returns beyond) {
        return kept(new Returns(new int[] {node}, new Returns[] {beyond}, false, false, beyond.depth + 1));
    }

    private Returns kept(Returns made) {
        Returns known = knownReturns.putIfAbsent(made, made);
        return known == null ? made : known;
    }

    /** All frames of both; where both return to the same node, what lies beyond is united too. */
    private Returns union(Returns a, Returns b, int level) {
        if (a == b) {
            return a;
        }
        if (level > DEEPEST_UNION || ++work > MOST_WORK || --budget < 0) {
            clear();
            throw new GrammarExhausted("nests too deeply in too many ways");
        }
        List<Returns> beyond = new ArrayList<>(a.nodes.length + b.nodes.length);
        int[] nodes = new int[a.nodes.length + b.nodes.length];
        int i = 0;
        int j = 0;
        while (i < a.nodes.length || j < b.nodes.length) {
            int order = i == a.nodes.length ? 1 : j == b.nodes.length ? -1 : Integer.compare(a.nodes[i], b.nodes[j]);
            nodes[beyond.size()] = order <= 0 ? a.nodes[i] : b.nodes[j];
            if (order == 0) {
                beyond.add(union(a.beyond[i++], b.beyond[j++], level + 1));
            } else {
                beyond.add(order < 0 ? a.beyond[i++] : b.beyond[j++]);
            }
        }
        return kept(new Returns(
                Arrays.copyOf(nodes, beyond.size()),
                beyond.toArray(new Returns[0]),
                a.bottom || b.bottom,
                a.outside || b.outside,
                Math.max(a.depth, b.depth)));
    }
}
