package io.aded.lab.alignment;

import io.aded.lab.recording.RecordedAnswer;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.model.TopTokens;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Plays many prompts through a model at once, one token of each a pass, without the engine and without drafts: for
 * data, tokens a second count, not the time to the next one, and a pass of eight tokens costs far less than eight.
 */
final class AnswerPlayer implements AutoCloseable {
    private static final int TOP = RecordedAnswer.TOP;
    /** How often a running answer is looked at for a loop, in tokens. */
    private static final int LOOK_FOR_LOOPS = 32;
    /** So much repetition at the end is a loop that the answer will not leave: what follows would be cut off anyway. */
    private static final int SURE_LOOP = 96;

    private final TargetModel model;
    private final TargetContext context;
    private final int maxTokens;
    private final boolean loops;
    private final TokenBatch batch = new TokenBatch();
    private final TopTokens top = new TopTokens(TOP);
    private final @Nullable Playing[] slots;
    private int cellsTaken;

    /**
     * What is to be answered.
     *
     * @param key what the answer is called
     * @param prompt its tokens
     * @param temperature 0 for the best token always
     * @param seed of its random stream
     */
    record Job(AlignedAnswer.Key key, int[] prompt, float temperature, int seed) {}

    /** Hears of each answer when it is complete; not in the order of the jobs. */
    @FunctionalInterface
    interface Listener {
        /** An answer, without its loop if loops are cut; it may be empty. */
        void answered(AlignedAnswer answer);
    }

    /** An answer in the making. */
    private final class Playing {
        final Job job;
        final @Nullable TokenSampler sampler;
        final int[] tokens = new int[maxTokens];
        final int[] best = new int[maxTokens * TOP];
        final float[] probabilities = new float[maxTokens * TOP];
        int count;
        int row;

        Playing(Job job) {
            this.job = job;
            sampler = job.temperature == 0
                    ? null
                    : model.newSampler(SamplingParameters.GREEDY
                            .withTemperature(job.temperature)
                            .withSeed(job.seed));
        }

        RecordedAnswer said(int length) {
            return new RecordedAnswer(
                    job.key.id(),
                    job.prompt,
                    Arrays.copyOf(tokens, length),
                    Arrays.copyOf(best, length * TOP),
                    Arrays.copyOf(probabilities, length * TOP));
        }
    }

    /**
     * Opens a context.
     *
     * @param parameters its size; one sequence for each answer at once
     * @param loops whether answers are left as they are where they fall into a loop
     */
    AnswerPlayer(TargetModel model, ContextParameters parameters, int parallel, int maxTokens, boolean loops) {
        this.model = model;
        this.maxTokens = maxTokens;
        this.loops = loops;
        slots = new Playing[parallel];
        context = model.newContext(parameters.withMaxSequences(parallel));
    }

    /** What a prompt and the longest answer to it take. */
    private int cells(int[] prompt) {
        return prompt.length + maxTokens;
    }

    /** Whether a prompt and the longest answer to it fit into the context, and into what the model was trained on. */
    boolean fits(int[] prompt) {
        int trained = model.info().trainedContext();
        int limit = trained > 0 ? Math.min(trained, context.cells()) : context.cells();
        return prompt.length > 0 && cells(prompt) <= limit;
    }

    /**
     * Answers all of them; each must {@linkplain #fits fit}.
     *
     * @throws AdedException.Internal if the library cannot compute
     */
    void play(List<Job> jobs, Listener listener) {
        Deque<Job> waiting = new ArrayDeque<>(jobs);
        while (!waiting.isEmpty() || cellsTaken > 0) {
            for (int slot = 0; slot < slots.length; slot++) {
                if (slots[slot] == null
                        && !waiting.isEmpty()
                        && cellsTaken + cells(waiting.getFirst().prompt) <= context.cells()) {
                    begin(waiting.removeFirst(), slot, listener);
                }
            }
            batch.clear();
            for (int slot = 0; slot < slots.length; slot++) {
                Playing playing = slots[slot];
                if (playing != null) {
                    int at = playing.job.prompt.length + playing.count - 1;
                    playing.row = batch.add(playing.tokens[playing.count - 1], at, slot, true);
                }
            }
            if (batch.size() == 0) {
                // All that began ended with their first token.
                continue;
            }
            decode();
            for (int slot = 0; slot < slots.length; slot++) {
                Playing playing = slots[slot];
                if (playing != null) {
                    take(playing, slot, listener);
                }
            }
        }
    }

    private void begin(Job job, int slot, Listener listener) {
        Playing playing = new Playing(job);
        slots[slot] = playing;
        cellsTaken += cells(job.prompt);
        int[] prompt = job.prompt;
        for (int from = 0; from < prompt.length; from += context.maxBatchTokens()) {
            int to = Math.min(prompt.length, from + context.maxBatchTokens());
            batch.clear();
            for (int i = from; i < to; i++) {
                playing.row = batch.add(prompt[i], i, slot, i == prompt.length - 1);
            }
            decode();
        }
        take(playing, slot, listener);
    }

    /** Reads an answer's row and goes on by its next token, or ends it. */
    private void take(Playing playing, int slot, Listener listener) {
        context.topTokens(playing.row, top);
        int token = playing.sampler == null ? top.token(0) : playing.sampler.sample(context, playing.row);
        if (!top.isFinite() || token < 0) {
            throw new AdedException.Internal("NO_DISTRIBUTION", "the model computed no distribution", null);
        }
        if (model.vocabulary().endsGeneration(token)) {
            end(playing, slot, true, listener);
            return;
        }
        int at = playing.count * TOP;
        for (int i = 0; i < top.size(); i++) {
            playing.best[at + i] = top.token(i);
            playing.probabilities[at + i] = top.probability(i);
        }
        playing.tokens[playing.count++] = token;
        if (playing.count == maxTokens || isLooping(playing)) {
            end(playing, slot, false, listener);
        }
    }

    private boolean isLooping(Playing playing) {
        if (loops || playing.count % LOOK_FOR_LOOPS != 0) {
            return false;
        }
        RecordedAnswer said = playing.said(playing.count);
        return said.withoutLoop().answer().length <= playing.count - SURE_LOOP;
    }

    private void end(Playing playing, int slot, boolean finished, Listener listener) {
        context.removeTokens(slot, 0, -1);
        slots[slot] = null;
        cellsTaken -= cells(playing.job.prompt);
        if (playing.sampler != null) {
            playing.sampler.close();
        }
        RecordedAnswer said = playing.said(playing.count);
        RecordedAnswer kept = loops ? said : said.withoutLoop();
        int length = kept.answer().length;
        listener.answered(new AlignedAnswer(
                playing.job.key,
                playing.job.temperature,
                finished && length == playing.count,
                kept,
                AlignedAnswer.notAsked(length)));
    }

    private void decode() {
        DecodeOutcome outcome = context.decode(batch);
        if (outcome != DecodeOutcome.DECODED) {
            throw new AdedException.Internal("PASS_FAILED", "a pass of plain answers ended " + outcome, null);
        }
    }

    @Override
    public void close() {
        for (Playing playing : slots) {
            if (playing != null && playing.sampler != null) {
                playing.sampler.close();
            }
        }
        context.close();
    }
}
