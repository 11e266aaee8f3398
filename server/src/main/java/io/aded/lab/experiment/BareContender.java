package io.aded.lab.experiment;

import io.aded.lab.prompts.PlainStream;
import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.model.ChatMessage;
import io.aded.model.ContextParameters;
import io.aded.model.TargetModel;
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
    private final PlainStream stream;

    /** Opens a context of its own, with one sequence. */
    BareContender(TargetModel model, ContextParameters parameters) {
        this.model = model;
        stream = new PlainStream(model, parameters);
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
            if (prompt.length >= stream.limit()) {
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
            int row = stream.begin(prompt);
            int[] tokens = new int[settings.maxTokens()];
            int count = 0;
            long first = 0;
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
                if (stream.length() + 1 >= stream.limit()) {
                    finish = "context_full";
                    break;
                }
                row = stream.next(token);
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
            return sampler.sample(stream.context(), row);
        }
        return stream.context().bestToken(row);
    }

    @Override
    public void close() {
        stream.close();
    }
}
