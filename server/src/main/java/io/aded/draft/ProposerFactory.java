package io.aded.draft;

import io.aded.model.TargetContext;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

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

    /** What the second model is by which drafters may draft; null if there is none, or that is not known. */
    default @Nullable DraftModelInfo draftModel() {
        return null;
    }

    /** What that model did so far; null if there is none. Asked by the engine's thread. */
    default @Nullable DraftModelStatistics draftModelStatistics() {
        return null;
    }
}
