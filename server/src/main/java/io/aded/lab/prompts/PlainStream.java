package io.aded.lab.prompts;

import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;

/** One sequence in a context of its own, decoded the plainest way: a prompt in chunks, then one token a pass. */
public final class PlainStream implements AutoCloseable {
    private final TargetContext context;
    private final int limit;
    private final TokenBatch batch = new TokenBatch();
    private int length;

    /** Opens the context; the model stays the caller's. */
    public PlainStream(TargetModel model, ContextParameters parameters) {
        context = model.newContext(parameters.withMaxSequences(1));
        int trained = model.info().trainedContext();
        limit = trained > 0 ? Math.min(trained, context.cells()) : context.cells();
    }

    /** The most tokens that prompt and answer may have together. */
    public int limit() {
        return limit;
    }

    /** Where rows are read. */
    public TargetContext context() {
        return context;
    }

    /** Tokens decoded since the beginning of the prompt. */
    public int length() {
        return length;
    }

    /**
     * Forgets what was, and decodes a prompt.
     *
     * @return the row of its last token
     */
    public int begin(int[] prompt) {
        context.clear();
        int row = 0;
        for (int from = 0; from < prompt.length; from += context.maxBatchTokens()) {
            int to = Math.min(prompt.length, from + context.maxBatchTokens());
            batch.clear();
            for (int i = from; i < to; i++) {
                row = batch.add(prompt[i], i, 0, i == prompt.length - 1);
            }
            decode();
        }
        length = prompt.length;
        return row;
    }

    /** Decodes one more token and returns its row. */
    public int next(int token) {
        batch.clear();
        int row = batch.add(token, length++, 0, true);
        decode();
        return row;
    }

    private void decode() {
        DecodeOutcome outcome = context.decode(batch);
        if (outcome != DecodeOutcome.DECODED) {
            throw new AdedException.Internal("PASS_FAILED", "a pass of one plain stream ended " + outcome, null);
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
