package io.aded.llama;

import io.aded.model.ContextParameters;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import java.nio.file.Path;
import java.util.Arrays;

/** A tiny F32 model with a context whose cache is F32 as well, and the few moves that tests make with them. */
final class Tiny implements AutoCloseable {
    static final ContextParameters EXACT = ContextParameters.ofCells(512)
            .withThreads(1)
            .withMaxSequences(16)
            .withCacheTypes(ContextParameters.CacheType.F32, ContextParameters.CacheType.F32);

    final LlamaModel model;
    final TargetContext context;
    private final TokenBatch batch = new TokenBatch();

    Tiny(LlamaLibrary library, Path directory) {
        this(library, directory, EXACT);
    }

    Tiny(LlamaLibrary library, Path directory, ContextParameters parameters) {
        model = LlamaModel.load(library, TinyModels.f32(directory), ModelParameters.DEFAULT);
        context = model.newContext(parameters);
    }

    /** Decodes tokens one after the other in sequence 0 and returns the last one's row of logits. */
    float[] feed(int from, int... tokens) {
        float[] logits = new float[model.vocabulary().size()];
        for (int i = 0; i < tokens.length; i++) {
            step(tokens[i], from + i);
        }
        context.copyLogits(0, logits);
        return logits;
    }

    /** Decodes one token in sequence 0; its row is 0. */
    void step(int token, int position) {
        batch.clear();
        batch.add(token, position, 0, true);
        if (context.decode(batch) != DecodeOutcome.DECODED) {
            throw new AssertionError("not decoded");
        }
    }

    /** Decodes a prompt and then {@code count} tokens that the sampler draws. */
    int[] generate(String prompt, int count, TokenSampler sampler) {
        context.clear();
        int[] tokens = model.vocabulary().tokenize(prompt, true, false);
        feed(0, tokens);
        int[] made = new int[count];
        for (int i = 0; i < count; i++) {
            made[i] = sampler.sample(context, 0);
            if (model.vocabulary().endsGeneration(made[i])) {
                return Arrays.copyOf(made, i + 1);
            }
            step(made[i], tokens.length + i);
        }
        return made;
    }

    String text(int[] tokens) {
        return model.vocabulary().detokenize(tokens, false);
    }

    @Override
    public void close() {
        context.close();
        model.close();
    }
}
