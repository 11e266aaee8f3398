package io.aded.lab.experiment;

import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ForwardingContext;
import io.aded.model.ForwardingModel;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import org.jspecify.annotations.Nullable;

/**
 * A model that can be made to say again what it said before: its passes take what they take and its rows are read as
 * ever, only the best token of each is the one that was said there.
 *
 * <p>Passes of different widths round differently, and where two tokens nearly tie the answer goes another way: then
 * every draft of the known answer would be wrong from there on. Where acceptance is to be a number that was asked for,
 * the answer has to stay the same. For greedy answers only: samplers read the rows themselves.
 */
final class RepeatingModel extends ForwardingModel {
    private volatile @Nullable Known known;

    /** What follows a prompt of so many tokens. */
    private record Known(int promptTokens, int[] answer) {
        /** What was said after the token at a position, or the other token if nothing is known of it. */
        int after(int position, int other) {
            int at = position + 1 - promptTokens;
            return at < 0 || at >= answer.length ? other : answer[at];
        }
    }

    RepeatingModel(TargetModel model) {
        super(model);
    }

    /** Until told otherwise, {@code answer} is what follows the first {@code promptTokens} positions of a sequence. */
    void say(int promptTokens, int[] answer) {
        known = new Known(promptTokens, answer);
    }

    /** Says what it thinks. */
    void speakFreely() {
        known = null;
    }

    @Override
    public TargetContext newContext(ContextParameters parameters) {
        return new Context(super.newContext(parameters));
    }

    private final class Context extends ForwardingContext {
        /** By row, of the last pass. */
        private final int[] positions;

        Context(TargetContext context) {
            super(context);
            positions = new int[context.maxBatchTokens()];
        }

        @Override
        public DecodeOutcome decode(TokenBatch batch) {
            for (int i = 0; i < Math.min(batch.size(), positions.length); i++) {
                positions[i] = batch.position(i);
            }
            return super.decode(batch);
        }

        @Override
        public void topTokens(int row, TopTokens out) {
            super.topTokens(row, out);
            Known repeated = known;
            if (repeated == null || out.size() == 0 || !out.isFinite()) {
                return;
            }
            int[] tokens = out.tokenArray();
            int said = repeated.after(positions[row], tokens[0]);
            int rank = 0;
            while (rank < out.size() - 1 && tokens[rank] != said) {
                rank++;
            }
            System.arraycopy(tokens, 0, tokens, 1, rank);
            tokens[0] = said;
        }

        @Override
        public int bestToken(int row) {
            int best = super.bestToken(row);
            Known repeated = known;
            return repeated == null || best < 0 ? best : repeated.after(positions[row], best);
        }
    }
}
