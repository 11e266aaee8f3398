package io.aded.draft.neural;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.model.TargetContext;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The one draft model of an engine, for however many proposers draft by it: the first opens it, the last to give it
 * back closes it. Used by the engine's thread only.
 */
public final class DraftModels implements DraftContexts {
    private final DraftContexts contexts;
    private @Nullable DraftModel model;
    private int users;

    /** One engine's share in a draft model. */
    public DraftModels(DraftContexts contexts) {
        this.contexts = contexts;
    }

    /** Those of an engine: the same if they are one engine's already. */
    public static DraftModels of(DraftContexts contexts) {
        return contexts instanceof DraftModels shared ? shared : new DraftModels(contexts);
    }

    @Override
    public Opened open(TargetContext target) {
        return contexts.open(target);
    }

    @Override
    public @Nullable DraftModelInfo info() {
        return contexts.info();
    }

    /** What the draft model did so far; nothing before it was needed. */
    public DraftModelStatistics statistics() {
        return model == null ? DraftModelStatistics.NOTHING : model.statistics();
    }

    /**
     * The engine's draft model; if it cannot be opened, one that is not usable, since no turn is to end by it. Each
     * call is followed by one of {@link #giveBack}.
     */
    public DraftModel take(TargetContext target, LongSupplier nanoClock) {
        DraftModel shared = model;
        if (shared == null) {
            try {
                shared = new DraftModel(contexts.open(target), nanoClock);
            } catch (RuntimeException | Error e) {
                shared = new DraftModel(e, nanoClock);
            }
            model = shared;
        }
        users++;
        return shared;
    }

    /** A proposer is done with it; its streams are closed. */
    public void giveBack() {
        users--;
        DraftModel last = model;
        if (users == 0 && last != null) {
            model = null;
            last.close();
        }
    }
}
