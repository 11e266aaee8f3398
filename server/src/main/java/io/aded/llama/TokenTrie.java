package io.aded.llama;

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
final class TokenTrie {
    private static final int NONE = -1;

    /** Children of token i are children[offsets[i]] to children[offsets[i + 1]], exclusive; the roots come last. */
    private final int[] offsets;

    private final int[] children;

    private TokenTrie(int[] offsets, int[] children) {
        this.offsets = offsets;
        this.children = children;
    }

    static TokenTrie of(LlamaVocabulary vocabulary) {
        int size = vocabulary.size();
        List<Integer> order = IntStream.range(0, size)
                .filter(token -> vocabulary.length(token) > 0 && !vocabulary.endsGeneration(token))
                .boxed()
                .sorted(vocabulary::compareTexts)
                .toList();
        int[] parents = new int[size];
        Arrays.fill(parents, NONE);
        // In sorted order a token's prefixes are among those before it that are still prefixes of each other.
        int[] open = new int[size];
        int depth = 0;
        for (int token : order) {
            while (depth > 0 && !vocabulary.startsWith(token, open[depth - 1])) {
                depth--;
            }
            parents[token] = depth == 0 ? NONE : open[depth - 1];
            open[depth++] = token;
        }
        return new TokenTrie(offsets(parents, vocabulary), children(parents, vocabulary));
    }

    private static int[] offsets(int[] parents, LlamaVocabulary vocabulary) {
        int size = parents.length;
        int[] offsets = new int[size + 2];
        for (int token = 0; token < size; token++) {
            if (vocabulary.length(token) > 0) {
                offsets[(parents[token] == NONE ? size : parents[token]) + 1]++;
            }
        }
        for (int i = 0; i <= size; i++) {
            offsets[i + 1] += offsets[i];
        }
        return offsets;
    }

    private static int[] children(int[] parents, LlamaVocabulary vocabulary) {
        int size = parents.length;
        int[] next = offsets(parents, vocabulary);
        int[] children = new int[next[size + 1]];
        for (int token = 0; token < size; token++) {
            if (vocabulary.length(token) > 0) {
                children[next[parents[token] == NONE ? size : parents[token]]++] = token;
            }
        }
        return children;
    }

    /** Appends the tokens with no shorter prefix in the vocabulary, and returns the new end. */
    int appendRoots(int[] to, int end) {
        return append(offsets.length - 2, to, end);
    }

    /** Appends the tokens right below one, and returns the new end. */
    int appendChildren(int token, int[] to, int end) {
        return append(token, to, end);
    }

    private int append(int node, int[] to, int end) {
        int count = offsets[node + 1] - offsets[node];
        System.arraycopy(children, offsets[node], to, end, count);
        return end + count;
    }
}
