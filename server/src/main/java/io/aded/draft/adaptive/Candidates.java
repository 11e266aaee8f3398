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

    /** Runners-up with less are forgotten. */
    private static final float LEAST_RUNNER_UP = 0.01f;

    private static final int FREQUENT = 24;
    private static final int RUNNERS_UP = 16;
    private static final int CAPACITY = Contexts.MAX_MATCHES + 3 * SuccessorRows.WIDTH + 3 + FREQUENT + RUNNERS_UP;
    // Where the parts of a standing begin: ranks in the rows, bins of weights, whether it is matched or resumed.
    private static final int TRIGRAM_RANK = 0;
    private static final int BIGRAM_RANK = 4;
    private static final int TRIGRAM_BIN = 8;
    private static final int BIGRAM_BIN = 12;
    private static final int RUNNER_UP_BIN = 16;
    private static final int LATEST_BIN = 20;
    private static final int RESUMED = 24;
    private static final int MATCHED = 28;
    private static final int PART = 15;
    /** The ranks in both rows. */
    private static final int RANKS = 255;

    private static final int BEST_MATCH = 1;
    private static final int OTHER_MATCH = 2;

    /** Bits of a candidate's index: it is below {@link #CAPACITY}. */
    private static final int INDEX_BITS = Integer.SIZE - Integer.numberOfLeadingZeros(CAPACITY - 1);

    private static final int INDEX = (1 << INDEX_BITS) - 1;

    // Where the parts of a match as one number begin, the most significant one last; below them all is the candidate.
    private static final int MATCH_POSITION = INDEX_BITS;
    private static final int MATCH_LENGTH = MATCH_POSITION + 31;

    /** Of the slots there are many times as many as candidates, so that two of these rarely meet. */
    private static final int SLOT_BITS = 9;

    /** Upper bounds, in 1/256, of the bins of a weight. */
    private static final byte[] BIN = bins(3, 8, 16, 31, 52, 82, 128, 174, 218, 243, 257);

    /** By how often a token has stood in the stream. */
    private static final byte[] FREQUENCY_BUCKETS = buckets(Byte.MAX_VALUE, 1, 2, 3, 4, 5, 8, 16);
    /** By the length of the longest match. */
    private static final byte[] LENGTH_BUCKETS = buckets(SuffixIndex.MAX_MATCH, 2, 3, 4, 5, 6, 8, 12, 20, 32);
    /** By the length of a match that was broken, and by how long ago that was. */
    private static final byte[] RESUMED_BUCKETS = buckets(SuffixIndex.MAX_MATCH, 3, 5, 9);

    private static final byte[] GAP_BUCKETS = buckets(Contexts.LONGEST_GAP + 1, 1, 2, 4);
    /** By for how many tokens the best guess was right. */
    private static final byte[] RUN_BUCKETS = buckets(32, 1, 2, 3, 5, 9, 16, 32);

    /** By the ranks in both rows whether it is first in one: 2 if in that of the tri-gram, 1 if in the other. */
    private static final byte[] FIRST = firstOfRows();

    // By the rank in a row, 0 for none, and alike from 3 on.
    private static final int[] IN_ROW = {1, 2, 3, 3};
    private static final int[] AGE_IN_ROW = {2, 0, 1, 1};
    private static final int[] NO_ROW = {0, 0, 0, 0};

    final SuffixIndex history;
    final SuccessorRows trigrams = new SuccessorRows(1 << 16);
    final SuccessorRows bigrams = new SuccessorRows(1 << 15);
    final WeightedTokens frequent = new WeightedTokens(FREQUENT, 0.99f);
    final WeightedTokens runnersUp = new WeightedTokens(RUNNERS_UP, 0.8f);
    final LatestView latest = new LatestView(SuccessorRows.WIDTH);
    final OccurrenceSketch occurrences = new OccurrenceSketch();

    private final Contexts contexts;
    private final boolean useSuffix;
    private final boolean useBigrams;

    private final int[] tokens = new int[CAPACITY];
    /** What speaks for it beside its frequency and recency: parts of four bits each, 0 where there is nothing. */
    private final int[] standings = new int[CAPACITY];

    // Only of those that are matched.
    /** The matches that expect it. */
    private final int[] votes = new int[CAPACITY];
    /** Of these the longest, the latest of equals: length, position and candidate as one number. */
    private final long[] longestMatch = new long[CAPACITY];

    // Only meaningful where the standing has the part.
    private final float[] trigramWeight = new float[CAPACITY];
    private final float[] bigramWeight = new float[CAPACITY];

    private final int[] cells = new int[CAPACITY * KINDS];
    private final float[] scores = new float[CAPACITY];
    private final float[] probabilities = new float[CAPACITY];
    private final long[] likeliest = new long[CAPACITY];
    private int size;

    /** Those that matches expect come first. */
    private int matched;

    private int longest;
    private boolean hasTrigrams;
    private boolean hasBigrams;

    /** Finds a token's candidate: epoch and index by hash, so that nothing has to be cleared. */
    private final int[] slots = new int[1 << SLOT_BITS];

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
        if (++epoch == 1 << (31 - INDEX_BITS)) {
            Arrays.fill(slots, 0);
            epoch = 1;
        }
        int trigramRow = beforeLast == NONE ? NONE : trigrams.find(trigram(beforeLast, last));
        int bigramRow = useBigrams ? bigrams.find(last) : NONE;
        hasTrigrams = trigramRow != NONE;
        hasBigrams = bigramRow != NONE;

        int matches = useSuffix ? contexts.matches(node) : 0;
        addMatches(node, matches);
        matched = size;
        long best = 0;
        long second = 0;
        for (int i = 0; i < matched; i++) {
            second = Math.max(second, Math.min(best, longestMatch[i]));
            best = Math.max(best, longestMatch[i]);
        }
        longest = matchLength(best);
        if (matched == 0) {
            contexts.expect(node, NONE, NONE, 0);
        } else {
            standings[candidate(best)] = BEST_MATCH << MATCHED;
            contexts.expect(node, tokens[candidate(best)], position(best), longest);
        }
        float least = atRoot ? 0 : LEAST_WEIGHT;
        addRow(trigrams, trigramRow, TRIGRAM_RANK, TRIGRAM_BIN, trigramWeight, least);
        addRow(bigrams, bigramRow, BIGRAM_RANK, BIGRAM_BIN, bigramWeight, least);
        addTokensOfNoContext(atRoot);
        int resumeAt = useSuffix ? contexts.resumeAt(node) : NONE;
        if (resumeAt != NONE) {
            int replaced = resumed(resumeAt);
            int skipped = resumed(resumeAt + 1);
            int inserted = resumed(resumeAt - 1);
            stand(inserted, RESUMED, 1); // one that is several of them is the last of these
            stand(skipped, RESUMED, 2);
            stand(replaced, RESUMED, 3);
        }

        // What all candidates of this context share, as the higher digit of their cells.
        int length = LENGTH_BUCKETS[longest];
        int suffixBase = SUFFIX + length * SUFFIX_CELLS;
        int shortLength = length < 2 ? length : length < 4 ? 2 : 3;
        int trigramBase = TRIGRAM + shortLength * 3 + (hasTrigrams ? 0 : BINS * 12);
        int runnerUpBase = RUNNER_UP + (atRoot ? 0 : 1);
        int resumptionBase = resumeAt == NONE
                ? RESUMPTION
                : RESUMPTION
                        + 1
                        + RESUMED_BUCKETS[contexts.resumeLength(node)] * 12
                        + GAP_BUCKETS[contexts.gap(node)] * 3
                        + Math.min(length, 2);
        int runBase = RUN + RUN_BUCKETS[Math.min(32, contexts.run(node))] * 9;
        int bigramBase = BIGRAM;
        int bigramTop = 0;
        int ageBase = AGE;
        if (hasBigrams) {
            int sightings = bigrams.sightings(bigramRow);
            bigramBase = BIGRAM + 1 + Math.min(2, sightings) * 4 * BINS;
            bigramTop = bin(bigrams.weight(bigramRow, 0));
            ageBase = AGE + 1 + (sightings * 8 + Math.min(7, log2(1 + bigrams.age(bigramRow)))) * 3;
        }
        int resumptionStep = resumeAt == NONE ? 0 : 48;
        int[] states = hasBigrams ? IN_ROW : NO_ROW;
        int[] ages = hasBigrams ? AGE_IN_ROW : NO_ROW;
        int now = history.length();
        for (int i = 0, at = 0; i < size; i++, at += KINDS) {
            int of = standings[i];
            int frequency = FREQUENCY + FREQUENCY_BUCKETS[occurrences.count(tokens[i])] * 12;
            int recency = RECENCY + occurrences.recency(tokens[i], now) * 12;
            int inRow = Math.min(3, of >>> BIGRAM_RANK & PART);
            int state = states[inRow];
            int standing = of >>> MATCHED;
            int first = FIRST[of & RANKS];
            int bigramBin = inRow == 0 ? bigramTop : of >>> BIGRAM_BIN & PART;
            cells[at] = suffixBase;
            cells[at + 1] = bigramBase + inRow * BINS + bigramBin;
            cells[at + 2] = trigramBase + (of >>> TRIGRAM_BIN & PART) * 12 + standing;
            cells[at + 3] = runnerUpBase + (of >>> RUNNER_UP_BIN & PART) * 2;
            cells[at + 4] = atRoot ? LATEST + 1 + (of >>> LATEST_BIN & PART) * 4 + state : LATEST;
            cells[at + 5] = resumptionBase + (3 - (of >>> RESUMED & PART)) * resumptionStep;
            cells[at + 6] = runBase + standing * 3 + first;
            cells[at + 7] = frequency + state * 3 + standing;
            cells[at + 8] = ageBase + ages[inRow];
            cells[at + 9] = recency + state * 3 + standing;
        }
        for (int i = 0; i < matched; i++) {
            cells[i * KINDS] += suffixCell(longestMatch[i], best, second, matches);
        }
    }

    private void addMatches(int node, int matches) {
        for (int m = 0; m < matches; m++) {
            int before = size;
            int i = index(contexts.matchToken(node, m));
            if (size > before) {
                votes[i] = 0;
                longestMatch[i] = 0;
            }
            long match = (long) contexts.matchLength(node, m) << MATCH_LENGTH
                    | (long) contexts.matchNext(node, m) << MATCH_POSITION
                    | i;
            standings[i] = OTHER_MATCH << MATCHED;
            votes[i]++;
            longestMatch[i] = Math.max(longestMatch[i], match);
        }
    }

    private static int matchLength(long match) {
        return (int) (match >>> MATCH_LENGTH);
    }

    private static int position(long match) {
        return (int) (match >>> MATCH_POSITION) & Integer.MAX_VALUE;
    }

    private static int candidate(long match) {
        return (int) match & INDEX;
    }

    private void addRow(SuccessorRows rows, int row, int rankPart, int binPart, float[] weights, float least) {
        if (row == NONE) {
            return;
        }
        for (int rank = 0; rank < SuccessorRows.WIDTH; rank++) {
            float weight = rows.weight(row, rank);
            if (weight <= least) {
                return;
            }
            int i = index(rows.successor(row, rank));
            standings[i] |= rank + 1 << rankPart | bin(weight) << binPart;
            weights[i] = weight;
        }
    }

    private void addTokensOfNoContext(boolean atRoot) {
        if (!useBigrams) {
            return;
        }
        if (!atRoot) {
            for (int i = 0; i < reserved && size < RESERVE; i++) {
                index(reserve[i]);
            }
            // They propose nothing here, but speak for what others propose.
            for (int i = 0; i < size; i++) {
                addRunnerUp(i, runnersUp.weightOf(tokens[i]));
            }
            return;
        }
        for (int i = 0; i < frequent.width(); i++) {
            if (frequent.weight(i) > 0) {
                indexUnforeseen(frequent.token(i));
            }
        }
        for (int i = 0; i < latest.size(); i++) {
            standings[indexUnforeseen(latest.token(i))] |= bin(latest.probability(i)) << LATEST_BIN;
        }
        for (int i = 0; i < runnersUp.width(); i++) {
            if (runnersUp.weight(i) > LEAST_RUNNER_UP) {
                addRunnerUp(indexUnforeseen(runnersUp.token(i)), runnersUp.weight(i));
            }
        }
    }

    private void addRunnerUp(int i, float weight) {
        if (weight > LEAST_RUNNER_UP) {
            standings[i] |= bin(weight) << RUNNER_UP_BIN;
        }
    }

    /** Sets a part of the standing of a candidate; of none if it is -1. */
    private void stand(int i, int part, int value) {
        if (i != NONE) {
            standings[i] = standings[i] & ~(PART << part) | value << part;
        }
    }

    private int resumed(int position) {
        return contexts.readable(position) ? index(contexts.token(position)) : NONE;
    }

    private int suffixCell(long match, long best, long second, int matches) {
        int agreeing = votes[candidate(match)];
        if (match == best) {
            int agreement;
            if (agreeing == matches) {
                agreement = matches == 1 ? 0 : matches < 4 ? 1 : 2;
            } else if (matchLength(second) == longest) {
                agreement = 3;
            } else {
                agreement = agreeing * 2 > matches ? 4 : 5;
            }
            return 1 + agreement * 2 + (history.isPrompt(position(match)) ? 1 : 0);
        }
        int behind = Math.min(2, longest - matchLength(match));
        return 13 + (match == second ? 0 : 3) + behind + (agreeing * 3 > matches ? 5 : 0);
    }

    /** The index of a token's candidate, which is made if there is none. */
    private int index(int token) {
        int slot = slot(token);
        while (slots[slot] >>> INDEX_BITS == epoch) {
            int i = slots[slot] & INDEX;
            if (tokens[i] == token) {
                return i;
            }
            slot = slot + 1 & slots.length - 1;
        }
        int i = size++;
        slots[slot] = epoch << INDEX_BITS | i;
        tokens[i] = token;
        standings[i] = 0;
        return i;
    }

    /**
     * As {@link #index}, for tokens of no context. Whether such a token is a candidate already cannot be foreseen, and
     * a mispredicted branch takes longer than all of this; so both cases do the same, with {@code isNew} as a mask: −1,
     * all bits, if the slot is of an earlier epoch, else 0.
     */
    private int indexUnforeseen(int token) {
        int slot = slot(token);
        int there = slots[slot];
        int isNew = (there >>> INDEX_BITS) - epoch >> Integer.SIZE - 1;
        int i = there & INDEX & ~isNew | size & isNew;
        if (((tokens[i] ^ token) & ~isNew) != 0) {
            return index(token); // another's slot, which is rare
        }
        slots[slot] = epoch << INDEX_BITS | i;
        tokens[i] = token;
        standings[i] &= ~isNew;
        size -= isNew;
        return i;
    }

    /** The index of a token's candidate, or -1. */
    int find(int token) {
        int i = size - 1;
        while (i >= 0 && tokens[i] != token) {
            i--;
        }
        return i;
    }

    private static int slot(int token) {
        return token * 0x9E3779B1 >>> Integer.SIZE - SLOT_BITS;
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

    /** The sum of what a candidate's cells weigh, one weight for each of {@link #CELLS}. */
    float sum(float[] weights, int i) {
        // Written out, KINDS of them: the additions need not wait for each other, and there is no loop to be entered.
        int at = i * KINDS;
        return weights[cells[at]]
                + weights[cells[at + 1]]
                + (weights[cells[at + 2]] + weights[cells[at + 3]])
                + (weights[cells[at + 4]] + weights[cells[at + 5]] + (weights[cells[at + 6]] + weights[cells[at + 7]]))
                + (weights[cells[at + 8]] + weights[cells[at + 9]]);
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
        return (standings[i] >>> TRIGRAM_RANK & PART) == 0 ? 0 : trigramWeight[i];
    }

    float bigramWeight(int i) {
        return (standings[i] >>> BIGRAM_RANK & PART) == 0 ? 0 : bigramWeight[i];
    }

    int matchLength(int i) {
        return i < matched ? matchLength(longestMatch[i]) : 0;
    }

    int votes(int i) {
        return i < matched ? votes[i] : 0;
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
        // A number that is greater the likelier a candidate is, and of equals the earlier. A sweep of maxima and minima
        // has no branch to be mispredicted, which costs more than to stop where the place is found would save.
        int count = 0;
        for (int i = 0; i < size; i++) {
            long weaker = (long) Float.floatToRawIntBits(probabilities[i]) << Integer.SIZE | CAPACITY - i;
            if (count == most && weaker < likeliest[count - 1]) {
                continue;
            }
            for (int rank = 0; rank < count; rank++) {
                long there = likeliest[rank];
                likeliest[rank] = Math.max(there, weaker);
                weaker = Math.min(there, weaker);
            }
            if (count < most) {
                likeliest[count++] = weaker;
            }
        }
        for (int rank = 0; rank < count; rank++) {
            int i = CAPACITY - (int) likeliest[rank];
            toTokens[base + rank] = tokens[i];
            toProbabilities[base + rank] = probabilities[i];
        }
        return count;
    }

    /** The key of a tri-gram row. */
    static long trigram(int first, int second) {
        return (long) first << 32 | second;
    }

    private static int log2(int value) {
        return 31 - Integer.numberOfLeadingZeros(value);
    }

    /** The bin of a weight in [0, 1], more counts as 1; 0 only for an absent one. */
    private static int bin(float weight) {
        return weight <= 0 ? 0 : BIN[(int) (Math.min(1f, weight) * 256)];
    }

    /** For every value up to {@code most} how many of the bounds it has reached. */
    private static byte[] buckets(int most, int... bounds) {
        byte[] buckets = new byte[most + 1];
        for (int value = 0; value <= most; value++) {
            for (int bound : bounds) {
                buckets[value] += (byte) (value < bound ? 0 : 1);
            }
        }
        return buckets;
    }

    private static byte[] firstOfRows() {
        byte[] first = new byte[RANKS + 1];
        for (int ranks = 0; ranks < first.length; ranks++) {
            boolean ofTrigrams = (ranks >>> TRIGRAM_RANK & PART) == 1;
            boolean ofBigrams = (ranks >>> BIGRAM_RANK & PART) == 1;
            first[ranks] = (byte) (ofTrigrams ? 2 : ofBigrams ? 1 : 0);
        }
        return first;
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
                + 4L * (11L + KINDS) * CAPACITY
                + 4L * slots.length;
    }
}
