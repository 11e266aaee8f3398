package io.aded.draft;

import io.aded.model.TargetContext;
import java.util.function.LongSupplier;

/**
 * Makes the proposers of an engine, one for each drafter, when a turn first asks for it. Called by the engine's thread.
 */
@FunctionalInterface
public interface ProposerFactory {

    /**
     * A new proposer.
     *
     * @param drafter its label in the catalogue; never one that drafts nothing
     * @param target the context that verifies: a drafter may read its cache between passes, and must leave its
     *     sequences as they are
     * @param nanoClock the engine's clock
     */
    Proposer create(String drafter, TargetContext target, LongSupplier nanoClock);

    /** Whether drafters that need a second model can be made. */
    default boolean hasDraftModel() {
        return false;
    }
}
