package io.aded.client;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The model being served.
 *
 * @param name as requests may state it
 * @param architecture such as {@code llama}
 * @param description one line: architecture, size, quantisation
 * @param quantization the predominant tensor type
 * @param parameters the number of weights
 * @param sizeBytes the weights' size in memory
 * @param trainedContextTokens tokens of context that it was trained on
 * @param contextTokens tokens of context that the server gives
 * @param layers the number of transformer blocks
 * @param embeddingSize the width of the residual stream
 * @param recurrent whether it keeps a recurrent state and is decoded without drafts
 * @param vocabularySize token ids run from 0 to this, exclusive
 * @param vocabularyKind the kind of tokeniser; empty if not known
 * @param beginningOfSequence that token, or null
 * @param endOfSequence that token, or null
 * @param chatTemplate where the chat template comes from
 * @param devices where it runs
 * @param library what runs it
 */
public record ModelDetails(
        String name,
        String architecture,
        String description,
        String quantization,
        long parameters,
        long sizeBytes,
        int trainedContextTokens,
        int contextTokens,
        int layers,
        int embeddingSize,
        boolean recurrent,
        int vocabularySize,
        String vocabularyKind,
        @Nullable Integer beginningOfSequence,
        @Nullable Integer endOfSequence,
        String chatTemplate,
        List<String> devices,
        String library) {

    /** Defensive copy of the list. */
    public ModelDetails {
        devices = List.copyOf(devices);
    }
}
