package io.aded.draft.neural;

import io.aded.draft.DraftModelInfo;
import io.aded.model.AdedException;
import io.aded.model.CellCopier;
import io.aded.model.TargetContext;
import org.jspecify.annotations.Nullable;

/** Where the contexts of a draft model come from, one for each engine. */
@FunctionalInterface
public interface DraftContexts {

    /**
     * Opens the draft model's context for an engine. Called by the engine's thread, which then owns it.
     *
     * @param target the context that verifies; the vocabularies of both models have been found equal
     * @throws AdedException.ResourceExhausted if there is no memory for it
     */
    Opened open(TargetContext target);

    /** What the model is; null, the default, if that is not known. */
    default @Nullable DraftModelInfo info() {
        return null;
    }

    /** The same contexts, of a model of which this is known. */
    default DraftContexts named(DraftModelInfo info) {
        DraftContexts contexts = this;
        return new DraftContexts() {
            @Override
            public Opened open(TargetContext target) {
                return contexts.open(target);
            }

            @Override
            public DraftModelInfo info() {
                return info;
            }
        };
    }

    /**
     * A draft model's context. Whoever opened it closes both, the copier first.
     *
     * @param context its KV cache and its passes; sequence ids in it are the drafter's own and no target's
     * @param copier takes over the target's cells; null if the draft model must compute its own
     * @param vocabulary how many token ids both models know, those from 0 on: above, one of them has none, or something
     *     else
     * @param positions how long a text the draft model was trained for: beyond it, its opinion is worth nothing
     */
    record Opened(TargetContext context, @Nullable CellCopier copier, int vocabulary, int positions) {

        /** For models with the same number of tokens, and texts of any length. */
        public Opened(TargetContext context, @Nullable CellCopier copier) {
            this(context, copier, Integer.MAX_VALUE, context.cells());
        }
    }
}
