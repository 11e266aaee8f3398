package io.aded.draft.adaptive;

import java.util.Arrays;

/**
 * The successors proposed for one context, and how every kind of evidence sees each of them.
 *
 * <p>Evidence is not mixed here. Each kind only sorts a candidate into one of a few <i>cells</i>, such as "second best
 * of its bi-gram row, with a weight of 0.2 to 0.3, in a row that the target has confirmed twice". What a cell is worth
 * is the business of {@link EvidenceWeights}. The cells were chosen by cross-validation on recorded text: a kind stays
 * if leaving it out costs log-likelihood on answers that the weights were not fitted to.
 */
final class Candidates {
    /** Kinds of evidence, hence cells a candidate. */
    static final int KINDS = 10;

    // Where the cells of each kind begin.
    private static final int LENGTHS = 10;
    private static final int BINS = 12;
    static final int SUFFIX = 0;
    private static final int SUFFIX_CELLS = 24;
    static final int BIGRAM = SUFFIX + LENGTHS * SUFFIX_CELLS;
    static final int TRIGRAM = BIGRAM + 1 + 3 * 4 * BINS;
    static final int RUNNER_UP = TRIGRAM + (BINS + 1) * 4 * 3;
    static final int LATEST = RUNNER_UP + 2 * BINS;
    static final int RESUMPTION = LATEST + 1 + BINS * 4;
    static final int RUN = RESUMPTION + 1 + 4 * 4 * 4 * 3;
    static final int FREQUENCY = RUN + 8 * 3 * 3;
    static final int AGE = FREQUENCY + 8 * 4 * 3;
    static final int RECENCY = AGE + 1 + 4 * 8 * 3;
    static final int CELLS = RECENCY + OccurrenceSketch.RECENCIES * 4 * 3;
    /** Where each kind's cells begin, and how many there are: learned weights fit where this is the same. */
    static final String LAYOUT = "suffix " + SUFFIX + ", bigram " + BIGRAM + ", trigram " + TRIGRAM + ", runner-up "
            + RUNNER_UP + ", latest " + LATEST + ", resumption " + RESUMPTION + ", run " + RUN + ", frequency "
            + FREQUENCY
            + ", age " + AGE + ", recency " + RECENCY + ", cells " + CELLS;

    private static final int NONE = -1;
    /** Guesses from no context that are offered below the root, where they are hardly worth a look. */
    private static final int RESERVE = 4;
    /** Successors in a row with less are not looked at below the root. */
    private static final float LEAST_WEIGHT = 0.02f;

    private static final int FREQUENT = 24;
    private static final int RUNNERS_UP = 16;
    private static final int CAPACITY = Contexts.MAX_MATCHES + 3 * SuccessorRows.WIDTH + 3 + FREQUENT + RUNNERS_UP;
    private static final int SLOTS = 256;
    private static final int SLOT_SHIFT = 7;

    /** Upper bounds, in 1/256, of the bins of a weight. */
    private static final byte[] BIN = bins(3, 8, 16, 31, 52, 82, 128, 174, 218, 243, 257);

    final SuffixIndex history;
    final SuccessorRows trigrams = new SuccessorRows(1 << 16);
    final SuccessorRows bigrams = new SuccessorRows(1 << 15);
    final WeightedTokens frequent = new WeightedTokens(FREQUENT, 0.99f);
    final WeightedTokens runnersUp = new WeightedTokens(RUNNERS_UP, 0.8f);
    final WeightedTokens latest = new WeightedTokens(SuccessorRows.WIDTH, 0f);
    final OccurrenceSketch occurrences = new OccurrenceSketch();

    private final Contexts contexts;
    private final boolean useSuffix;
    private final boolean useBigrams;

    private final int[] tokens = new int[CAPACITY];
    private final int[] matchLength = new int[CAPACITY];
    private final int[] matchAt = new int[CAPACITY];
    private final int[] votes = new int[CAPACITY];
    private final int[] trigramRank = new int[CAPACITY];
    private final int[] bigramRank = new int[CAPACITY];
    private final float[] trigramWeight = new float[CAPACITY];
    private final float[] bigramWeight = new float[CAPACITY];
    private final int[] runnerUpBin = new int[CAPACITY];
    private final int[] latestBin = new int[CAPACITY];
    private final int[] cells = new int[CAPACITY * KINDS];
    private final float[] scores = new float[CAPACITY];
    private final float[] probabilities = new float[CAPACITY];
    private int size;

    private int longest;
    private boolean hasTrigrams;
    private boolean hasBigrams;

    /** Finds a token's candidate: epoch and index by hash, so that nothing has to be cleared. */
    private final int[] slots = new int[SLOTS];

    private int epoch;

    private final int[] reserve = new int[RESERVE];
    private int reserved;

    Candidates(SuffixIndex history, Contexts contexts, boolean useSuffix, boolean useBigrams) {
        this.history = history;
        this.contexts = contexts;
        this.useSuffix = useSuffix;
        this.useBigrams = useBigrams;
    }

    /** Chooses the guesses from no context that the next draft may fall back on below its root. */
    void chooseReserve() {
        reserved = 0;
        float[] best = scores;
        choose(frequent, best, 1f);
        choose(runnersUp, best, 0.25f);
    }

    private void choose(WeightedTokens from, float[] best, float factor) {
        for (int i = 0; i < from.width(); i++) {
            float weight = from.weight(i) * factor;
            if (weight <= 0 || reserved == RESERVE && weight <= best[RESERVE - 1]) {
                continue;
            }
            int hole = reserved < RESERVE ? reserved++ : RESERVE - 1;
            while (hole > 0 && best[hole - 1] < weight) {
                best[hole] = best[hole - 1];
                reserve[hole] = reserve[hole - 1];
                hole--;
            }
            best[hole] = weight;
            reserve[hole] = from.token(i);
        }
    }

    /**
     * Gathers the candidates of a context.
     *
     * @param node whose context it is; its state in {@link Contexts} is complete but for what is expected, which is set
     *     here
     * @param beforeLast the last token but one, or -1
     * @param last the last token
     * @param atRoot whether the target's view of the last token itself is the latest one known
     */
    void gather(int node, int beforeLast, int last, boolean atRoot) {
        size = 0;
        if (++epoch == 1 << (31 - SLOT_SHIFT)) {
            Arrays.fill(slots, 0);
            epoch = 1;
        }
        int trigramRow = beforeLast == NONE ? NONE : trigrams.find(trigram(beforeLast, last));
        int bigramRow = useBigrams ? bigrams.find(last) : NONE;
        hasTrigrams = trigramRow != NONE;
        hasBigrams = bigramRow != NONE;

        int matches = useSuffix ? contexts.matches(node) : 0;
        addMatches(node, matches);
        int matched = size;
        int best = bestMatch(matched, NONE);
        int second = bestMatch(matched, best);
        longest = best == NONE ? 0 : matchLength[best];
        contexts.expect(node, best == NONE ? NONE : tokens[best], best == NONE ? NONE : matchAt[best], longest);
        float least = atRoot ? 0 : LEAST_WEIGHT;
        addRow(trigrams, trigramRow, trigramRank, trigramWeight, least);
        addRow(bigrams, bigramRow, bigramRank, bigramWeight, least);
        addTokensOfNoContext(atRoot);

        int resumeAt = useSuffix ? contexts.resumeAt(node) : NONE;
        int replaced = resumed(resumeAt, resumeAt);
        int skipped = resumed(resumeAt, resumeAt + 1);
        int inserted = resumed(resumeAt, resumeAt - 1);

        // What all candidates of this context share, as the higher digit of their cells.
        int length = lengthBucket(longest);
        int shortLength = length < 2 ? length : length < 4 ? 2 : 3;
        int bigramBase = hasBigrams ? BIGRAM + 1 + Math.min(2, bigrams.sightings(bigramRow)) * 4 * BINS : BIGRAM;
        int bigramTop = hasBigrams ? bin(bigrams.weight(bigramRow, 0)) : 0;
        int resumptionBase = gapBucket(contexts.gap(node)) * 3 + Math.min(length, 2);
        int resumedLength = resumedBucket(contexts.resumeLength(node)) * 12;
        int runBase = RUN + runBucket(contexts.run(node)) * 9;
        int ageBase = hasBigrams
                ? AGE + 1 + (bigrams.sightings(bigramRow) * 8 + Math.min(7, log2(1 + bigrams.age(bigramRow)))) * 3
                : AGE;

        for (int i = 0, at = 0; i < size; i++, at += KINDS) {
            int standing = matchLength[i] == 0 ? 0 : i == best ? 1 : 2;
            int inRow = Math.min(3, bigramRank[i]);
            int bigramState = hasBigrams ? inRow == 0 ? 1 : inRow == 1 ? 2 : 3 : 0;
            cells[at] = SUFFIX + length * SUFFIX_CELLS + suffixCell(i, best, second, matches);
            cells[at + 1] = hasBigrams
                    ? bigramBase + inRow * BINS + (inRow == 0 ? bigramTop : bin(bigramWeight[i]))
                    : bigramBase;
            cells[at + 2] = TRIGRAM + ((hasTrigrams ? bin(trigramWeight[i]) : BINS) * 4 + shortLength) * 3 + standing;
            cells[at + 3] = RUNNER_UP + runnerUpBin[i] * 2 + (atRoot ? 0 : 1);
            cells[at + 4] = atRoot ? LATEST + 1 + latestBin[i] * 4 + bigramState : LATEST;
            int kind = i == replaced ? 0 : i == skipped ? 1 : i == inserted ? 2 : 3;
            cells[at + 5] = resumeAt == NONE ? RESUMPTION : RESUMPTION + 1 + kind * 48 + resumedLength + resumptionBase;
            cells[at + 6] = runBase + standing * 3 + (trigramRank[i] == 1 ? 2 : bigramRank[i] == 1 ? 1 : 0);
            cells[at + 7] =
                    FREQUENCY + (frequencyBucket(occurrences.count(tokens[i])) * 4 + bigramState) * 3 + standing;
            cells[at + 8] = hasBigrams ? ageBase + (inRow == 0 ? 2 : inRow == 1 ? 0 : 1) : ageBase;
            cells[at + 9] =
                    RECENCY + (occurrences.recency(tokens[i], history.length()) * 4 + bigramState) * 3 + standing;
        }
    }

    private void addMatches(int node, int matches) {
        for (int m = 0; m < matches; m++) {
            int position = contexts.matchNext(node, m);
            int length = contexts.matchLength(node, m);
            int i = index(contexts.token(position));
            votes[i]++;
            if (length > matchLength[i] || length == matchLength[i] && position > matchAt[i]) {
                matchLength[i] = length;
                matchAt[i] = position;
            }
        }
    }

    /** The longest match among the first {@code count} candidates, the most recent of equals; {@code but} left out. */
    private int bestMatch(int count, int but) {
        int best = NONE;
        for (int i = 0; i < count; i++) {
            if (i != but
                    && (best == NONE
                            || matchLength[i] > matchLength[best]
                            || matchLength[i] == matchLength[best] && matchAt[i] > matchAt[best])) {
                best = i;
            }
        }
        return best;
    }

    private void addRow(SuccessorRows rows, int row, int[] ranks, float[] weights, float least) {
        if (row == NONE) {
            return;
        }
        for (int rank = 0; rank < SuccessorRows.WIDTH; rank++) {
            float weight = rows.weight(row, rank);
            if (weight <= least) {
                return;
            }
            int i = index(rows.successor(row, rank));
            ranks[i] = rank + 1;
            weights[i] = weight;
        }
    }

    private void addTokensOfNoContext(boolean atRoot) {
        if (!useBigrams) {
            return;
        }
        if (atRoot) {
            for (int i = 0; i < frequent.width(); i++) {
                if (frequent.weight(i) > 0) {
                    index(frequent.token(i));
                }
            }
            for (int i = 0; i < latest.width(); i++) {
                if (latest.weight(i) > 0) {
                    latestBin[index(latest.token(i))] = bin(latest.weight(i));
                }
            }
        } else {
            for (int i = 0; i < reserved && size < RESERVE; i++) {
                index(reserve[i]);
            }
        }
        for (int i = 0; i < runnersUp.width(); i++) {
            if (runnersUp.weight(i) > 0.01f) {
                int candidate = atRoot ? index(runnersUp.token(i)) : find(runnersUp.token(i));
                if (candidate != NONE) {
                    runnerUpBin[candidate] = bin(runnersUp.weight(i));
                }
            }
        }
    }

    private int resumed(int resumeAt, int position) {
        return resumeAt != NONE && contexts.readable(position) ? index(contexts.token(position)) : NONE;
    }

    private int suffixCell(int i, int best, int second, int matches) {
        if (matchLength[i] == 0) {
            return 0;
        }
        if (i == best) {
            int agreement;
            if (votes[i] == matches) {
                agreement = matches == 1 ? 0 : matches < 4 ? 1 : 2;
            } else if (matchLength[second] == matchLength[i]) {
                agreement = 3;
            } else {
                agreement = votes[i] * 2 > matches ? 4 : 5;
            }
            return 1 + agreement * 2 + (history.isPrompt(matchAt[i]) ? 1 : 0);
        }
        int behind = Math.min(2, longest - matchLength[i]);
        return 13 + (i == second ? 0 : 3) + behind + (votes[i] * 3 > matches ? 5 : 0);
    }

    private int index(int token) {
        int slot = slot(token);
        while (slots[slot] >>> SLOT_SHIFT == epoch) {
            int i = slots[slot] & (1 << SLOT_SHIFT) - 1;
            if (tokens[i] == token) {
                return i;
            }
            slot = slot + 1 & SLOTS - 1;
        }
        int i = size++;
        slots[slot] = epoch << SLOT_SHIFT | i;
        tokens[i] = token;
        matchLength[i] = 0;
        matchAt[i] = NONE;
        votes[i] = 0;
        trigramRank[i] = 0;
        bigramRank[i] = 0;
        trigramWeight[i] = 0;
        bigramWeight[i] = 0;
        runnerUpBin[i] = 0;
        latestBin[i] = 0;
        return i;
    }

    /** The index of a token's candidate, or -1. */
    int find(int token) {
        int slot = slot(token);
        while (slots[slot] >>> SLOT_SHIFT == epoch) {
            int i = slots[slot] & (1 << SLOT_SHIFT) - 1;
            if (tokens[i] == token) {
                return i;
            }
            slot = slot + 1 & SLOTS - 1;
        }
        return NONE;
    }

    private static int slot(int token) {
        return token * 0x9E3779B1 >>> 24;
    }

    int size() {
        return size;
    }

    int token(int i) {
        return tokens[i];
    }

    /** The cell of the {@code kind}-th kind of evidence that a candidate falls in, from 0 to {@link #CELLS}. */
    int cell(int i, int kind) {
        return cells[i * KINDS + kind];
    }

    /** All cells, {@link #KINDS} a candidate. */
    int[] cells() {
        return cells;
    }

    /** One number a candidate, for the one who weighs them. */
    float[] scores() {
        return scores;
    }

    /** The chance of each candidate to be the next token, set by the one who weighs them. */
    float[] probabilities() {
        return probabilities;
    }

    float trigramWeight(int i) {
        return trigramWeight[i];
    }

    float bigramWeight(int i) {
        return bigramWeight[i];
    }

    int matchLength(int i) {
        return matchLength[i];
    }

    int votes(int i) {
        return votes[i];
    }

    int longestMatch() {
        return longest;
    }

    boolean hasTrigrams() {
        return hasTrigrams;
    }

    /** Whether a token is the likeliest of the candidates, the first of equals. */
    boolean isLikeliest(int token) {
        int best = 0;
        for (int i = 1; i < size; i++) {
            if (probabilities[i] > probabilities[best]) {
                best = i;
            }
        }
        return size > 0 && tokens[best] == token;
    }

    /**
     * Copies the likeliest candidates, sorted, to {@code base} of the given arrays. Returns how many, at most
     * {@code most}.
     */
    int copyBest(int[] toTokens, float[] toProbabilities, int base, int most) {
        int count = 0;
        for (int i = 0; i < size; i++) {
            float probability = probabilities[i];
            if (count == most && probability <= toProbabilities[base + count - 1]) {
                continue;
            }
            int hole = base + (count < most ? count++ : most - 1);
            while (hole > base && toProbabilities[hole - 1] < probability) {
                toTokens[hole] = toTokens[hole - 1];
                toProbabilities[hole] = toProbabilities[hole - 1];
                hole--;
            }
            toTokens[hole] = tokens[i];
            toProbabilities[hole] = probability;
        }
        return count;
    }

    /** The key of a tri-gram row. */
    static long trigram(int first, int second) {
        return (long) first << 32 | second;
    }

    private static int lengthBucket(int length) {
        if (length < 6) {
            return Math.max(0, length - 1);
        }
        return length < 8 ? 5 : length < 12 ? 6 : length < 20 ? 7 : length < 32 ? 8 : 9;
    }

    private static int runBucket(int run) {
        return run < 3 ? run : run < 5 ? 3 : run < 9 ? 4 : run < 16 ? 5 : run < 32 ? 6 : 7;
    }

    private static int gapBucket(int gap) {
        return gap < 2 ? gap : gap < 4 ? 2 : 3;
    }

    private static int resumedBucket(int length) {
        return length < 3 ? 0 : length < 5 ? 1 : length < 9 ? 2 : 3;
    }

    private static int frequencyBucket(int count) {
        return count < 5 ? count : count < 8 ? 5 : count < 16 ? 6 : 7;
    }

    private static int log2(int value) {
        return 31 - Integer.numberOfLeadingZeros(value);
    }

    /** The bin of a weight in [0, 1], more counts as 1; 0 only for an absent one. */
    private static int bin(float weight) {
        return weight <= 0 ? 0 : BIN[(int) (Math.min(1f, weight) * 256)];
    }

    private static byte[] bins(int... bounds) {
        byte[] bins = new byte[258];
        int bin = 0;
        for (int i = 0; i < bins.length; i++) {
            if (bin < bounds.length - 1 && i >= bounds[bin]) {
                bin++;
            }
            bins[i] = (byte) (bin + 1);
        }
        return bins;
    }

    long stateBytes() {
        return history.stateBytes()
                + trigrams.stateBytes()
                + bigrams.stateBytes()
                + frequent.stateBytes()
                + runnersUp.stateBytes()
                + latest.stateBytes()
                + occurrences.stateBytes()
                + 4L * (12L + KINDS) * CAPACITY
                + 4L * SLOTS;
    }
}
