package io.aded.serving;

import io.aded.draft.DraftModelInfo;
import io.aded.engine.DraftingStatus;
import io.aded.model.AdedException;
import org.jspecify.annotations.Nullable;

/** What calls are answered with: nothing while the model is loading, then the model, then, while draining, nothing. */
final class Backend {
    private volatile @Nullable ServedModel served;
    private volatile boolean draining;
    private volatile boolean unwell;

    void serve(ServedModel model) {
        served = model;
    }

    void drain() {
        draining = true;
    }

    void setUnwell(boolean value) {
        unwell = value;
    }

    /** How those drafters fared of which engines keep count; nothing while there is no model. */
    DraftingStatus drafting() {
        ServedModel model = served;
        return model == null ? DraftingStatus.NONE : model.drafting();
    }

    /** What drafts beside the table; null for nothing. */
    @Nullable
    DraftModelInfo draftModel() {
        ServedModel model = served;
        return model == null ? null : model.draftModel();
    }

    Serving.State state() {
        if (draining) {
            return Serving.State.DRAINING;
        }
        if (served == null) {
            return Serving.State.LOADING;
        }
        return unwell ? Serving.State.UNWELL : Serving.State.READY;
    }

    /** Whether an engine is at work. */
    boolean isBusy() {
        ServedModel model = served;
        return model != null && model.isBusy();
    }

    /**
     * What is served.
     *
     * @throws AdedException.Unavailable if nothing is
     */
    ServedModel model() {
        if (draining) {
            throw drainingNow();
        }
        ServedModel model = served;
        if (model == null) {
            throw new AdedException.Unavailable(
                    "MODEL_LOADING", "the model is still being loaded; health checks tell when it is ready");
        }
        return model;
    }

    /**
     * What is served, if it is the one that was asked for.
     *
     * @param asked a name, or nothing
     * @throws AdedException.NotFound if another model is served
     */
    ServedModel model(String asked) {
        ServedModel model = model();
        if (!model.answersTo(asked)) {
            throw new AdedException.NotFound(
                    "MODEL_NOT_SERVED",
                    "this server does not serve the model that was asked for; it serves \"" + model.name() + "\"");
        }
        return model;
    }

    static AdedException.Unavailable drainingNow() {
        return new AdedException.Unavailable(
                "DRAINING", "the server is shutting down and takes no more turns; call another one");
    }
}
