package io.aded.lab.recording;

import io.aded.lab.prompts.PlainStream;
import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.model.ContextParameters;
import io.aded.model.TargetModel;
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
    private final PlainStream stream;
    private final int maxTokens;
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
        stream = new PlainStream(model, parameters);
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
            if (prompt.length + maxTokens <= stream.limit()) {
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
        int row = stream.begin(prompt);
        int[] tokens = new int[maxTokens];
        int[] best = new int[maxTokens * TOP];
        float[] probabilities = new float[maxTokens * TOP];
        int count = 0;
        while (true) {
            stream.context().topTokens(row, top);
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
            row = stream.next(token);
        }
        return new RecordedAnswer(
                id,
                prompt,
                Arrays.copyOf(tokens, count),
                Arrays.copyOf(best, count * TOP),
                Arrays.copyOf(probabilities, count * TOP));
    }

    @Override
    public void close() {
        stream.close();
    }
}
