package io.aded.llama;

import io.aded.grammar.GrammarExhausted;
import io.aded.grammar.GrammarRefused;
import io.aded.grammar.TokenMasks;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.model.TokenTree;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What may come next in one stream by its grammar.
 *
 * <p>What the sampler needs is usually among the best tokens, so it asks about those first; every token is asked about
 * only if too few of them are allowed ({@link TokenMasks}). Tokens that end an answer are judged by what they mean,
 * control tokens never match.
 */
final class Grammar {
    /**
     * How likely a token of forced text is the model's: another spelling of the same text is all that can come instead.
     */
    private static final float FORCED = 0.98f;

    private static final float FORCED_LAST = 0.8f;

    private final String field;
    private final LlamaVocabulary vocabulary;
    private final TokenMasks masks;
    private TokenMasks.Position position;

    /** Bits of the tokens that {@link #findAllowed} found, and the tokens; empty until they are needed. */
    private long[] mask = {};

    private int[] found = {};

    /** Where each node of a draft leads, and whether it stays. */
    private TokenMasks.@Nullable Position[] positions = new TokenMasks.Position[64];

    private boolean[] keep = new boolean[64];
    private final byte[] forced = new byte[256];

    private Grammar(String field, LlamaVocabulary vocabulary, TokenMasks masks) {
        this.field = field;
        this.vocabulary = vocabulary;
        this.masks = masks;
        position = masks.start();
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
        return new AdedException.ResourceExhausted(
                AdedException.CONSTRAINT_EXHAUSTED,
                field + " " + e.getMessage()
                        + "; what was sent of the answer stands. Make it simpler: fewer alternatives"
                        + " that begin alike, smaller bounds of repetition",
                null);
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
                position = masks.after(position, token);
            } catch (GrammarExhausted e) {
                throw exhausted(e);
            }
        }
    }

    /**
     * Makes a chain of the text that must follow, spelled with the longest tokens as tokenisers mostly do.
     *
     * @return the number of its nodes; 0 if the grammar leaves a choice, and then the tree is as it was
     */
    int draftForced(TokenTree tree, int maxNodes) {
        if (maxNodes == 0) {
            return 0;
        }
        int length;
        try {
            length = masks.forced(position, forced);
        } catch (GrammarExhausted e) {
            return 0; // the walk decides whether it matters
        }
        int at = 0;
        int node = 0;
        float probability = 1;
        while (at < length && tree.depth(node) < maxNodes) {
            int token = masks.trie().longestPrefix(forced, at, length);
            if (token < 0) {
                break;
            }
            if (node == 0) {
                tree.reset(tree.token(0));
            }
            at += masks.trie().length(token);
            // Where the text that is known ends, the model may choose a token that goes on beyond it.
            probability *= at < length ? FORCED : FORCED_LAST;
            node = tree.add(node, token, probability);
        }
        return tree.depth(node);
    }

    /** Removes the nodes of a draft that may not come after their ancestors. */
    void prune(TokenTree tree) {
        int size = tree.size();
        if (size < 2) {
            return;
        }
        if (keep.length < size) {
            keep = new boolean[size];
            positions = new TokenMasks.Position[size];
        }
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
