package io.aded.engine;

import io.aded.draft.DraftMode;
import io.aded.draft.Drafter;

/** Makes a stream's drafter. Never called with {@link DraftMode#OFF}. */
@FunctionalInterface
interface DrafterFactory {
    Drafter create(DraftMode mode);
}
