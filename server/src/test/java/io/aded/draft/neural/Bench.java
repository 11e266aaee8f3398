package io.aded.draft.neural;

import io.aded.model.CellCopier;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A draft model over a scripted target, by a clock that only passes move: a forward pass of the draft takes a thousand
 * nanoseconds and a hundred for each token. What it decodes is written down, and can be made to fail.
 */
final class Bench implements AutoCloseable {
    static final int PASS_NANOS = 1000;
    static final int TOKEN_NANOS = 100;

    /** Three bytes of history say what comes next. */
    static final ScriptedModel.Script SCRIPT = ScriptedModel.babble(11, 3);

    /** What the next decodes of the draft do instead; null for what they do. */
    interface Fault {
        @Nullable
        DecodeOutcome decode(TokenBatch batch);
    }

    final ScriptedModel target = new ScriptedModel(SCRIPT);
    final TargetContext targetContext;
    final ScriptedModel draft;
    final TargetContext real;
    /** The same, watched. */
    final TargetContext watched;

    final @Nullable CellCopier copier;
    final DraftModel model;

    /** Tokens of each forward pass of the draft. */
    final List<Integer> decoded = new ArrayList<>();

    long now;

    @Nullable
    Fault fault;

    /** Whether the rows of the draft are no distributions. */
    boolean broken;

    Bench(double agreement, ScriptedModel.Cells cells, ContextParameters parameters, int vocabulary, int positions) {
        targetContext = target.newContext(ContextParameters.ofCells(4096).withMaxBatchTokens(4096));
        draft = target.draft(agreement, 5, tokens -> now += PASS_NANOS + TOKEN_NANOS * (long) tokens, cells);
        real = draft.newContext(parameters);
        copier = real.copierFrom(targetContext);
        watched = (TargetContext) Proxy.newProxyInstance(
                TargetContext.class.getClassLoader(), new Class<?>[] {TargetContext.class}, (_, method, arguments) -> {
                    try {
                        if (method.getName().equals("decode")) {
                            return decode((TokenBatch) arguments[0]);
                        }
                        Object result = method.invoke(real, arguments);
                        if (broken && method.getName().equals("topTokens")) {
                            ((TopTokens) arguments[1]).filled(0, 0f, false);
                        }
                        return result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        model = new DraftModel(new DraftContexts.Opened(watched, copier, vocabulary, positions), () -> now);
    }

    static Bench of(double agreement, ScriptedModel.Cells cells) {
        return new Bench(agreement, cells, parameters(1024, 8), Integer.MAX_VALUE, 1024);
    }

    static ContextParameters parameters(int cells, int sequences) {
        return ContextParameters.ofCells(cells).withMaxSequences(sequences).withMaxBatchTokens(256);
    }

    private DecodeOutcome decode(TokenBatch batch) {
        Fault injected = fault;
        DecodeOutcome instead = injected == null ? null : injected.decode(batch);
        if (instead != null) {
            return instead;
        }
        DecodeOutcome outcome = real.decode(batch);
        decoded.add(batch.size());
        return outcome;
    }

    /** What the target says after a text, greedily. */
    static int next(int[] text, int length) {
        float[] row = new float[ScriptedModel.VOCABULARY_SIZE];
        SCRIPT.logits(text, length, row);
        int best = 0;
        for (int token = 1; token < row.length; token++) {
            best = row[token] > row[best] ? token : best;
        }
        return best;
    }

    /** A text of its own for each number, as the target would write it. */
    static int[] text(int number, int length) {
        int[] text = new int[length];
        text[0] = 3 + 'A' + number;
        for (int i = 1; i < length; i++) {
            text[i] = next(text, i);
        }
        return text;
    }

    /** A chain as a tree whose root is the last token of a text. */
    static TokenTree chain(int root, int... tokens) {
        TokenTree tree = new TokenTree(Math.max(1, tokens.length));
        tree.reset(root);
        for (int i = 0; i < tokens.length; i++) {
            tree.add(i, tokens[i], 0.5f);
        }
        return tree;
    }

    /** Puts a text's tokens at positions from..to into a sequence of the target's cache. */
    void commit(int sequence, int[] text, int from, int to) {
        TokenBatch batch = new TokenBatch();
        for (int i = from; i < to; i++) {
            batch.add(text[i], i, sequence, false);
        }
        if (batch.size() > 0) {
            targetContext.decode(batch);
        }
    }

    @Override
    public void close() {
        model.close();
        targetContext.close();
    }
}
