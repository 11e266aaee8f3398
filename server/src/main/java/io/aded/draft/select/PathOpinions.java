package io.aded.draft.select;

import io.aded.draft.adaptive.Refinement;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What the draft model thinks at the nodes of one path of a stream's draft, mixed with what the table proposes there.
 *
 * <p>As a {@link Refinement} it puts the mixture into the search; a token that both propose stays one node. After the
 * round it tells the mixer, and the hit rates, which of the guesses were right: of those that were verified and of
 * those that were not, as far as the text that came follows the path.
 */
final class PathOpinions implements Refinement {
    /** Tags of nodes: who proposed them. */
    static final int TABLE = 0;

    static final int MODEL = 1;
    static final int BOTH = 2;

    private static final int NONE = -1;
    private static final int TABLE_GUESSES = 16;
    private static final int WIDTH = TABLE_GUESSES + DraftModel.OPINION_TOKENS;

    // What a source thinks of a token that it does not list: a share of what it has left, within bounds.
    private static final float TABLE_REST = 1f / 64;
    private static final float MODEL_REST = 1f / 32;
    private static final float LEAST_REST = 1e-4f;
    private static final float LARGEST_REST = 0.02f;

    /** Mixed probabilities of a node add up to no more than this: a sum of floats may come out a little higher. */
    private static final float WHOLE = 0.9999f;

    private final DraftStream stream;
    private final LogisticMixer mixer;

    private int match;
    private boolean modelAlone;

    // By depth on the path: the node that the running search has there; what the table was thought to give its best
    // guess before the model spoke, and whether the path ended there; and that guess.
    private int[] nodes = new int[4];
    private float[] before = new float[4];
    private boolean[] ended = new boolean[4];
    private int[] tableBest = new int[4];
    private int[] counts = new int[4];

    // Guesses at each depth, WIDTH a depth.
    private int[] tokens = new int[4 * WIDTH];
    private float[] tableLogits = new float[4 * WIDTH];
    private float[] modelLogits = new float[4 * WIDTH];
    private float[] mixed = new float[4 * WIDTH];
    private int[] contexts = new int[4 * WIDTH];
    private int[] kinds = new int[4 * WIDTH];

    PathOpinions(DraftStream stream, LogisticMixer mixer) {
        this.stream = stream;
        this.mixer = mixer;
    }

    /**
     * A round begins, and nothing is known.
     *
     * @param longestMatch of the end of the text
     * @param withoutTable whether tokens that only the table proposes are left out where the model speaks
     */
    void begin(int longestMatch, boolean withoutTable) {
        match = longestMatch;
        modelAlone = withoutTable;
    }

    /**
     * A place is fed, and known hereafter.
     *
     * @param table what the table is thought to give its best guess there
     * @param atEnd whether the path ends there
     */
    void asks(int depth, float table, boolean atEnd) {
        ensure(depth + 1);
        before[depth] = table;
        ended[depth] = atEnd;
    }

    /** A search begins. */
    void search() {
        ensure(stream.opinions());
        Arrays.fill(nodes, NONE);
    }

    private void ensure(int depths) {
        if (depths > nodes.length) {
            int more = Math.max(depths, 2 * nodes.length);
            int old = nodes.length;
            nodes = Arrays.copyOf(nodes, more);
            Arrays.fill(nodes, old, more, NONE);
            before = Arrays.copyOf(before, more);
            ended = Arrays.copyOf(ended, more);
            tableBest = Arrays.copyOf(tableBest, more);
            counts = Arrays.copyOf(counts, more);
            tokens = Arrays.copyOf(tokens, more * WIDTH);
            tableLogits = Arrays.copyOf(tableLogits, more * WIDTH);
            modelLogits = Arrays.copyOf(modelLogits, more * WIDTH);
            mixed = Arrays.copyOf(mixed, more * WIDTH);
            contexts = Arrays.copyOf(contexts, more * WIDTH);
            kinds = Arrays.copyOf(kinds, more * WIDTH);
        }
    }

    @Override
    public int refine(TokenTree tree, int node, int[] proposed, float[] probabilities, int from, int count, int most) {
        int depth = tree.depth(node);
        if (depth >= stream.opinions()
                || depth > 0
                        && (nodes[depth - 1] != tree.parent(node) || stream.pathToken(depth - 1) != tree.token(node))) {
            return count;
        }
        nodes[depth] = node;
        tableBest[depth] = count == 0 ? NONE : proposed[from];
        gather(depth, proposed, probabilities, from, count);
        return put(depth, proposed, probabilities, from, most);
    }

    /** Lists what either proposes at a depth, and mixes it. */
    private void gather(int depth, int[] proposed, float[] probabilities, int from, int count) {
        TopTokens opinion = stream.opinion(depth);
        int size = Math.min(opinion.size(), DraftModel.OPINION_TOKENS);
        float tableLeft = 1;
        for (int i = from; i < from + count; i++) {
            tableLeft -= probabilities[i];
        }
        float modelLeft = 1;
        for (int i = 0; i < size; i++) {
            modelLeft -= probability(opinion, i);
        }
        float tableRest = LogisticMixer.logit(Math.clamp(tableLeft * TABLE_REST, LEAST_REST, LARGEST_REST));
        float modelRest = LogisticMixer.logit(Math.clamp(modelLeft * MODEL_REST, LEAST_REST, LARGEST_REST));
        int sureness = LogisticMixer.sureness(count == 0 ? 0 : probabilities[from]);
        int place = LogisticMixer.place(depth, match);
        int base = depth * WIDTH;
        int at = base;
        for (int i = from; i < from + count; i++) {
            int inOpinion = find(opinion, size, proposed[i]);
            int kind = inOpinion == NONE ? LogisticMixer.TABLE_ONLY : LogisticMixer.BOTH;
            tokens[at] = proposed[i];
            tableLogits[at] = LogisticMixer.logit(probabilities[i]);
            modelLogits[at] = inOpinion == NONE ? modelRest : LogisticMixer.logit(probability(opinion, inOpinion));
            mix(at++, kind, sureness, place);
        }
        int listed = at;
        for (int i = 0; i < size; i++) {
            if (find(base, listed, opinion.token(i)) == NONE) {
                tokens[at] = opinion.token(i);
                tableLogits[at] = tableRest;
                modelLogits[at] = LogisticMixer.logit(probability(opinion, i));
                mix(at++, LogisticMixer.MODEL_ONLY, sureness, place);
            }
        }
        counts[depth] = at - base;
    }

    private void mix(int at, int kind, int sureness, int place) {
        kinds[at] = kind;
        contexts[at] = LogisticMixer.context(kind, sureness, place);
        mixed[at] = mixer.mix(contexts[at], tableLogits[at], modelLogits[at]);
    }

    /** Hands the mixture to the search, sorted. Returns how many guesses it has. */
    private int put(int depth, int[] proposed, float[] probabilities, int from, int most) {
        int base = depth * WIDTH;
        float sum = 0;
        int count = 0;
        for (int i = base; i < base + counts[depth]; i++) {
            float probability = mixed[i];
            if (modelAlone && kinds[i] == LogisticMixer.TABLE_ONLY) {
                continue;
            }
            sum += probability;
            if (count == most && probability <= probabilities[from + count - 1]) {
                continue;
            }
            int hole = from + (count < most ? count++ : most - 1);
            while (hole > from && probabilities[hole - 1] < probability) {
                proposed[hole] = proposed[hole - 1];
                probabilities[hole] = probabilities[hole - 1];
                hole--;
            }
            proposed[hole] = tokens[i];
            probabilities[hole] = probability;
        }
        if (sum > WHOLE) {
            float scale = WHOLE / sum;
            for (int i = from; i < from + count; i++) {
                probabilities[i] *= scale;
            }
        }
        return count;
    }

    @Override
    public int tag(int parent, int token) {
        int depth = 0;
        while (depth < stream.opinions() && nodes[depth] != parent) {
            depth++;
        }
        if (depth >= stream.opinions()) {
            return TABLE;
        }
        int at = find(depth * WIDTH, depth * WIDTH + counts[depth], token);
        int kind = at == NONE ? LogisticMixer.TABLE_ONLY : kinds[at];
        return kind == LogisticMixer.BOTH ? BOTH : kind == LogisticMixer.MODEL_ONLY ? MODEL : TABLE;
    }

    /**
     * The round is over.
     *
     * @param emitted the tokens that came
     * @param count how many
     * @param rates who forecasts by what is seen here; null for nobody
     */
    void learn(int[] emitted, int count, @Nullable HitRates rates) {
        for (int depth = 0; follows(depth, emitted, count); depth++) {
            if (depth >= nodes.length || nodes[depth] == NONE) {
                return;
            }
            int actual = emitted[depth];
            int base = depth * WIDTH;
            int best = base;
            for (int i = base; i < base + counts[depth]; i++) {
                best = mixed[i] > mixed[best] ? i : best;
                mixer.learn(contexts[i], tableLogits[i], modelLogits[i], mixed[i], tokens[i] == actual);
            }
            boolean right = counts[depth] > 0 && tokens[best] == actual;
            if (rates != null) {
                rates.saw(
                        before[depth],
                        ended[depth],
                        tableBest[depth] == actual,
                        right,
                        stream.opinion(depth).token(0) == actual);
            }
        }
    }

    /** How many tokens in a row the model alone would have guessed right from the root on, as far as is known. */
    int modelRun(int[] emitted, int count) {
        int run = 0;
        while (follows(run, emitted, count) && stream.opinion(run).token(0) == emitted[run]) {
            run++;
        }
        return run;
    }

    /** Whether the model has an opinion on the token that came after the first {@code depth} of them. */
    boolean follows(int depth, int[] emitted, int count) {
        return depth < count
                && depth < stream.opinions()
                && (depth == 0 || stream.pathToken(depth - 1) == emitted[depth - 1]);
    }

    private static float probability(TopTokens opinion, int i) {
        return (float) StrictMath.exp(Math.min(0, opinion.logit(i) - opinion.logSumExp()));
    }

    private static int find(TopTokens opinion, int size, int token) {
        for (int i = 0; i < size; i++) {
            if (opinion.token(i) == token) {
                return i;
            }
        }
        return NONE;
    }

    private int find(int from, int to, int token) {
        for (int i = from; i < to; i++) {
            if (tokens[i] == token) {
                return i;
            }
        }
        return NONE;
    }

    long stateBytes() {
        return nodes.length * (17L + 24L * WIDTH);
    }
}
