package io.aded.draft;

/** The successors proposed for one context, with what each source gives them. Scratch space, reused. */
final class Candidates {
    private static final int CAPACITY = SuffixIndex.MAX_MATCHES + 2 * SuccessorRows.WIDTH + RecentTokens.WIDTH;
    private static final int SOURCES = ContextMixture.SOURCES;

    final int[] tokens = new int[CAPACITY];
    final float[] shares = new float[CAPACITY * SOURCES];
    final float[] probabilities = new float[CAPACITY];
    int size;
    int longestMatch;
    boolean matchInPrompt;
    int matchToken;
    float trigramMass;
    float trigramTop;

    void clear() {
        size = 0;
        longestMatch = 0;
        matchInPrompt = false;
        matchToken = -1;
        trigramMass = 0;
        trigramTop = 0;
    }

    private int index(int token) {
        for (int i = 0; i < size; i++) {
            if (tokens[i] == token) {
                return i;
            }
        }
        tokens[size] = token;
        for (int s = 0; s < SOURCES; s++) {
            shares[size * SOURCES + s] = 0;
        }
        return size++;
    }

    void addMatches(SuffixIndex history, int[] next, int[] length, int base, int count, int[] path) {
        int best = -1;
        for (int i = 0; i < count; i++) {
            if (best < 0 || length[base + i] > length[base + best]) {
                best = i;
            }
        }
        if (best < 0) {
            return;
        }
        longestMatch = length[base + best];
        int here = history.length();
        matchInPrompt = history.isPrompt(next[base + best]);
        float total = 0;
        for (int i = 0; i < count; i++) {
            int position = next[base + i];
            int token = position < here ? history.token(position) : path[position - here];
            int behind = longestMatch - length[base + i];
            float vote = 1f / (1 << Math.min(20, 2 * behind));
            // Of equals the most recent counts most: later entries are older.
            vote *= i == best ? 1f : 0.5f;
            int at = index(token);
            shares[at * SOURCES + ContextMixture.SUFFIX] += vote;
            total += vote;
            if (i == best) {
                matchToken = token;
            }
        }
        for (int i = 0; i < size; i++) {
            shares[i * SOURCES + ContextMixture.SUFFIX] /= total;
        }
    }

    void addRow(int source, SuccessorRows rows, int row) {
        if (row < 0) {
            return;
        }
        for (int i = 0; i < SuccessorRows.WIDTH; i++) {
            float weight = rows.weight(row, i);
            if (weight > 0) {
                shares[index(rows.successor(row, i)) * SOURCES + source] = weight;
                if (source == ContextMixture.TRIGRAM) {
                    trigramMass += weight;
                    trigramTop = Math.max(trigramTop, weight);
                }
            }
        }
    }

    void addRecent(RecentTokens recent) {
        for (int i = 0; i < RecentTokens.WIDTH; i++) {
            if (recent.weight(i) > 0) {
                shares[index(recent.token(i)) * SOURCES + ContextMixture.UNIGRAM] = recent.weight(i);
            }
        }
    }

    int find(int token) {
        for (int i = 0; i < size; i++) {
            if (tokens[i] == token) {
                return i;
            }
        }
        return -1;
    }

    /** Moves the best candidates, sorted, into the given arrays. Returns how many. */
    int best(int[] toTokens, float[] toProbabilities, int base, int most) {
        int count = 0;
        for (int i = 0; i < size; i++) {
            float p = probabilities[i];
            if (count == most && p <= toProbabilities[base + count - 1]) {
                continue;
            }
            int hole = count < most ? count++ : most - 1;
            while (hole > 0 && toProbabilities[base + hole - 1] < p) {
                toTokens[base + hole] = toTokens[base + hole - 1];
                toProbabilities[base + hole] = toProbabilities[base + hole - 1];
                hole--;
            }
            toTokens[base + hole] = tokens[i];
            toProbabilities[base + hole] = p;
        }
        return count;
    }
}
