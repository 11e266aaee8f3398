package io.aded.gguf;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a copy of a model is to be.
 *
 * @param format what its matrices become; null for what they are
 * @param skipped the layers that it goes without
 * @param notes texts for its header, by their keys
 */
public record ModelCopy(@Nullable Quantization format, SkippedLayers skipped, Map<String, String> notes) {
    /** Keeps a copy of the notes. */
    public ModelCopy {
        notes = Map.copyOf(notes);
    }

    /** The whole model in another format. */
    public static ModelCopy of(Quantization format) {
        return new ModelCopy(format, SkippedLayers.NONE, Map.of());
    }
}
