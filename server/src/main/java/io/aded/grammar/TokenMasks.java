package io.aded.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A compiled grammar over a vocabulary: which tokens may come next. Thread-safe; streams with the same grammar share
 * one, and what it has found out.
 */
public final class TokenMasks {
    /*
     * Masks
     *
     *   A state's mask is found out once and kept with it; a machine's equal states are one, and an answer in JSON is
     *   in few of them. What is new is put together from what is known of its places.
     *
     * Places
     *
     *   Most tokens are decided by the place in the grammar alone, whatever rules called it: inside a JSON string
     *   nearly every token is allowed, however deep the string stands. So for each place it is found out once, by a
     *   walk over the whole vocabulary as a trie, which tokens it allows and where in the trie it is left (XGrammar,
     *   Dong et al. 2024, section 3). A mask is the union of its places' allowed tokens, and only what leaves them is
     *   followed with the true state. Wide places are walked when the grammar is compiled, which is not the engine's
     *   time.
     *
     * Counting
     *
     *   A string of at most 5,000 characters has 5,000 places, all of them alike for a token of a few bytes but for the
     *   last few. A state is therefore looked at as the first that is like it (Machine.alike), and only tokens that are
     *   longer than the count is looked ahead are followed with the true one.
     *
     * Bounds
     *
     *   Places and masks are thrown away when they take more than MOST_BYTES.
     */
    private static final int MOST_BYTES = 12 << 20;

    /** Beyond so many places the trie is walked with the state itself. */
    private static final int MOST_PLACES = 8;

    /**
     * A place that can go on with this many bytes is walked when the grammar is compiled; and how many such at most.
     */
    private static final int WIDE = 64;

    private static final int MOST_WIDE = 32;

    /** What one token, or a whole mask, may cost in visits of places before the grammar counts as exhausted. */
    private static final long MOST_VISITS = 100_000;

    private static final long MOST_VISITS_OF_A_MASK = 2_000_000;

    private final VocabularyTrie trie;
    private final Machine machine;
    private final @Nullable Place[] places;

    /** States whose masks are kept, the sets in them, each once, and what all of it takes. */
    private final List<Machine.State> masked = new ArrayList<>();

    private final Map<TokenSet, TokenSet> sets = new HashMap<>();

    private long bytes;

    /** Guesses of spellings, and those that were right. */
    private int guesses;

    private int rightGuesses;

    // Scratch of a walk over the trie: the state at each depth, whether a place could have been left above it, a mask.
    private final Machine.@Nullable State[] path;
    private final boolean[] left;
    private final long[] work;

    private TokenMasks(Automaton automaton, VocabularyTrie trie) {
        this.trie = trie;
        machine = new Machine(automaton);
        places = new Place[automaton.nodes()];
        path = new Machine.State[trie.deepest() + 1];
        left = new boolean[trie.deepest() + 1];
        work = new long[trie.vocabularySize() + 63 >> 6];
    }

    /**
     * Compiles a grammar in GBNF.
     *
     * @throws GrammarRefused if it is none, left-recursive, or too large
     */
    public static TokenMasks ofGbnf(String grammar, VocabularyTrie trie) throws GrammarRefused {
        return of(Gbnf.parse(grammar), trie);
    }

    /**
     * Compiles a JSON schema.
     *
     * @throws GrammarRefused if it is none, or asks what cannot be kept; the message names place and keyword
     */
    public static TokenMasks ofJsonSchema(String schema, VocabularyTrie trie) throws GrammarRefused {
        return of(JsonSchemaGrammar.compile(schema), trie);
    }

    static TokenMasks of(Rules rules, VocabularyTrie trie) throws GrammarRefused {
        try {
            TokenMasks masks = new TokenMasks(Automaton.of(rules), trie);
            masks.warm();
            return masks;
        } catch (GrammarExhausted e) {
            throw new GrammarRefused(String.valueOf(e.getMessage()));
        }
    }

    private synchronized void warm() {
        machine.allow(MOST_VISITS);
        machine.initial();
        Automaton automaton = machine.automaton();
        int found = 0;
        for (int node = 0; node < automaton.nodes() && found < MOST_WIDE; node++) {
            int wide = 0;
            for (int edge = automaton.byteEdges(node); edge < automaton.byteEdgesEnd(node); edge++) {
                wide += automaton.high(edge) - automaton.low(edge) + 1;
            }
            if (wide >= WIDE) {
                found++;
                machine.allow(MOST_VISITS_OF_A_MASK);
                place(node);
            }
        }
    }

    /**
     * What a place in the grammar decides by itself.
     *
     * @param allowed tokens that it reads to their end
     * @param leaving the trie's nodes below which tokens may leave it before their end
     */
    private record Place(TokenSet allowed, int[] leaving) {}

    /** How far a text has come. Immutable; equal ones of one grammar are mostly one object. */
    public sealed interface Position permits Machine.State {
        /** Whether the text may end here. */
        boolean accepts();

        /** Whether neither a token nor the end can follow: the text is none of the grammar's. */
        boolean isDead();

        /** Whether only the end can follow. */
        boolean isComplete();
    }

    /** Before the first token. */
    public synchronized Position start() {
        machine.allow(MOST_VISITS);
        return machine.initial();
    }

    /** After one more token; {@link Position#isDead} if it may not follow. */
    public synchronized Position after(Position position, int token) {
        machine.allow(MOST_VISITS);
        return walk((Machine.State) position, token);
    }

    /** Whether a token may follow. */
    public synchronized boolean allows(Position position, int token) {
        Mask known = ((Machine.State) position).mask();
        if (known != null) {
            return known.contains(token);
        }
        machine.allow(MOST_VISITS);
        return !walk((Machine.State) position, token).isDead();
    }

    private Machine.State walk(Machine.State from, int token) {
        Machine.State state = from;
        int length = trie.length(token);
        if (length == 0) {
            return machine.nowhere();
        }
        for (int i = 0; i < length && !state.isDead(); i++) {
            state = machine.step(state, trie.at(token, i));
        }
        return state;
    }

    /**
     * Finds all tokens that may follow.
     *
     * @param mask receives a bit for each token of the vocabulary, (size + 63) / 64 of them, from the lowest up
     */
    public synchronized void fill(Position position, long[] mask) {
        Arrays.fill(mask, 0L);
        mask((Machine.State) position).fill(mask);
    }

    private Mask mask(Machine.State state) {
        Mask known = state.mask();
        if (known != null) {
            return known;
        }
        machine.allow(MOST_VISITS_OF_A_MASK);
        Machine.State alike = machine.alike(state);
        Mask base = alike.mask();
        if (base == null) {
            base = compute(alike);
            keep(alike, base);
        }
        if (alike.equals(state)) {
            return base;
        }
        // Long tokens are decided one by one.
        Arrays.fill(work, 0L);
        base.more().addTo(work);
        for (int token : trie.longTokens()) {
            work[token >> 6] &= ~(1L << token);
        }
        follow(state, trie.longTokens());
        TokenSet more = set(work);
        Arrays.fill(work, 0L);
        for (int token : trie.longTokens()) {
            if (base.contains(token) && !more.contains(token)) {
                work[token >> 6] |= 1L << token;
            }
        }
        Mask own = new Mask(base.shared(), more, set(work));
        keep(state, own);
        return own;
    }

    private void keep(Machine.State state, Mask mask) {
        if (bytes > MOST_BYTES) {
            masked.forEach(one -> one.keep(null));
            masked.clear();
            sets.clear();
            Arrays.fill(places, null);
            bytes = 0;
        }
        state.keep(mask);
        masked.add(state);
        bytes += 100;
    }

    /** The set of some bits; states that differ only in what lies far from here share it. */
    private TokenSet set(long[] bits) {
        TokenSet made = TokenSet.of(bits);
        TokenSet known = sets.putIfAbsent(made, made);
        if (known != null) {
            return known;
        }
        bytes += made.size();
        return made;
    }

    private Mask compute(Machine.State state) {
        List<TokenSet> shared = new ArrayList<>();
        if (state.places() > MOST_PLACES) {
            explore(state, work);
        } else {
            Place[] all = new Place[state.places()];
            for (int i = 0; i < all.length; i++) {
                all[i] = place(state.node(i));
                if (!all[i].allowed().isEmpty()) {
                    shared.add(all[i].allowed());
                }
            }
            Arrays.fill(work, 0L);
            for (Place place : all) {
                enter(state, place.leaving());
            }
            shared.forEach(set -> set.takeFrom(work));
        }
        return new Mask(shared, set(work), TokenSet.NONE);
    }

    /** Sets the bits of those tokens that may follow. Neighbours begin alike, and what they share is read once. */
    private void follow(Machine.State state, int[] tokens) {
        path[0] = state;
        int known = 0; // path[0] to path[known] are of the token before
        int before = -1;
        for (int token : tokens) {
            int length = trie.length(token);
            if (length > trie.deepest()) {
                continue; // beyond what the trie holds
            }
            known = descend(before, token, known, length);
            before = token;
            Machine.State at = path[known];
            if (known == length && at != null && !at.isDead()) {
                work[token >> 6] |= 1L << token;
            }
        }
    }

    /** Sets the bits of those tokens below some of the trie's nodes that may follow. */
    private void enter(Machine.State state, int[] nodes) {
        path[0] = state;
        int known = 0;
        int before = -1;
        for (int node : nodes) {
            int token = trie.token(trie.firstToken(node));
            known = descend(before, token, known, trie.depth(node));
            before = token;
            Machine.State at = path[known];
            if (known == trie.depth(node) && at != null && !at.isDead()) {
                walk(node, trie.end(node), work);
            }
        }
    }

    /**
     * Reads the first bytes of a token into {@link #path}, as far as they may follow.
     *
     * @param before the token that was read before, or -1
     * @param known how much of it stands in the path
     * @return how much of the token stands there now: less than {@code depth} where the last state is dead
     */
    private int descend(int before, int token, int known, int depth) {
        int from = before < 0 ? 0 : Math.min(Math.min(known, trie.sharedPrefix(before, token)), depth);
        Machine.State at = path[from];
        while (at != null && !at.isDead() && from < depth) {
            at = machine.step(at, trie.at(token, from));
            path[++from] = at;
        }
        return from;
    }

    /** Sets the bits of tokens at some of the trie's nodes, the state before which stands in {@link #path}. */
    private void walk(int from, int to, long[] allowed) {
        int node = from;
        while (node < to) {
            int depth = trie.depth(node);
            Machine.State before = path[depth];
            Machine.State state = before == null ? machine.nowhere() : machine.step(before, trie.label(node));
            if (state.isDead()) {
                node = trie.end(node);
                continue;
            }
            int first = trie.firstToken(node);
            for (int i = first; i < first + trie.ownTokens(node); i++) {
                int token = trie.token(i);
                allowed[token >> 6] |= 1L << token;
            }
            path[depth + 1] = state;
            node++;
        }
    }

    private Place place(int node) {
        Place known = places[node];
        if (known == null) {
            int[] leaving = explore(machine.alone(node), work);
            known = new Place(TokenSet.of(work), leaving);
            places[node] = known;
            bytes += known.allowed().size() + 4L * leaving.length;
        }
        return known;
    }

    /**
     * Walks the whole trie.
     *
     * @param allowed receives the bits of the tokens that are read to their end
     * @return the nodes below which what was looked at may be left
     */
    private int[] explore(Machine.State from, long[] allowed) {
        Arrays.fill(allowed, 0L);
        int[] leaving = new int[64];
        int count = 0;
        path[0] = from;
        left[0] = from.escapes();
        int node = 0;
        while (node < trie.nodes()) {
            int depth = trie.depth(node);
            Machine.State before = path[depth];
            Machine.State state = before == null ? from : machine.step(before, trie.label(node));
            if (state.isDead()) {
                if (left[depth]) {
                    if (count == leaving.length) {
                        leaving = Arrays.copyOf(leaving, count * 2);
                    }
                    leaving[count++] = node;
                }
                node = trie.end(node);
                continue;
            }
            int first = trie.firstToken(node);
            for (int i = first; i < first + trie.ownTokens(node); i++) {
                int token = trie.token(i);
                allowed[token >> 6] |= 1L << token;
            }
            path[depth + 1] = state;
            left[depth + 1] = left[depth] || state.escapes();
            node++;
        }
        return Arrays.copyOf(leaving, count);
    }

    /**
     * The text that must follow, as far as there is only one.
     *
     * @param into receives its bytes, as many as fit
     * @return how many there are
     */
    public synchronized int forced(Position position, byte[] into) {
        machine.allow(MOST_VISITS);
        Machine.State state = (Machine.State) position;
        int count = 0;
        while (count < into.length) {
            int only = machine.onlyByte(state);
            if (only < 0) {
                break;
            }
            into[count++] = (byte) only;
            state = machine.step(state, (byte) only);
        }
        return count;
    }

    /**
     * After one more token that was drawn. Where the grammar left no choice of text, its spelling is remembered: the
     * next answer that comes here will often be spelled alike.
     */
    public synchronized Position drawn(Position position, int token) {
        machine.allow(MOST_VISITS);
        Machine.State state = (Machine.State) position;
        if (machine.onlyByte(state) >= 0) {
            Spellings known = state.spellings();
            if (known == null) {
                known = new Spellings();
                state.expect(known);
            } else if (known.isGuess()) {
                guesses++;
                rightGuesses += known.token(0) == token ? 1 : 0;
            }
            known.drawn(token);
        }
        return walk(state, token);
    }

    /** How many tokens are expected where the grammar leaves no choice of text; 0 if none was drawn or guessed yet. */
    public synchronized int expected(Position position) {
        Spellings known = ((Machine.State) position).spellings();
        return known == null ? 0 : known.count();
    }

    /** The {@code i}-th of the expected tokens, the likeliest first. */
    public synchronized int expected(Position position, int i) {
        Spellings known = ((Machine.State) position).spellings();
        return known == null ? -1 : known.token(i);
    }

    /**
     * How likely the {@code i}-th of the expected tokens is: by what was drawn, or by how well guesses did elsewhere.
     */
    public synchronized float probability(Position position, int i) {
        Spellings known = ((Machine.State) position).spellings();
        return known == null ? 0 : known.isGuess() ? (rightGuesses + 6f) / (guesses + 8f) : known.probability(i);
    }

    /** Makes a guess of the token that will come here; it holds until one is drawn. */
    public synchronized void guess(Position position, int token) {
        Machine.State state = (Machine.State) position;
        if (state.spellings() == null) {
            state.expect(Spellings.guess(token));
        }
    }

    /** What is known of the grammar takes about so many bytes. */
    synchronized long size() {
        return machine.size() + bytes + 8L * work.length;
    }

    /** The vocabulary's texts. */
    public VocabularyTrie trie() {
        return trie;
    }
}
