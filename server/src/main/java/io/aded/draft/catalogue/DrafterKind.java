package io.aded.draft.catalogue;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.Proposer;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.model.AdedException;
import io.aded.model.TargetContext;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One way to draft, as {@link Drafters} lists it.
 *
 * @param label the name in requests, flags, reports and traces, such as {@code aded-mcts}: lower case letters, digits
 *     and hyphens
 * @param help one line on what it is, without a full stop
 * @param bounds how much it drafts a pass unless the caller says otherwise; no nodes if it never drafts
 * @param budgeted whether a budget decides, pass by pass, how much of a draft is verified, within the bounds; if not,
 *     all that fits is verified
 * @param baseline whether it is there to be compared with, not to be used
 * @param needsModel whether it drafts by a second model, without which it cannot be asked for
 * @param maker makes it for an engine
 */
public record DrafterKind(
        String label,
        String help,
        DraftLimits bounds,
        boolean budgeted,
        boolean baseline,
        boolean needsModel,
        Maker maker) {

    /** What most rules draft if nobody says otherwise: one chain of ten tokens. */
    private static final DraftLimits ONE_CHAIN = new DraftLimits(10, 64, 1);

    /** Why a drafter that needs a model cannot be asked for. */
    public static final String NO_MODEL = "needs a draft model, and none is loaded";

    /** Makes what drafts for all streams of an engine. */
    @FunctionalInterface
    public interface Maker {

        /**
         * A new proposer; see {@link io.aded.draft.ProposerFactory#create}.
         *
         * @param settings what its streams' states are made of
         */
        Proposer make(DrafterSettings settings, TargetContext target, LongSupplier nanoClock);
    }

    /**
     * Makes drafters that look at one stream each.
     *
     * @param besideModel what takes their place where there is a draft model; null for nothing
     */
    record PerStream(
            Function<DrafterSettings, ? extends Drafter> drafter,
            @Nullable Maker besideModel) implements Maker {
        @Override
        public Proposer make(DrafterSettings settings, TargetContext target, LongSupplier nanoClock) {
            return besideModel == null || settings.draftModel() == null
                    ? new LoopProposer(() -> drafter.apply(settings), nanoClock)
                    : besideModel.make(settings, target, nanoClock);
        }
    }

    /** Makes drafters that draft by the model of the settings. */
    @FunctionalInterface
    interface ModelMaker extends Maker {
        /** A new proposer over the engine's draft model. */
        Proposer make(DraftModels models, TargetContext target, LongSupplier nanoClock);

        @Override
        default Proposer make(DrafterSettings settings, TargetContext target, LongSupplier nanoClock) {
            return make(models(settings), target, nanoClock);
        }
    }

    /**
     * The draft model of the settings.
     *
     * @throws AdedException.InvalidRequest if there is none
     */
    static DraftModels models(DrafterSettings settings) {
        DraftContexts contexts = settings.draftModel();
        if (contexts == null) {
            throw new AdedException.InvalidRequest("draft.mode", "a mode that " + NO_MODEL);
        }
        return DraftModels.of(contexts);
    }

    public DrafterKind {
        if (!label.matches("[a-z0-9]+(-[a-z0-9]+)*")) {
            throw new IllegalArgumentException(
                    "label is \"" + label + "\"; allowed: lower case letters and digits, parted by hyphens");
        }
    }

    /** Of the name alone, which tells them apart: kinds are looked up in every round, and the whole record is long. */
    @Override
    public int hashCode() {
        return label.hashCode();
    }

    /** A drafter that looks at one stream at a time, and drafts one chain of ten tokens unless told otherwise. */
    static DrafterKind of(String label, String help, Function<DrafterSettings, ? extends Drafter> drafter) {
        return new DrafterKind(label, help, ONE_CHAIN, false, false, false, new PerStream(drafter, null));
    }

    /** A drafter that drafts by the model of the settings. */
    static DrafterKind ofModel(String label, String help, ModelMaker maker) {
        return new DrafterKind(label, help, ONE_CHAIN, false, false, true, maker);
    }

    /** A drafter that drafts by the model of the settings, and by more of them. */
    static DrafterKind ofModelAndMore(String label, String help, Maker maker) {
        return new DrafterKind(label, help, ONE_CHAIN, false, false, true, maker);
    }

    /** The same, with something else in its place where there is a draft model. */
    DrafterKind besideModel(Maker other) {
        Maker either = maker instanceof PerStream each ? new PerStream(each.drafter(), other) : other;
        return new DrafterKind(label, help, bounds, budgeted, baseline, needsModel, either);
    }

    /** The same with other bounds to begin with. */
    DrafterKind withBounds(int nodes, int depth, int branches) {
        return new DrafterKind(
                label, help, new DraftLimits(nodes, depth, branches), budgeted, baseline, needsModel, maker);
    }

    /** The same, with a budget that decides how much of a draft is verified. */
    DrafterKind asBudgeted() {
        return new DrafterKind(label, help, bounds, true, baseline, needsModel, maker);
    }

    /** The same, as something to compare with. */
    DrafterKind asBaseline() {
        return new DrafterKind(label, help, bounds, budgeted, true, needsModel, maker);
    }

    /** Whether it ever drafts. */
    public boolean drafts() {
        return bounds.maxNodes() > 0;
    }

    /**
     * A new drafter of one stream, for benchmarks and tests.
     *
     * @throws UnsupportedOperationException if this kind drafts only for all streams together
     */
    public Drafter create(DrafterSettings settings) {
        if (maker instanceof PerStream each) {
            return each.drafter().apply(settings);
        }
        throw new UnsupportedOperationException(label + " drafts for all streams of an engine together");
    }

    @Override
    public String toString() {
        return label;
    }
}
