package io.aded.grammar;

import io.aded.model.Vocabulary;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The texts of a vocabulary's tokens as a trie over bytes, in depth-first order and flat arrays: node i's subtree is
 * the nodes from i to {@link #end}{@code (i)}, exclusive. Immutable.
 *
 * <p>Tokens without text of their own (control tokens, whatever they are called) are not in it: their names are not
 * text, and never match a grammar.
 */
public final class VocabularyTrie {
    private final byte[] all;
    private final int[] starts;

    private final byte[] labels;
    private final byte[] depths;
    private final int[] ends;
    /** Tokens that end at node i: tokens[first[i]] to tokens[first[i + 1]], exclusive. */
    private final int[] first;

    private final int[] tokens;
    private final int deepest;

    /** Tokens of more than {@link Automaton#FAR} bytes. */
    private final int[] longTokens;

    private final Subtrees subtrees;

    private final Vocabulary vocabulary;

    /** Tokens that a grammar means when it says what a token is not; made when they are needed. */
    private volatile @Nullable TokenSet others;

    private VocabularyTrie(Vocabulary vocabulary, byte[] all, int[] starts, int[] order) {
        this.vocabulary = vocabulary;
        this.all = all;
        this.starts = starts;
        int capacity = 1024;
        byte[] labels = new byte[capacity];
        byte[] depths = new byte[capacity];
        int[] ends = new int[capacity];
        int[] open = new int[256];
        int count = 0;
        int depth = 0;
        int previous = -1;
        int deepest = 0;
        for (int token : order) {
            int length = Math.min(255, starts[token + 1] - starts[token]);
            int shared = previous < 0 ? 0 : sharedPrefix(previous, token);
            while (depth > shared) {
                ends[open[--depth]] = count;
            }
            while (depth < length) {
                if (count == labels.length) {
                    labels = Arrays.copyOf(labels, count * 2);
                    depths = Arrays.copyOf(depths, count * 2);
                    ends = Arrays.copyOf(ends, count * 2);
                }
                labels[count] = all[starts[token] + depth];
                depths[count] = (byte) depth;
                open[depth++] = count++;
            }
            deepest = Math.max(deepest, depth);
            previous = token;
        }
        while (depth > 0) {
            ends[open[--depth]] = count;
        }
        this.labels = Arrays.copyOf(labels, count);
        this.depths = Arrays.copyOf(depths, count);
        this.ends = Arrays.copyOf(ends, count);
        this.first = firsts(order, count);
        this.tokens = order;
        this.deepest = deepest;
        longTokens = IntStream.of(order)
                .filter(token -> starts[token + 1] - starts[token] > Automaton.FAR)
                .toArray();
        subtrees = new Subtrees(this);
    }

    /** Which tokens end at which node: walks the nodes and the sorted tokens side by side. */
    private int[] firsts(int[] order, int count) {
        int[] endsHere = new int[count + 1];
        int[] open = new int[256];
        int node = -1;
        int depth = 0;
        int previous = -1;
        for (int token : order) {
            int length = Math.min(255, starts[token + 1] - starts[token]);
            depth = Math.min(depth, previous < 0 ? 0 : sharedPrefix(previous, token));
            while (depth < length) {
                open[depth++] = ++node;
            }
            endsHere[open[length - 1] + 1]++;
            previous = token;
        }
        // Tokens are sorted like the nodes are numbered, so sums are places.
        for (int i = 0; i < count; i++) {
            endsHere[i + 1] += endsHere[i];
        }
        return endsHere;
    }

    /** How many bytes the texts of two tokens begin with alike; at most 255. */
    int sharedPrefix(int a, int b) {
        int length = Math.min(255, Math.min(starts[a + 1] - starts[a], starts[b + 1] - starts[b]));
        int mismatch = Arrays.mismatch(all, starts[a], starts[a] + length, all, starts[b], starts[b] + length);
        return mismatch < 0 ? length : mismatch;
    }

    /** The trie of a vocabulary. A token of more than 255 bytes is left out: no grammar forces one. */
    public static VocabularyTrie of(Vocabulary vocabulary) {
        int size = vocabulary.size();
        int[] starts = new int[size + 1];
        byte[] all = new byte[size * 8];
        byte[] piece = new byte[256];
        for (int token = 0; token < size; token++) {
            int length = vocabulary.isControl(token) || vocabulary.endsGeneration(token)
                    ? 0
                    : vocabulary.piece(token, piece, false);
            if (length < 0 || length > 255) {
                length = 0;
            }
            int start = starts[token];
            if (start + length > all.length) {
                all = Arrays.copyOf(all, Math.max(all.length * 2, start + length));
            }
            System.arraycopy(piece, 0, all, start, length);
            starts[token + 1] = start + length;
        }
        byte[] texts = all;
        int[] order = IntStream.range(0, size)
                .filter(token -> starts[token + 1] > starts[token])
                .boxed()
                .sorted((a, b) ->
                        Arrays.compareUnsigned(texts, starts[a], starts[a + 1], texts, starts[b], starts[b + 1]))
                .mapToInt(Integer::intValue)
                .toArray();
        return new VocabularyTrie(vocabulary, texts, starts, order);
    }

    /** Token ids run from 0 to this, exclusive. */
    public int vocabularySize() {
        return starts.length - 1;
    }

    /** The token that a text names, control tokens too; -1 if the text is not just one token. */
    int named(String text) {
        int[] tokens = vocabulary.tokenize(text, false, true);
        return tokens.length == 1 ? tokens[0] : -1;
    }

    boolean endsGeneration(int token) {
        return vocabulary.endsGeneration(token);
    }

    /** All tokens but those that end an answer or are nothing at all, as llama.cpp takes them. */
    TokenSet others() {
        TokenSet known = others;
        if (known == null) {
            long[] bits = new long[vocabularySize() + 63 >> 6];
            byte[] piece = new byte[256];
            for (int token = 0; token < vocabularySize(); token++) {
                if (!vocabulary.endsGeneration(token) && vocabulary.piece(token, piece, true) != 0) {
                    bits[token >> 6] |= 1L << token;
                }
            }
            known = TokenSet.of(bits);
            others = known;
        }
        return known;
    }

    int nodes() {
        return labels.length;
    }

    byte label(int node) {
        return labels[node];
    }

    /** How many bytes stand before a node's own. */
    int depth(int node) {
        return depths[node] & 0xFF;
    }

    int end(int node) {
        return ends[node];
    }

    /** How many nodes follow right after a node. */
    int children(int node) {
        int count = 0;
        for (int child = node + 1; child < ends[node]; child = ends[child]) {
            count++;
        }
        return count;
    }

    /** What is read below each node. */
    Subtrees subtrees() {
        return subtrees;
    }

    /** Tokens that are longer than {@link Automaton#FAR} bytes. */
    int[] longTokens() {
        return longTokens;
    }

    /** The longest path, in bytes. */
    int deepest() {
        return deepest;
    }

    /**
     * The first of the tokens in a subtree, as an index for {@link #token}; they end before {@code firstToken(end)}.
     */
    int firstToken(int node) {
        return first[node];
    }

    int token(int index) {
        return tokens[index];
    }

    /** The length of a token's text in bytes; 0 if it has none. */
    public int length(int token) {
        return starts[token + 1] - starts[token];
    }

    byte at(int token, int index) {
        return all[starts[token] + index];
    }

    /**
     * The longest token whose text begins {@code text}, or -1.
     *
     * @param from where to begin in it
     * @param to where it ends, exclusive
     */
    public int longestPrefix(byte[] text, int from, int to) {
        int best = -1;
        int node = 0;
        int end = labels.length;
        int at = from;
        while (at < to && node < end) {
            if (labels[node] == text[at]) {
                if (ownTokens(node) > 0) {
                    best = tokens[first[node]];
                }
                end = ends[node];
                node++;
                at++;
            } else {
                node = ends[node];
            }
        }
        return best;
    }

    /** How many tokens end right at a node. */
    int ownTokens(int node) {
        return first[node + 1] - first[node];
    }
}
