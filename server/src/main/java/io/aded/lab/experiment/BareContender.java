package io.aded.lab.experiment;

import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The plainest loop there is: one token, one pass, one choice. No engine, no queue, no text. What the engine costs with
 * drafting off is the difference from this.
 */
final class BareContender implements Contender {
    private final TargetModel model;
    private final TargetContext context;
    private final int limit;
    private final TokenBatch batch = new TokenBatch();

    /** Opens a context of its own, with one sequence. */
    BareContender(TargetModel model, ContextParameters parameters) {
        this.model = model;
        context = model.newContext(parameters.withMaxSequences(1));
        int trained = model.info().trainedContext();
        limit = trained > 0 ? Math.min(trained, context.cells()) : context.cells();
    }

    @Override
    public List<Answer> answer(Scenario scenario, ExperimentSettings settings) {
        List<Answer> answers = new ArrayList<>();
        List<ChatMessage> messages = new ArrayList<>();
        int[] history = new int[0];
        for (String message : scenario.turns()) {
            int[] prompt;
            if (settings.raw()) {
                int[] more = model.vocabulary().tokenize(message, history.length == 0, false);
                prompt = Arrays.copyOf(history, history.length + more.length);
                System.arraycopy(more, 0, prompt, history.length, more.length);
            } else {
                messages.add(new ChatMessage("user", message));
                prompt = PromptTokens.of(model, messages);
            }
            if (prompt.length >= limit) {
                break;
            }
            Answer answer = answerOne(prompt, settings);
            answers.add(answer);
            messages.add(new ChatMessage("assistant", model.vocabulary().detokenize(answer.tokens(), false)));
            history = Arrays.copyOf(prompt, prompt.length + answer.tokens().length);
            System.arraycopy(answer.tokens(), 0, history, prompt.length, answer.tokens().length);
        }
        return answers;
    }

    private Answer answerOne(int[] prompt, ExperimentSettings settings) {
        long start = System.nanoTime();
        try (TokenSampler sampler = model.newSampler(settings.sampling())) {
            context.clear();
            int row = prefill(prompt);
            int[] tokens = new int[settings.maxTokens()];
            int count = 0;
            long first = 0;
            int position = prompt.length;
            String finish = "length";
            while (true) {
                int token = choose(sampler, row);
                if (first == 0) {
                    first = System.nanoTime();
                }
                if (!settings.ignoreEnd() && model.vocabulary().endsGeneration(token)) {
                    finish = "stop";
                    break;
                }
                tokens[count++] = token;
                if (count == tokens.length) {
                    break;
                }
                if (position + 1 >= limit) {
                    finish = "context_full";
                    break;
                }
                batch.clear();
                row = batch.add(token, position++, 0, true);
                decode();
            }
            long end = System.nanoTime();
            return new Answer(
                    Arrays.copyOf(tokens, count),
                    finish,
                    prompt.length,
                    0,
                    Math.min(1, count),
                    first - start,
                    end - start,
                    new RoundTally());
        }
    }

    private int choose(TokenSampler sampler, int row) {
        if (!sampler.isPlainGreedy()) {
            return sampler.sample(context, row);
        }
        return context.bestToken(row);
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
            throw new AdedException.Internal("BENCH_FAILED", "a pass of the bare loop ended " + outcome, null);
        }
    }

    @Override
    public void close() {
        context.close();
    }
}
