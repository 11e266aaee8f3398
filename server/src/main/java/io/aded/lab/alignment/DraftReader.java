package io.aded.lab.alignment;

import io.aded.lab.recording.RecordedAnswer;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.util.Arrays;

/**
 * What a draft model thinks at each position of an answer, knowing the target's tokens before it: teacher-forced, in a
 * context of its own. As long as all drafts of a chain are accepted, that is what it thinks while drafting, so the
 * length of the accepted part of any chain follows from it.
 */
final class DraftReader implements AutoCloseable {
    private static final int TOP = RecordedAnswer.TOP;
    /** Rows of logits at once; they are as wide as the vocabulary. */
    private static final int ROWS = 128;

    private final TargetModel draft;
    private final TargetContext context;
    private final int limit;
    private final TokenBatch batch = new TokenBatch();
    private final TopTokens top = new TopTokens(1);

    /**
     * What was read of one answer.
     *
     * @param guesses the draft's best token at each position; {@link AlignedAnswer#NOT_ASKED} beyond its context
     * @param overlaps Σ min(p, q) over the target's best tokens: how probable it is that a token drawn from the draft's
     *     distribution is accepted, from below, since the target's other tokens are not known. 0 beyond its context
     */
    record Reading(int[] guesses, float[] overlaps) {
        /** Positions that are within the draft's context. */
        int asked() {
            int asked = guesses.length;
            while (asked > 0 && guesses[asked - 1] == AlignedAnswer.NOT_ASKED) {
                asked--;
            }
            return asked;
        }
    }

    /**
     * Opens a context as long as the draft was trained for.
     *
     * @param draft stays the caller's
     * @param parameters the most cells, and threads
     */
    DraftReader(TargetModel draft, ContextParameters parameters) {
        this.draft = draft;
        int trained = draft.info().trainedContext();
        limit = trained > 0 ? Math.min(trained, parameters.cells()) : parameters.cells();
        context = draft.newContext(
                parameters.withCells(limit).withMaxSequences(1).withMaxBatchTokens(Math.min(limit, ROWS)));
    }

    /** The tokens of context that the draft is asked with at most. */
    int limit() {
        return limit;
    }

    /**
     * Asks the draft at each position of an answer that its context reaches.
     *
     * @throws AdedException.InvalidArtifact if a token is none of the draft's
     */
    Reading read(RecordedAnswer said) {
        int prompt = said.prompt().length;
        int positions = said.answer().length;
        int[] guesses = AlignedAnswer.notAsked(positions);
        float[] overlaps = new float[positions];
        // The row of the token before position i tells of position i, so the last token of the answer is not fed.
        int length = Math.min(limit, prompt + positions - 1);
        int[] tokens = Arrays.copyOf(said.prompt(), prompt + positions);
        System.arraycopy(said.answer(), 0, tokens, prompt, positions);
        if (length < prompt) {
            return new Reading(guesses, overlaps);
        }
        context.clear();
        for (int from = 0; from < length; from += context.maxBatchTokens()) {
            int to = Math.min(length, from + context.maxBatchTokens());
            batch.clear();
            for (int i = from; i < to; i++) {
                batch.add(requireKnown(tokens[i]), i, 0, i >= prompt - 1);
            }
            if (context.decode(batch) != DecodeOutcome.DECODED) {
                throw new AdedException.Internal("PASS_FAILED", "a pass of the draft model was not computed", null);
            }
            for (int i = Math.max(from, prompt - 1); i < to; i++) {
                int position = i - (prompt - 1);
                context.topTokens(i - from, top);
                guesses[position] = top.token(0);
                overlaps[position] = overlap(said, position, i - from);
            }
        }
        return new Reading(guesses, overlaps);
    }

    private float overlap(RecordedAnswer said, int position, int row) {
        float sum = 0;
        for (int i = position * TOP; i < (position + 1) * TOP; i++) {
            float target = said.topProbabilities()[i];
            if (target > 0) {
                float logit = context.logit(row, requireKnown(said.topTokens()[i]));
                sum += Math.min(target, (float) Math.exp(logit - top.logSumExp()));
            }
        }
        return sum;
    }

    private int requireKnown(int token) {
        int size = draft.info().vocabularySize();
        if (token < 0 || token >= size) {
            throw new AdedException.InvalidArtifact(
                    "DRAFT_VOCABULARY",
                    "the answers have the token " + token + ", the draft model knows those below " + size);
        }
        return token;
    }

    @Override
    public void close() {
        context.close();
    }
}
