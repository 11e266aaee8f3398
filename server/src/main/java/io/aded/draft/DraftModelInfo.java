package io.aded.draft;

/**
 * What a draft model is.
 *
 * @param name its name in the catalogue, or its file's name
 * @param format the tensor type that most of its weights have
 * @param bytes its file's length; 0 if there is no file
 * @param layers how many it has
 * @param selfDraft whether it is made of the served model's own weights
 * @param takesCells whether it takes over cells of the served model's cache; if not, it reads every text itself
 */
public record DraftModelInfo(
        String name, String format, long bytes, int layers, boolean selfDraft, boolean takesCells) {}
