package io.aded.client;

/**
 * A model that guesses what the served one will say.
 *
 * @param name its name in the catalogue, or its file's name
 * @param quantization the predominant tensor type
 * @param sizeBytes its file's length; 0 if there is no file
 * @param layers the number of transformer blocks
 * @param selfDraft whether it is made of the served model's own weights
 * @param sharesCache whether it takes over the served model's KV cells
 */
public record DraftModel(
        String name, String quantization, long sizeBytes, int layers, boolean selfDraft, boolean sharesCache) {}
