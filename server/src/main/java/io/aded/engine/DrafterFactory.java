package io.aded.engine;

import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DraftMode;

/** Makes the drafters of sessions. Called by the engine thread only. */
@FunctionalInterface
public interface DrafterFactory {

    /** A drafter for one session, made when its first turn in this mode begins. Never asked for {@link DraftMode#OFF}. */
    Drafter create(DraftMode mode);
}
