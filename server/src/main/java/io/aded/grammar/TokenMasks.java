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

    /** Where there are more, only wide ones are looked at by themselves. */
    private static final int MOST_PLACES = 8;

    /** So many sets are shared with other masks at most; the rest is written out. */
    private static final int MOST_SHARED = 4;

    /** A place that can go on with this many bytes is walked when the grammar is compiled. */
    private static final int WIDE = 64;

    /** So is one that reads this many, if it is a repetition without an end: a name of a program, a word. */
    private static final int RATHER_WIDE = 48;

    /** ... as long as all of that took no more visits of the trie's nodes, some ten milliseconds. */
    private static final long MOST_VISITS_AHEAD = 1_500_000;

    /** What a grammar names where it names no token, and where any token may follow. */
    private static final int NONE = -1;

    private static final int ANY = -2;

    /** What one token, or a whole mask, may cost in visits of places before the grammar counts as exhausted. */
    private static final long MOST_VISITS = 100_000;

    private static final long MOST_VISITS_OF_A_MASK = 2_000_000;

    private final VocabularyTrie trie;
    private final TrieWalk walk;
    private final Machine machine;
    private final @Nullable Place[] places;

    /** States whose masks are kept, the sets in them, each once, and what all of it takes. */
    private final List<Machine.State> masked = new ArrayList<>();

    private final Map<TokenSet, TokenSet> sets = new HashMap<>();

    private long bytes;

    /** Guesses of spellings, and those that were right. */
    private int guesses;

    private int rightGuesses;

    /** Draws at places that had been drawn from, and those that gave a token which had been drawn there. */
    private int repeats;

    private int rightRepeats;

    /** Scratch: a mask. */
    private final long[] work;

    private TokenMasks(Automaton automaton, VocabularyTrie trie) {
        this.trie = trie;
        machine = new Machine(automaton);
        walk = new TrieWalk(trie, machine);
        places = new Place[automaton.nodes()];
        work = new long[trie.vocabularySize() + 63 >> 6];
    }

    /**
     * Compiles a grammar in GBNF.
     *
     * @throws GrammarRefused if it is none, left-recursive, or too large
     */
    public static TokenMasks ofGbnf(String grammar, VocabularyTrie trie) throws GrammarRefused {
        return of(Gbnf.parse(grammar, trie), trie);
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
        for (int node = 0;
                node < automaton.nodes() && walk.visits() < MOST_VISITS_AHEAD && bytes < MOST_BYTES / 2;
                node++) {
            if (automaton.alike(node) == node && isWorthAWalk(node)) {
                machine.allow(MOST_VISITS_OF_A_MASK);
                place(node);
            }
        }
    }

    /**
     * What a place in the grammar decides by itself.
     *
     * @param allowed tokens that it reads to their end
     * @param leaving where in the trie tokens may leave it before their end: nodes, as {@code -2 - node} ({@code -1}
     *     before any byte), each with those of its children that the place does not read; with none where it is all
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
        Machine.State state = (Machine.State) position;
        Mask known = state.mask();
        if (known != null) {
            return known.contains(token);
        }
        machine.allow(MOST_VISITS);
        return !read(state, token).isDead() || walk.names(state, token);
    }

    private Machine.State walk(Machine.State from, int token) {
        Machine.State text = read(from, token);
        return machine.automaton().hasTokens()
                ? machine.either(
                        text, machine.stepToken(from, token, trie.others().contains(token)))
                : text;
    }

    /** The state after a token's text. */
    private Machine.State read(Machine.State from, int token) {
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
        walk.follow(state, trie.longTokens(), work);
        TokenSet more = set(work);
        Arrays.fill(work, 0L);
        base.fewer().addTo(work);
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
        if (state.places() == 1 && !machine.automaton().readsToken(state.node(0))) {
            return computePlace(state);
        }
        // Together the places would be as many states as they can be combined; one by one they are few.
        List<TokenSet> shared = new ArrayList<>();
        List<TokenSet> others = new ArrayList<>();
        boolean many = state.places() > MOST_PLACES;
        if (many) {
            walk.explore(machine.narrow(state, WIDE), work);
            others.add(set(work));
        }
        for (int i = 0; i < state.places(); i++) {
            if (machine.automaton().readsToken(state.node(i)) || many && !machine.reads(state.node(i), WIDE)) {
                continue;
            }
            Machine.State place = machine.only(state, i);
            Mask own = place.mask();
            if (own == null) {
                own = computePlace(place);
                keep(place, own);
            }
            for (TokenSet set : own.shared()) {
                (shared.size() < MOST_SHARED ? shared : others).add(set);
            }
            others.add(own.more());
        }
        Arrays.fill(work, 0L);
        others.forEach(set -> set.addTo(work));
        int besides = addNamed(state);
        boolean isLeftOut = besides >= 0
                && (work[besides >> 6] & 1L << besides) == 0
                && shared.stream().noneMatch(set -> set.contains(besides));
        if (besides != NONE) {
            shared.add(trie.others());
        }
        shared.forEach(set -> set.takeFrom(work));
        TokenSet more = set(work);
        if (!isLeftOut) {
            return new Mask(shared, more, TokenSet.NONE);
        }
        Arrays.fill(work, 0L);
        work[besides >> 6] |= 1L << besides;
        return new Mask(shared, more, set(work));
    }

    /**
     * Sets the bits of the tokens that the grammar names at a state's places.
     *
     * @return the one token besides which any may follow; {@link #ANY} if any may follow, {@link #NONE} if not
     */
    private int addNamed(Machine.State state) {
        int besides = NONE;
        for (int i = 0; i < state.places(); i++) {
            int named = machine.automaton().token(state.node(i));
            if (named >= 0) {
                work[named >> 6] |= 1L << named;
            } else if (named != Automaton.NO_TOKEN) {
                besides = besides == NONE || besides == ~named ? ~named : ANY;
            }
        }
        return besides;
    }

    private Mask computePlace(Machine.State state) {
        if (machine.returnsSomewhere(state, 0) && readsOn(state)) {
            Arrays.fill(work, 0L);
            walk.all(state, work);
            return new Mask(List.of(), set(work), TokenSet.NONE);
        }
        Place place = place(state.node(0));
        Arrays.fill(work, 0L);
        if (machine.returnsSomewhere(state, 0)) {
            walk.enter(state, place.leaving(), work);
        }
        place.allowed().takeFrom(work);
        return new Mask(place.allowed().isEmpty() ? List.of() : List.of(place.allowed()), set(work), TokenSet.NONE);
    }

    private boolean isWorthAWalk(int node) {
        if (machine.reads(node, WIDE)) {
            return true;
        }
        if (!machine.reads(node, RATHER_WIDE)) {
            return false;
        }
        Run run = machine.run(machine.alone(node));
        return run.characters() == Subtrees.MANY && run.bytes() == Subtrees.MANY;
    }

    /**
     * Whether a place is left after a character or so and what called it reads the same again, as in a string of a
     * bounded length. What the place decides by itself is next to nothing then, and whole subtrees are alike for the
     * state.
     */
    private boolean readsOn(Machine.State state) {
        int alone = machine.run(machine.alone(state.node(0))).characters();
        return machine.reads(state.node(0), WIDE) && machine.run(state).characters() > 2 * alone;
    }

    private Place place(int node) {
        Place known = places[node];
        if (known == null) {
            int[] leaving = walk.explore(machine.alone(node), work);
            known = new Place(set(work), leaving);
            places[node] = known;
            bytes += 4L * leaving.length;
        }
        return known;
    }

    /** Whether there is only one way on: a byte that must follow, or a token that the grammar names. */
    public synchronized boolean isForced(Position position) {
        Machine.State state = (Machine.State) position;
        return machine.onlyByte(state) >= 0 || machine.onlyToken(state) >= 0;
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
            } else {
                repeats++;
                rightRepeats += known.has(token) ? 1 : 0;
            }
            known.drawn(token);
        }
        return walk(state, token);
    }

    /**
     * How many tokens are expected where the grammar leaves no choice: one that it names, or those by which the text
     * was spelled before; 0 if none was drawn or guessed yet.
     */
    public synchronized int expected(Position position) {
        Machine.State state = (Machine.State) position;
        Spellings known = state.spellings();
        return known == null ? machine.onlyToken(state) >= 0 ? 1 : 0 : known.count();
    }

    /** The {@code i}-th of the expected tokens, the likeliest first. */
    public synchronized int expected(Position position, int i) {
        Machine.State state = (Machine.State) position;
        Spellings known = state.spellings();
        return known == null ? machine.onlyToken(state) : known.token(i);
    }

    /**
     * How likely the {@code i}-th of the expected tokens is: by what was drawn, or by how well guesses did elsewhere.
     */
    public synchronized float probability(Position position, int i) {
        Machine.State state = (Machine.State) position;
        Spellings known = state.spellings();
        if (known == null) {
            return machine.onlyToken(state) >= 0 ? 1 : 0;
        }
        return known.isGuess()
                ? (rightGuesses + 6f) / (guesses + 8f)
                : known.probability(i, (rightRepeats + 18f) / (repeats + 20f));
    }

    /** Makes a guess of the token that will come here; it holds until one is drawn. */
    public synchronized void guess(Position position, int token) {
        Machine.State state = (Machine.State) position;
        if (state.spellings() == null) {
            state.expect(Spellings.guess(token));
        }
    }

    /** What all questions took so far, counted: the same on every machine. */
    public synchronized Work work() {
        return new Work(walk.visits(), machine.steps());
    }

    /**
     * Counts of what questions take.
     *
     * @param visits of the trie's nodes, each some nanoseconds
     * @param steps of the machine that were not known before, each some hundred nanoseconds
     */
    public record Work(long visits, long steps) {}

    /** What is known of the grammar takes about so many bytes. */
    synchronized long size() {
        return machine.size() + bytes + 8L * work.length;
    }

    /** The vocabulary's texts. */
    public VocabularyTrie trie() {
        return trie;
    }
}
