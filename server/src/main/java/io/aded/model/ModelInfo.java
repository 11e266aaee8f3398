package io.aded.model;

import java.util.List;

/**
 * What is loaded, and by what.
 *
 * @param name the model's own name, or its file's
 * @param architecture as the GGUF says it, such as {@code llama}
 * @param description one line: architecture, size, quantisation
 * @param quantization the predominant tensor type, such as {@code Q8_0}
 * @param parameters the number of weights
 * @param sizeBytes the weights' size in memory
 * @param trainedContext the tokens of context that it was trained on
 * @param vocabularySize the number of tokens
 * @param layers the number of transformer blocks
 * @param embeddingSize the width of the residual stream
 * @param recurrent true if it keeps a recurrent state, which cannot drop a branch
 * @param library what runs it, such as {@code llama.cpp b4916 (bundled)}
 * @param devices where it runs, such as {@code CPU} or {@code CUDA0: NVIDIA H200}
 */
public record ModelInfo(
        String name,
        String architecture,
        String description,
        String quantization,
        long parameters,
        long sizeBytes,
        int trainedContext,
        int vocabularySize,
        int layers,
        int embeddingSize,
        boolean recurrent,
        String library,
        List<String> devices) {

    /** Defensive copy of the list. */
    public ModelInfo {
        devices = List.copyOf(devices);
    }
}
