package io.aded.engine;

import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a turn says while it says it, for an {@link AnswerRecorder}. Only turns that may be kept have one: a row of
 * logits is read once more for it, which takes some ten microseconds a token.
 *
 * <p>Owned by the engine thread.
 */
final class Transcript {
    private static final int TOP = AnswerRecorder.TOP;

    /** Positions that are kept of an answer, so that what running turns hold is bounded: 560 KB each. */
    static final int MOST = 4096;

    private static final int FIRST = 64;

    private final float temperature;
    private final TopTokens top = new TopTokens(TOP);
    private int[] answer = new int[FIRST];
    private int[] tokens = new int[FIRST * TOP];
    private float[] probabilities = new float[FIRST * TOP];
    private int[] guesses = new int[FIRST];
    private int count;
    private boolean cut;

    private Transcript(float temperature) {
        this.temperature = temperature;
    }

    /**
     * One for a turn, or null if it is not to be kept.
     *
     * @param allowed whether its caller, and every turn of its conversation before, allows it
     */
    static @Nullable Transcript of(
            EngineOptions options, boolean allowed, SamplingParameters sampling, TokenSampler sampler) {
        boolean greedy = sampler.isPlainGreedy();
        boolean ofTheModel = !sampler.constrains() && (greedy || sampling.temperature() > 0);
        return options.recorder() == null || !allowed || !ofTheModel
                ? null
                : new Transcript(greedy ? 0f : sampling.temperature());
    }

    /** A token was drawn at a node, whose row this is. */
    void add(TargetContext context, int row, TokenTree tree, int node, int token) {
        if (count == MOST) {
            cut = true;
            return;
        }
        if (count == answer.length) {
            int room = Math.min(MOST, 2 * count);
            answer = Arrays.copyOf(answer, room);
            tokens = Arrays.copyOf(tokens, room * TOP);
            probabilities = Arrays.copyOf(probabilities, room * TOP);
            guesses = Arrays.copyOf(guesses, room);
        }
        context.topTokens(row, top);
        for (int i = 0; i < TOP; i++) {
            boolean known = i < top.size();
            tokens[count * TOP + i] = known ? top.token(i) : 0;
            probabilities[count * TOP + i] = known ? top.probability(i) : 0f;
        }
        int guess = likeliest(tree, node);
        guesses[count] = guess < 0 ? RecordedTurn.NOT_ASKED : tree.token(guess);
        answer[count++] = token;
    }

    /** The drafter's best guess at what follows a node, or -1. */
    private static int likeliest(TokenTree tree, int node) {
        int best = -1;
        for (int child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
            if (best < 0 || tree.probability(child) >= tree.probability(best)) {
                best = child; // children are linked newest first, and of equals the older one was thought likelier
            }
        }
        return best;
    }

    /**
     * All of it.
     *
     * @param ended whether the model ended the answer
     */
    RecordedTurn ended(int[] prompt, boolean ended) {
        return new RecordedTurn(
                prompt,
                Arrays.copyOf(answer, count),
                Arrays.copyOf(tokens, count * TOP),
                Arrays.copyOf(probabilities, count * TOP),
                Arrays.copyOf(guesses, count),
                temperature,
                ended && !cut);
    }
}
