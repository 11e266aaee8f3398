package io.aded.model;

/**
 * The model whose output is served: weights, vocabulary and chat template. The weights are read-only, so every method
 * but {@link #close} may be called from any thread; what changes while decoding lives in a {@link TargetContext}.
 *
 * <p>"Target" is the term of speculative decoding for the model that verifies; there is no second model here.
 */
public interface TargetModel extends AutoCloseable {

    /** What is loaded, and by what. */
    ModelInfo info();

    /** The tokeniser. Thread-safe. */
    Vocabulary vocabulary();

    /** The chat template that came with the model, or the one that stands in for it. Thread-safe. */
    ChatTemplate chatTemplate();

    /**
     * Opens a context: a KV cache and the scratch memory of one forward pass.
     *
     * @throws AdedException.ResourceExhausted if there is no memory for it
     * @throws AdedException.InvalidRequest if the parameters do not fit the model
     */
    TargetContext newContext(ContextParameters parameters);

    /**
     * Opens a sampler with a random stream of its own. The parameters must be {@linkplain SamplingParameters#violations
     * valid} for this model's vocabulary.
     *
     * @throws AdedException.InvalidRequest if a grammar or JSON schema cannot be compiled
     */
    TokenSampler newSampler(SamplingParameters parameters);

    /** Frees the weights. Every context and sampler must have been closed. Does nothing when called again. */
    @Override
    void close();
}
