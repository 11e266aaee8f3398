package io.aded.grammar;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A compiled grammar over a vocabulary: which tokens may come next. Thread-safe; streams with the same grammar share
 * one, and what it has found out.
 *
 * <h2>Masks</h2>
 *
 * Most tokens are decided by the place in the grammar alone, whatever rules called it: inside a JSON string nearly
 * every token is allowed, however deep the string stands. So for each place it is found out once, by a walk over the
 * whole vocabulary as a trie, which tokens it allows and which leave it before they end (XGrammar, Dong et al. 2024,
 * section 3). A mask is the union of its places' allowed tokens, and only those that leave are followed with the true
 * state.
 */
public final class TokenMasks {
    /** Places whose tokens are kept; each takes an eighth of a byte a token of the vocabulary. */
    private static final int MOST_PLACES = 256;

    /** What one token, or a whole mask, may cost in visits of places before the grammar counts as exhausted. */
    private static final long MOST_VISITS = 100_000;

    private static final long MOST_VISITS_OF_A_MASK = 2_000_000;

    private final VocabularyTrie trie;
    private final Machine machine;
    private final @Nullable Place[] places;
    private int placesKnown;

    // Scratch of a walk over the trie: the state at each depth, and whether a place could have been left above it.
    private final Machine.@Nullable State[] path;
    private final boolean[] left;

    private TokenMasks(Automaton automaton, VocabularyTrie trie) {
        this.trie = trie;
        machine = new Machine(automaton);
        places = new Place[automaton.nodes()];
        path = new Machine.State[trie.deepest() + 1];
        left = new boolean[trie.deepest() + 1];
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
            return new TokenMasks(Automaton.of(rules), trie);
        } catch (GrammarExhausted e) {
            throw new GrammarRefused(String.valueOf(e.getMessage()));
        }
    }

    /**
     * What a place in the grammar decides by itself.
     *
     * @param allowed tokens that it reads to their end, a bit each
     * @param leaving tokens that may leave it before their end
     */
    private record Place(long[] allowed, int[] leaving) {}

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
        return machine.initial();
    }

    /** After one more token; {@linkplain Position#isDead dead} if it may not follow. */
    public synchronized Position after(Position position, int token) {
        machine.allow(MOST_VISITS);
        return walk((Machine.State) position, token);
    }

    /** Whether a token may follow. */
    public synchronized boolean allows(Position position, int token) {
        machine.allow(MOST_VISITS);
        return trie.length(token) > 0 && !walk((Machine.State) position, token).isDead();
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
        machine.allow(MOST_VISITS_OF_A_MASK);
        Arrays.fill(mask, 0L);
        Machine.State state = (Machine.State) position;
        for (int i = 0; i < state.places(); i++) {
            long[] allowed = place(state.node(i)).allowed();
            for (int word = 0; word < allowed.length; word++) {
                mask[word] |= allowed[word];
            }
        }
        for (int i = 0; i < state.places(); i++) {
            for (int token : place(state.node(i)).leaving()) {
                if ((mask[token >> 6] & 1L << token) == 0 && !walk(state, token).isDead()) {
                    mask[token >> 6] |= 1L << token;
                }
            }
        }
    }

    private Place place(int node) {
        Place known = places[node];
        if (known == null) {
            if (placesKnown++ == MOST_PLACES) {
                Arrays.fill(places, null);
                placesKnown = 1;
            }
            known = explore(machine.alone(node));
            places[node] = known;
        }
        return known;
    }

    private Place explore(Machine.State alone) {
        long[] allowed = new long[trie.vocabularySize() + 63 >> 6];
        int[] leaving = new int[64];
        int leavingCount = 0;
        path[0] = alone;
        left[0] = alone.escapes();
        int node = 0;
        while (node < trie.nodes()) {
            int depth = trie.depth(node);
            Machine.State before = path[depth];
            Machine.State state = before == null ? alone : machine.step(before, trie.label(node));
            int from = trie.firstToken(node);
            if (state.isDead()) {
                int to = trie.firstToken(trie.end(node));
                if (left[depth]) {
                    while (leavingCount + to - from > leaving.length) {
                        leaving = Arrays.copyOf(leaving, leaving.length * 2);
                    }
                    for (int i = from; i < to; i++) {
                        leaving[leavingCount++] = trie.token(i);
                    }
                }
                node = trie.end(node);
                continue;
            }
            for (int i = from; i < from + trie.ownTokens(node); i++) {
                int token = trie.token(i);
                allowed[token >> 6] |= 1L << token;
            }
            path[depth + 1] = state;
            left[depth + 1] = left[depth] || state.escapes();
            node++;
        }
        return new Place(allowed, Arrays.copyOf(leaving, leavingCount));
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

    /** The vocabulary's texts. */
    public VocabularyTrie trie() {
        return trie;
    }
}
