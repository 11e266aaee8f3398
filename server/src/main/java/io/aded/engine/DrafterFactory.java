package io.aded.engine;

import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;

/** Makes the drafters of sessions. Called by the engine thread only. */
@FunctionalInterface
public interface DrafterFactory {

    /** A drafter for one session, made when its first turn in this mode begins. Never asked for {@link Drafters#OFF}. */
    Drafter create(DrafterKind mode);
}
