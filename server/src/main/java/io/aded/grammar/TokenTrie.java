package io.aded.grammar;

import io.aded.model.Vocabulary;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The vocabulary ordered by prefixes: below each token stand those whose text goes on where its text ends. Immutable.
 *
 * <p>A grammar that forbids a text forbids every longer one that begins with it. So whoever asks a grammar about the
 * roots, and then only below what it allows, never asks about most of the vocabulary.
 *
 * <p>Tokens that end an answer are roots without children: grammars judge them by what they mean, not by their text.
 */
public final class TokenTrie {
    private static final int NONE = -1;

    /** Children of token i are children[offsets[i]] to children[offsets[i + 1]], exclusive; the roots come last. */
    private final int[] offsets;

    private final int[] children;

    private TokenTrie(int[] offsets, int[] children) {
        this.offsets = offsets;
        this.children = children;
    }

    /** Orders a vocabulary. */
    public static TokenTrie of(Vocabulary vocabulary) {
        int size = vocabulary.size();
        Texts texts = Texts.of(vocabulary);
        List<Integer> order = IntStream.range(0, size)
                .filter(token -> texts.length(token) > 0 && !vocabulary.endsGeneration(token))
                .boxed()
                .sorted(texts::compare)
                .toList();
        int[] parents = new int[size];
        Arrays.fill(parents, NONE);
        // In sorted order a token's prefixes are among those before it that are still prefixes of each other.
        int[] open = new int[size];
        int depth = 0;
        for (int token : order) {
            while (depth > 0 && !texts.startsWith(token, open[depth - 1])) {
                depth--;
            }
            parents[token] = depth == 0 ? NONE : open[depth - 1];
            open[depth++] = token;
        }
        return new TokenTrie(offsets(parents, texts), children(parents, texts));
    }

    /** The tokens' texts, control tokens written out: token i's bytes are all[starts[i]] to all[starts[i + 1]]. */
    private record Texts(byte[] all, int[] starts) {
        static Texts of(Vocabulary vocabulary) {
            int size = vocabulary.size();
            int[] starts = new int[size + 1];
            byte[] all = new byte[size * 8];
            byte[] piece = new byte[256];
            for (int token = 0; token < size; token++) {
                int length = vocabulary.piece(token, piece, true);
                if (length < 0) {
                    piece = new byte[-length];
                    length = vocabulary.piece(token, piece, true);
                }
                int start = starts[token];
                if (start + length > all.length) {
                    all = Arrays.copyOf(all, Math.max(all.length * 2, start + length));
                }
                System.arraycopy(piece, 0, all, start, length);
                starts[token + 1] = start + length;
            }
            return new Texts(all, starts);
        }

        int length(int token) {
            return starts[token + 1] - starts[token];
        }

        /** By their bytes; a prefix comes first. */
        int compare(int a, int b) {
            return Arrays.compareUnsigned(all, starts[a], starts[a + 1], all, starts[b], starts[b + 1]);
        }

        /** Whether a token's text begins with (or is) another's. */
        boolean startsWith(int token, int prefix) {
            int length = length(prefix);
            return length(token) >= length
                    && Arrays.equals(
                            all, starts[token], starts[token] + length, all, starts[prefix], starts[prefix + 1]);
        }
    }

    private static int[] offsets(int[] parents, Texts texts) {
        int size = parents.length;
        int[] offsets = new int[size + 2];
        for (int token = 0; token < size; token++) {
            if (texts.length(token) > 0) {
                offsets[(parents[token] == NONE ? size : parents[token]) + 1]++;
            }
        }
        for (int i = 0; i <= size; i++) {
            offsets[i + 1] += offsets[i];
        }
        return offsets;
    }

    private static int[] children(int[] parents, Texts texts) {
        int size = parents.length;
        int[] next = offsets(parents, texts);
        int[] children = new int[next[size + 1]];
        for (int token = 0; token < size; token++) {
            if (texts.length(token) > 0) {
                children[next[parents[token] == NONE ? size : parents[token]]++] = token;
            }
        }
        return children;
    }

    /** Appends the tokens with no shorter prefix in the vocabulary, and returns the new end. */
    public int appendRoots(int[] to, int end) {
        return append(offsets.length - 2, to, end);
    }

    /** Appends the tokens right below one, and returns the new end. */
    public int appendChildren(int token, int[] to, int end) {
        return append(token, to, end);
    }

    private int append(int node, int[] to, int end) {
        int count = offsets[node + 1] - offsets[node];
        System.arraycopy(children, offsets[node], to, end, count);
        return end + count;
    }
}
