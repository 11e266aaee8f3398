package io.aded.llama;

import io.aded.grammar.GrammarExhausted;
import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.model.TokenTree;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What may come next in one stream by its grammar.
 *
 * <p>What the sampler needs is usually among the best tokens, so it asks about those first; every token is asked about
 * only if too few of them are allowed ({@link TokenMasks}). Tokens that end an answer are judged by what they mean,
 * control tokens never match but where the grammar names them.
 */
final class Grammar {
    /** Nodes less likely than this are not drafted. */
    private static final float LEAST = 0.02f;

    private final String field;
    private final LlamaVocabulary vocabulary;
    private final TokenMasks masks;
    private final Spelling spelling;
    private TokenMasks.Position position;

    /** Bits of the tokens that {@link #findAllowed} found, and the tokens; empty until they are needed. */
    private long[] mask = {};

    private int[] found = {};

    /** Where each node of a draft leads, and whether it stays. */
    private TokenMasks.@Nullable Position[] positions = new TokenMasks.Position[64];

    private boolean[] keep = new boolean[64];
    /** No more than the engine's thread splits into tokens by itself, without waiting for callers' texts. */
    private final byte[] forced = new byte[TextThread.FIT_ANYWHERE];

    private final Offers offers = new Offers();

    private Grammar(String field, LlamaVocabulary vocabulary, TokenMasks masks) {
        this.field = field;
        this.vocabulary = vocabulary;
        this.masks = masks;
        position = masks.start();
        spelling = new Spelling(vocabulary, masks.trie());
    }

    /**
     * Compiles the grammar or schema of a request.
     *
     * @throws AdedException.InvalidRequest if it is not valid
     */
    static Grammar compile(LlamaVocabulary vocabulary, SamplingParameters parameters) {
        String grammar = parameters.grammar();
        String schema = parameters.jsonSchema();
        String field = grammar != null ? "sampling.grammar" : "sampling.json_schema";
        try {
            if (grammar != null) {
                return new Grammar(field, vocabulary, vocabulary.grammars().gbnf(grammar));
            }
            if (schema != null) {
                return new Grammar(field, vocabulary, vocabulary.grammars().jsonSchema(schema));
            }
        } catch (GrammarRefused e) {
            throw new AdedException.InvalidRequest(field, String.valueOf(e.getMessage()));
        }
        throw new IllegalArgumentException("neither a grammar nor a schema");
    }

    private boolean allows(int token) {
        return vocabulary.endsGeneration(token) ? position.accepts() : masks.allows(position, token);
    }

    /** Whether the text that came so far may end. */
    boolean accepts() {
        return position.accepts();
    }

    /** The grammar cannot be followed within its bounds: that is this stream's failure, which others decode beside. */
    private AdedException exhausted(GrammarExhausted e) {
        return AdedException.ResourceExhausted.byField(
                AdedException.CONSTRAINT_EXHAUSTED,
                new FieldViolation(
                        field,
                        e.getMessage()
                                + "; what was sent of the answer stands. Make it simpler: fewer alternatives"
                                + " that begin alike, smaller bounds of repetition"));
    }

    /** Removes the candidates that may not come next. */
    void filter(Candidates candidates) {
        try {
            for (int i = 0; i < candidates.size(); i++) {
                if (!allows(candidates.token(i))) {
                    candidates.forbid(i);
                }
            }
        } catch (GrammarExhausted e) {
            throw exhausted(e);
        }
        candidates.dropForbidden();
    }

    /** Finds every token that may come next, and returns how many there are. */
    int findAllowed() {
        if (mask.length == 0) {
            mask = new long[vocabulary.size() + 63 >> 6];
            found = new int[vocabulary.size()];
        }
        try {
            masks.fill(position, mask);
        } catch (GrammarExhausted e) {
            throw exhausted(e);
        }
        if (position.accepts()) {
            for (int token : vocabulary.ends()) {
                mask[token >> 6] |= 1L << token;
            }
        }
        int count = 0;
        for (int word = 0; word < mask.length; word++) {
            for (long bits = mask[word]; bits != 0; bits &= bits - 1) {
                found[count++] = (word << 6) + Long.numberOfTrailingZeros(bits);
            }
        }
        return count;
    }

    /** The {@code i}-th token that {@link #findAllowed} found, by rising ids. */
    int allowed(int i) {
        return found[i];
    }

    /** Goes on by a token, which must be allowed. One that ends the answer leaves things as they are. */
    void accept(int token) {
        if (!vocabulary.endsGeneration(token)) {
            try {
                position = masks.drawn(position, token);
            } catch (GrammarExhausted e) {
                throw exhausted(e);
            }
        }
    }

    /**
     * Makes a tree of the text that must follow: the text is one, but it can be spelled in several ways. It is spelled
     * as it was when answers came here before, or as the tokeniser would; the likeliest nodes are taken.
     *
     * @param maxNodes the most draft nodes
     * @param maxBranches the most leaves, at least 1
     * @return the number of its nodes; 0 if the grammar leaves a choice, and then the tree is as it was
     */
    int draftForced(TokenTree tree, int maxNodes, int maxBranches) {
        if (maxNodes == 0) {
            return 0;
        }
        try {
            if (!masks.isForced(position)) {
                return 0;
            }
            reserve(maxNodes + 1);
            offers.clear();
            offer(0, position, 1);
            int nodes = 0;
            int branches = 1;
            while (!offers.isEmpty() && nodes < maxNodes) {
                int best = offers.best();
                int parent = offers.parent(best);
                int token = offers.token(best);
                float probability = offers.probability(best);
                offers.remove(best);
                TokenMasks.Position before = parent == 0 ? position : positions[parent];
                TokenMasks.Position after = before == null ? null : masks.after(before, token);
                boolean forks = nodes > 0 && tree.firstChild(parent) >= 0;
                if (after == null || after.isDead() || forks && branches == maxBranches) {
                    continue;
                }
                if (nodes++ == 0) {
                    tree.reset(tree.token(0));
                }
                branches += forks ? 1 : 0;
                int node = tree.add(parent, token, probability);
                positions[node] = after;
                offer(node, after, probability);
            }
            return nodes;
        } catch (GrammarExhausted e) {
            return 0; // the walk decides whether it matters
        } finally {
            Arrays.fill(positions, null);
        }
    }

    /** Offers the tokens that are expected behind a node, if the grammar leaves one text there. */
    private void offer(int node, TokenMasks.Position at, float probability) {
        if (!masks.isForced(at)) {
            return;
        }
        if (masks.expected(at) == 0) {
            spell(at);
        }
        for (int i = 0; i < masks.expected(at); i++) {
            float chance = probability * masks.probability(at, i);
            if (chance >= LEAST) {
                offers.add(node, masks.expected(at, i), chance);
            }
        }
    }

    /** Guesses how the text that must follow will be spelled. */
    private void spell(TokenMasks.Position from) {
        int length = masks.forced(from, forced);
        int[] tokens = spelling.spell(forced, length);
        TokenMasks.Position at = from;
        for (int i = 0; i < tokens.length && !at.isDead() && masks.expected(at) == 0; i++) {
            masks.guess(at, tokens[i]);
            at = masks.after(at, tokens[i]);
        }
    }

    private void reserve(int nodes) {
        if (keep.length < nodes) {
            keep = new boolean[nodes];
            positions = new TokenMasks.Position[nodes];
        }
    }

    /** Removes the nodes of a draft that may not come after their ancestors. */
    void prune(TokenTree tree) {
        int size = tree.size();
        if (size < 2) {
            return;
        }
        reserve(size);
        positions[0] = position;
        keep[0] = true;
        try {
            for (int node = 1; node < size; node++) {
                TokenMasks.Position parent = positions[tree.parent(node)];
                boolean ends = vocabulary.endsGeneration(tree.token(node));
                TokenMasks.Position next = parent == null || ends ? null : masks.after(parent, tree.token(node));
                keep[node] = parent != null && (ends ? parent.accepts() : next != null && !next.isDead());
                positions[node] = keep[node] ? next : null;
            }
        } catch (GrammarExhausted e) {
            tree.truncate(1);
            return;
        }
        tree.retain(keep);
        Arrays.fill(positions, 0, size, null);
    }
}
