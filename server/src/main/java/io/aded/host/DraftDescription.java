package io.aded.host;

import io.aded.draft.DraftModelInfo;
import java.util.Locale;

/**
 * The model that drafts, as it was loaded.
 *
 * @param name its file's name, or its catalogue name
 * @param format the tensor type that most of its weights have
 * @param bytes its file's length
 * @param layers how many it has
 * @param selfDraft whether it is made of the served model's own weights
 * @param takesCells whether it takes over cells of the served model's cache, whose copy it is; if not, it reads every
 *     text itself
 */
public record DraftDescription(
        String name, String format, long bytes, int layers, boolean selfDraft, boolean takesCells) {

    /** As the server and its clients know it. */
    DraftModelInfo info() {
        return new DraftModelInfo(name, format, bytes, layers, selfDraft, takesCells);
    }

    /** One line for a reader. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s (%s, %.0f MB, %d layers), which %s",
                name,
                format,
                bytes / 1e6,
                layers,
                takesCells ? "takes over the served model's cache" : "has a cache of its own");
    }
}
