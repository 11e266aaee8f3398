package io.aded.lab.recording;

import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TopTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Plays prompts through a model and keeps what it says: greedily, one token a pass, without the engine and without
 * drafts, so that nothing but the model has a part in it.
 */
public final class Recorder implements AutoCloseable {
    private static final int TOP = RecordedAnswer.TOP;

    private final TargetModel model;
    private final TargetContext context;
    private final int limit;
    private final int maxTokens;
    private final TokenBatch batch = new TokenBatch();
    private final TopTokens top = new TopTokens(TOP);

    /**
     * Opens a context of its own, with one sequence.
     *
     * @param model stays the caller's
     * @param maxTokens the longest answer, at least 1
     */
    public Recorder(TargetModel model, ContextParameters parameters, int maxTokens) {
        this.model = model;
        this.maxTokens = maxTokens;
        context = model.newContext(parameters.withMaxSequences(1));
        int trained = model.info().trainedContext();
        limit = trained > 0 ? Math.min(trained, context.cells()) : context.cells();
    }

    /**
     * Answers the first turn of each scenario. A prompt that does not fit beside an answer, and one that is not
     * answered at all, are left out.
     *
     * @param source where the scenarios came from, for the facts
     * @param raw whether prompts go to the model as they are, without its chat template
     * @param machine what the model is and runs on, for the facts
     */
    public Recording record(List<Scenario> scenarios, String source, boolean raw, Machine machine, Progress progress) {
        List<RecordedAnswer> answers = new ArrayList<>();
        for (int i = 0; i < scenarios.size(); i++) {
            progress.at(i, scenarios.size(), scenarios.get(i).id());
            int[] prompt = PromptTokens.ofFirstTurn(model, scenarios.get(i), raw);
            if (prompt.length + maxTokens <= limit) {
                RecordedAnswer answer = answer(scenarios.get(i).id(), prompt);
                if (answer.answer().length > 0) {
                    answers.add(answer);
                }
            }
        }
        progress.at(scenarios.size(), scenarios.size(), "done");
        return new Recording(
                Map.of(
                        "model", machine.model(),
                        "quantization", machine.quantization(),
                        "library", machine.library(),
                        "aded", machine.version(),
                        "date", machine.date().toString(),
                        "prompts", source + (raw ? ", raw" : ""),
                        "max_tokens", String.valueOf(maxTokens)),
                answers);
    }

    private RecordedAnswer answer(String id, int[] prompt) {
        context.clear();
        int row = prefill(prompt);
        int[] tokens = new int[maxTokens];
        int[] best = new int[maxTokens * TOP];
        float[] probabilities = new float[maxTokens * TOP];
        int count = 0;
        while (true) {
            context.topTokens(row, top);
            int token = top.token(0);
            if (model.vocabulary().endsGeneration(token)) {
                break;
            }
            for (int i = 0; i < top.size(); i++) {
                best[count * TOP + i] = top.token(i);
                probabilities[count * TOP + i] = top.probability(i);
            }
            tokens[count++] = token;
            if (count == maxTokens) {
                break;
            }
            batch.clear();
            row = batch.add(token, prompt.length + count - 1, 0, true);
            decode();
        }
        return new RecordedAnswer(
                id,
                prompt,
                Arrays.copyOf(tokens, count),
                Arrays.copyOf(best, count * TOP),
                Arrays.copyOf(probabilities, count * TOP));
    }

    /** Returns the row of the last token. */
    private int prefill(int[] prompt) {
        int row = 0;
        for (int from = 0; from < prompt.length; from += context.maxBatchTokens()) {
            int to = Math.min(prompt.length, from + context.maxBatchTokens());
            batch.clear();
            for (int i = from; i < to; i++) {
                row = batch.add(prompt[i], i, 0, i == prompt.length - 1);
            }
            decode();
        }
        return row;
    }

    private void decode() {
        DecodeOutcome outcome = context.decode(batch);
        if (outcome != DecodeOutcome.DECODED) {
            throw new AdedException.Internal("RECORDING_FAILED", "a pass ended " + outcome, null);
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
