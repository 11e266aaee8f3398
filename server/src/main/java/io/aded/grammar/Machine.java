package io.aded.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Recognises an {@link Automaton}'s language byte by byte, with a deterministic automaton that is made while it is
 * used.
 *
 * <h2>States</h2>
 *
 * A {@link State} is the set of all places at which the grammar can be after what was read, each with the ways back out
 * of the rules that it is in. Those ways are a graph-structured stack (Tomita 1985): a {@link Returns} is a set of
 * frames, each a node to go on at and the returns from there; places that meet share what they share. {@link Closure}
 * says why an ambiguous grammar costs no more than its places times its rules, however many derivations there are.
 *
 * <p>States and returns are kept once each. Equal states are one object, so a step that was taken before is one array
 * access, and whatever else is found out about a state (its mask, what it reads alike) is found out once.
 *
 * <h2>Bounds</h2>
 *
 * What is kept is thrown away when there is much of it ({@link #MOST_STATES}, {@link #MOST_FRAMES}); states that are in
 * use live on, and what is needed again is made again. A single step may take a bounded number of visits of places.
 *
 * <p>Not thread-safe: callers of {@link TokenMasks} share one under its lock.
 */
final class Machine {
    private static final int MOST_STATES = 20_000;
    private static final long MOST_FRAMES = 400_000;

    private final Automaton automaton;
    private final Closure closure;
    private final Returns.Stacks stacks;
    private final Map<State, State> knownStates = new HashMap<>();
    private final State dead;

    /** States made so far, and the places in them. */
    private long statesMade;

    private long placesKnown;
    private long steps;
    private @Nullable State initial;

    Machine(Automaton automaton) {
        this.automaton = automaton;
        stacks = new Returns.Stacks(automaton);
        closure = new Closure(automaton, stacks);
        dead = new State(new int[0], new Returns[0], false, false, automaton.classCount());
    }

    /** Where the grammar can be; the machine that made it knows its transitions. */
    static final class State implements TokenMasks.Position {
        private final int[] nodes;
        private final Returns[] returns;
        private final boolean accepts;
        private final boolean escapes;
        private final @Nullable State[] next;
        private final int hash;
        private @Nullable Mask mask;
        private @Nullable State alike;
        private @Nullable Run run;

        private @Nullable Spellings spellings;

        State(int[] nodes, Returns[] returns, boolean accepts, boolean escapes, int classes) {
            this.nodes = nodes;
            this.returns = returns;
            this.accepts = accepts;
            this.escapes = escapes;
            this.next = new State[classes];
            int code = (accepts ? 1 : 0) + (escapes ? 2 : 0);
            for (int i = 0; i < nodes.length; i++) {
                code = 31 * (31 * code + nodes[i]) + returns[i].serial();
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

        /** The tokens that may follow, if they are kept. */
        @Nullable
        Mask mask() {
            return mask;
        }

        void keep(@Nullable Mask tokens) {
            mask = tokens;
        }

        /** How the text that must follow was spelled here; null if nothing is known. */
        @Nullable
        Spellings spellings() {
            return spellings;
        }

        void expect(Spellings known) {
            spellings = known;
        }

        /** The places that can read a byte or a token. */
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
                    && Returns.same(state.returns, returns);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    Automaton automaton() {
        return automaton;
    }

    /** A question begins that may cost so many visits of places in all; beyond them it fails. */
    void allow(long visits) {
        closure.allow(visits);
    }

    /** Before anything was read. */
    State initial() {
        State known = initial;
        if (known == null) {
            known = close(automaton.rootStart(), stacks.bottom());
            initial = known;
        }
        return known;
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
            if (automaton.readsToken(node)) {
                return -1;
            }
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

    /** The one token that can follow, by its name; -1 if there are other ways, or the text may end here. */
    int onlyToken(State state) {
        return state.accepts || state.nodes.length != 1 ? -1 : Math.max(-1, automaton.token(state.nodes[0]));
    }

    /**
     * Whether a token is one that the grammar names here.
     *
     * @param isOther whether it may stand for another one than a named
     */
    boolean readsToken(State state, int token, boolean isOther) {
        for (int place = 0; place < state.nodes.length; place++) {
            if (reads(automaton.token(state.nodes[place]), token, isOther)) {
                return true;
            }
        }
        return false;
    }

    private static boolean reads(int named, int token, boolean isOther) {
        return named == token || named < 0 && named != Automaton.NO_TOKEN && isOther && ~named != token;
    }

    /** The state after a token that is named, or is another than that; {@link State#isDead} if it cannot follow. */
    State stepToken(State state, int token, boolean isOther) {
        boolean follows = false;
        for (int place = 0; place < state.nodes.length; place++) {
            int node = state.nodes[place];
            if (reads(automaton.token(node), token, isOther)) {
                closure.reach(automaton.tokenTarget(node), state.returns[place]);
                follows = true;
            }
        }
        return follows ? kept(closure.finish()) : dead;
    }

    /** Where the grammar can be that is in one of two states. */
    State either(State a, State b) {
        if (a.isDead() || b.isDead()) {
            return a.isDead() ? b : a;
        }
        TreeMap<Integer, Returns.Gathering> places = new TreeMap<>();
        for (State state : List.of(a, b)) {
            for (int place = 0; place < state.nodes.length; place++) {
                gather(places, state.nodes[place], state.returns[place]);
            }
        }
        return kept(gathered(places, a.accepts || b.accepts, a.escapes || b.escapes));
    }

    private void gather(TreeMap<Integer, Returns.Gathering> places, int node, Returns returns) {
        places.computeIfAbsent(node, _ -> new Returns.Gathering(stacks)).addAll(returns);
    }

    private State gathered(TreeMap<Integer, Returns.Gathering> places, boolean accepts, boolean escapes) {
        return new State(
                places.keySet().stream().mapToInt(Integer::intValue).toArray(),
                places.values().stream().map(Returns.Gathering::end).toArray(Returns[]::new),
                accepts,
                escapes,
                automaton.classCount());
    }

    /** What is kept takes about so many bytes. */
    long size() {
        return automaton.size()
                + knownStates.size() * (120L + 4L * automaton.classCount() + 8L * placesKnown / Math.max(1, statesMade))
                + 24 * stacks.frames();
    }

    /** A place by itself, with unknown callers. */
    State alone(int node) {
        return close(node, stacks.outside());
    }

    /**
     * The first state that is like this one for the next {@link Automaton#FAR} bytes: repetitions are not counted as
     * long as enough are left.
     */
    @SuppressWarnings("ReferenceEquality") // equal returns are one object
    State alike(State state) {
        State known = state.alike;
        if (known != null) {
            return known;
        }
        boolean differs = false;
        for (int place = 0; place < state.nodes.length; place++) {
            differs |= automaton.alike(state.nodes[place]) != state.nodes[place]
                    || state.returns[place].alike() != state.returns[place];
        }
        known = state;
        if (differs) {
            TreeMap<Integer, Returns.Gathering> places = new TreeMap<>();
            for (int place = 0; place < state.nodes.length; place++) {
                gather(places, automaton.alike(state.nodes[place]), state.returns[place].alike());
            }
            known = kept(gathered(places, state.accepts, state.escapes));
        }
        state.alike = known;
        return known;
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

    /** Whether so many bytes, or more, can follow. */
    boolean reads(State state, int bytes) {
        int count = 0;
        for (int place = 0; place < state.nodes.length && count < bytes; place++) {
            count += width(state.nodes[place]);
        }
        return count >= bytes;
    }

    /** Whether a node reads so many bytes, or more. */
    boolean reads(int node, int bytes) {
        return width(node) >= bytes;
    }

    /** Whether a place's rule, when it ends, goes on in another. */
    boolean returnsSomewhere(State state, int place) {
        return state.returns[place].frames() > 0;
    }

    private int width(int node) {
        int count = 0;
        for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
            count += automaton.high(edge) - automaton.low(edge) + 1;
        }
        return count;
    }

    /** The characters that a state reads alike. */
    Run run(State state) {
        return run(state, 0);
    }

    /** Whether it was looked for what a state reads alike. */
    boolean knowsRun(State state) {
        return state.run != null;
    }

    /** The characters that a state reads alike that was come to from so many others for theirs. */
    Run run(State state, int depth) {
        Run known = state.run;
        if (known == null || !known.isFinal(depth)) {
            known = Run.of(state, this, depth);
            state.run = known;
        }
        return known;
    }

    /** A state's place by itself, with its own ways out. */
    State only(State state, int place) {
        return part(new int[] {state.nodes[place]}, new Returns[] {state.returns[place]});
    }

    /** Those places of a state that read fewer bytes than so many. */
    State narrow(State state, int bytes) {
        int[] nodes = new int[state.nodes.length];
        Returns[] returns = new Returns[nodes.length];
        int count = 0;
        for (int place = 0; place < nodes.length; place++) {
            if (!reads(state.nodes[place], bytes)) {
                nodes[count] = state.nodes[place];
                returns[count++] = state.returns[place];
            }
        }
        return part(Arrays.copyOf(nodes, count), Arrays.copyOf(returns, count));
    }

    private State part(int[] nodes, Returns[] returns) {
        return kept(new State(nodes, returns, false, false, automaton.classCount()));
    }

    /** Steps that were not known, since the machine was made: what they cost depends on the grammar. */
    long steps() {
        return steps;
    }

    private State compute(State state, byte b) {
        // The same edges read it and the highest of their first bytes: one step does for both.
        int first = 0;
        int count = 0;
        for (int place = 0; place < state.nodes.length; place++) {
            int node = state.nodes[place];
            for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
                if (automaton.reads(edge, b)) {
                    count++;
                    first = Math.max(first, automaton.low(edge));
                }
            }
        }
        if (count == 0) {
            return dead;
        }
        if (automaton.classOf((byte) first) != automaton.classOf(b) && edges(state, (byte) first) == count) {
            return step(state, (byte) first);
        }
        steps++;
        for (int place = 0; place < state.nodes.length; place++) {
            int node = state.nodes[place];
            for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
                if (automaton.reads(edge, b)) {
                    closure.reach(automaton.byteTarget(edge), state.returns[place]);
                }
            }
        }
        return kept(closure.finish());
    }

    private int edges(State state, byte b) {
        int count = 0;
        for (int place = 0; place < state.nodes.length; place++) {
            int node = state.nodes[place];
            for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
                count += automaton.reads(edge, b) ? 1 : 0;
            }
        }
        return count;
    }

    private State close(int node, Returns returns) {
        closure.reach(node, returns);
        return kept(closure.finish());
    }

    private State kept(State made) {
        if (made.isDead()) {
            return dead;
        }
        State known = knownStates.get(made);
        if (known != null) {
            return known;
        }
        if (knownStates.size() >= MOST_STATES || stacks.frames() >= MOST_FRAMES) {
            knownStates.clear();
            stacks.clear();
            initial = null; // all others hang on those that streams hold
        }
        knownStates.put(made, made);
        statesMade++;
        placesKnown += made.nodes.length;
        return made;
    }
}
