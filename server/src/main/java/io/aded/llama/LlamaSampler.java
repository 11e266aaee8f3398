package io.aded.llama;

import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * llama.cpp's own chain of filters over as few candidates as give the same answer.
 *
 * <h2>The chain</h2>
 *
 * Logit bias, penalties, top-k, typical, top-p, min-p, temperature, and one draw from a seeded generator: each a sampler
 * of llama.cpp's, each left out where it would do nothing. The grammar stands before the chain (after the bias, which
 * commutes with it: both only lower or shift single logits).
 *
 * <h2>Fewer candidates</h2>
 *
 * llama.cpp's convenience function copies the whole vocabulary for each token. With a top-k filter that is waste: only
 * tokens whose logits the bias and the penalties <i>touch</i> can change their rank, so the k survivors are among the
 * touched tokens and the k + |touched| largest raw logits, which {@link LogitsScan} finds in microseconds. The chain
 * sees those and does the same as it would to all. Without top-k it gets the whole vocabulary.
 *
 * <h2>Exactness</h2>
 *
 * Each call draws from the generator once and accepts once, whatever the batch looked like around the row; so the stream
 * of random numbers, and the tokens, are the same with drafts and without.
 */
final class LlamaSampler implements TokenSampler {
    /** More than this and the insertion sort of the scan loses to handing over the whole vocabulary. */
    private static final int MOST_SELECTED = 256;

    private static final long CANDIDATE = 12;
    /** llama.cpp takes this seed for "pick one at random", which must not happen here. */
    private static final int RANDOM_SEED = 0xFFFFFFFF;

    private static final int SUBSTITUTE_SEED = 0x9E3779B9;

    private final LlamaModel model;
    private final Native natives;
    private final int vocabularySize;
    private final Arena arena = Arena.ofShared();
    private final long chain;
    private final MemorySegment candidates;
    /** llama_token_data_array: data*@0 size@8 selected@16 sorted@24. */
    private final MemorySegment array;
    /** The number of best tokens that decide; the vocabulary's size if all do. */
    private final int decisive;

    private final int[] biased;
    private final @Nullable PenaltyWindow window;
    private final TopTokens best = new TopTokens(MOST_SELECTED);
    private final int[] marks;
    private int mark;
    private boolean closed;

    private LlamaSampler(LlamaModel model, LlamaVocabulary vocabulary, SamplingParameters parameters) {
        this.model = model;
        this.natives = model.library().natives();
        this.vocabularySize = vocabulary.size();
        this.biased = parameters.logitBias().keySet().stream()
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
        this.window = parameters.usesPenalties()
                ? new PenaltyWindow(parameters.penaltyWindow(), vocabularySize)
                : null;
        this.marks = new int[vocabularySize];
        this.decisive = parameters.temperature() == 0f
                ? 1
                : parameters.topK() == 0 ? vocabularySize : Math.min(parameters.topK(), vocabularySize);
        this.candidates = arena.allocate(CANDIDATE * vocabularySize, 4);
        this.array = arena.allocate(32, 8);
        this.chain = newChain(parameters);
    }

    static LlamaSampler create(LlamaModel model, LlamaVocabulary vocabulary, SamplingParameters parameters) {
        return new LlamaSampler(model, vocabulary, parameters);
    }

    private long newChain(SamplingParameters parameters) {
        long made = natives.newChain((byte) 1);
        if (!parameters.logitBias().isEmpty()) {
            natives.addToChain(made, newLogitBias(parameters.logitBias()));
        }
        if (parameters.usesPenalties()) {
            natives.addToChain(
                    made,
                    natives.newPenalties(
                            vocabularySize,
                            parameters.penaltyWindow(),
                            parameters.repeatPenalty(),
                            parameters.frequencyPenalty(),
                            parameters.presencePenalty()));
        }
        if (parameters.temperature() == 0f) {
            natives.addToChain(made, natives.newGreedy());
            return made;
        }
        if (parameters.topK() > 0) {
            natives.addToChain(made, natives.newTopK(parameters.topK()));
        }
        if (parameters.typicalP() < 1f) {
            natives.addToChain(made, natives.newTypical(parameters.typicalP(), 1));
        }
        if (parameters.topP() < 1f) {
            natives.addToChain(made, natives.newTopP(parameters.topP(), 1));
        }
        if (parameters.minP() > 0f) {
            natives.addToChain(made, natives.newMinP(parameters.minP(), 1));
        }
        if (parameters.temperature() != 1f) {
            natives.addToChain(made, natives.newTemperature(parameters.temperature()));
        }
        Integer stated = parameters.seed();
        int seed = stated == null ? ThreadLocalRandom.current().nextInt() : stated;
        natives.addToChain(made, natives.newDraw(seed == RANDOM_SEED ? SUBSTITUTE_SEED : seed));
        return made;
    }

    private long newLogitBias(Map<Integer, Float> bias) {
        MemorySegment entries = arena.allocate(8L * bias.size(), 4);
        for (int i = 0; i < biased.length; i++) {
            entries.set(ValueLayout.JAVA_INT, 8L * i, biased[i]);
            entries.set(ValueLayout.JAVA_FLOAT, 8L * i + 4, bias.getOrDefault(biased[i], 0f));
        }
        return natives.newLogitBias(vocabularySize, biased.length, entries.address());
    }

    @Override
    public boolean isPlainGreedy() {
        return false;
    }

    @Override
    public int sample(TargetContext context, int row) {
        checkOpen();
        if (!(context instanceof LlamaContext rows)) {
            throw new IllegalArgumentException("this sampler reads rows of llama.cpp contexts only");
        }
        long logits = rows.rowAddress(row);
        int count = selectCandidates(rows, row, logits);
        int token = runChain(count);
        accept(token);
        return token;
    }

    /** Writes the candidates that can matter and returns how many there are. */
    private int selectCandidates(LlamaContext context, int row, long logits) {
        int touched = biased.length + (window == null ? 0 : window.distinct());
        if (decisive + touched > MOST_SELECTED || decisive + touched >= vocabularySize) {
            for (int token = 0; token < vocabularySize; token++) {
                put(token, token, logits);
            }
            return vocabularySize;
        }
        mark++;
        context.topTokens(row, best);
        int count = 0;
        int needed = Math.min(best.size(), decisive + touched);
        for (int i = 0; i < needed; i++) {
            count = addOnce(count, best.token(i), logits);
        }
        for (int token : biased) {
            count = addOnce(count, token, logits);
        }
        for (int i = 0; window != null && i < window.distinct(); i++) {
            count = addOnce(count, window.token(i), logits);
        }
        return count;
    }

    private int addOnce(int count, int token, long logits) {
        if (marks[token] == mark) {
            return count;
        }
        marks[token] = mark;
        put(count, token, logits);
        return count + 1;
    }

    private void put(int index, int token, long logits) {
        long at = CANDIDATE * index;
        candidates.set(ValueLayout.JAVA_INT_UNALIGNED, at, token);
        candidates.set(
                ValueLayout.JAVA_FLOAT_UNALIGNED,
                at + 4,
                Native.MEMORY.get(ValueLayout.JAVA_FLOAT, logits + 4L * token));
        candidates.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + 8, 0f);
    }

    private int runChain(int count) {
        array.set(ValueLayout.JAVA_LONG, 0, candidates.address());
        array.set(ValueLayout.JAVA_LONG, 8, count);
        array.set(ValueLayout.JAVA_LONG, 16, -1);
        array.set(ValueLayout.JAVA_BYTE, 24, (byte) 0);
        natives.applySampler(chain, array.address());
        long selected = array.get(ValueLayout.JAVA_LONG, 16);
        long size = array.get(ValueLayout.JAVA_LONG, 8);
        if (selected < 0 || selected >= size) {
            throw new AdedException.Internal("NO_TOKEN", "llama.cpp's sampler chain chose no token", null);
        }
        // A filter may have put its own array in the place of ours.
        long data = array.get(ValueLayout.JAVA_LONG, 0);
        return Native.MEMORY.get(ValueLayout.JAVA_INT_UNALIGNED, data + CANDIDATE * selected);
    }

    private void accept(int token) {
        natives.acceptToken(chain, token);
        if (window != null) {
            window.add(token);
        }
    }

    @Override
    public void remember(int token) {
        checkOpen();
        if (token < 0 || token >= vocabularySize) {
            throw new IllegalArgumentException(
                    "token " + token + " is outside the vocabulary; allowed: 0 to " + (vocabularySize - 1));
        }
        accept(token);
    }

    @Override
    public boolean constrains() {
        return false;
    }

    @Override
    public void prune(TokenTree tree) {
        checkOpen();
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the sampler is closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        natives.freeSampler(chain);
        arena.close();
        model.released();
    }
}
