package io.aded.draft.select;

import io.aded.draft.DraftLimits;
import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.Proposer;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftModels;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TargetContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * The table and a draft model in one tree in every round, whatever that costs: what both know together, where {@link
 * AdaptiveProposer} asks the model only where that pays.
 */
public final class JointProposer implements Proposer {
    /*
     * A round
     *
     *   The table drafts for every stream. Then the draft model is fed, level by level and all streams together, the
     *   most probable path of each tree, or what is new of it; what it thinks there is mixed with what the table says
     *   (PathOpinions), and the tree is searched anew. That ends where the model has spoken at each node of the path
     *   that may have children in the tree. So a tree of depth d takes d levels at most, and one that the table knows
     *   beforehand takes one.
     *
     *   A stream whose text the model has not read yet has its piece read, and what the table drafted.
     */
    private final Supplier<AdedDrafter> tables;
    private final DraftModels models;
    private final DraftModel model;
    private final LongSupplier clock;
    private final LogisticMixer mixer = new LogisticMixer();
    private final LevelPlan plan = new LevelPlan(_ -> 0);

    /** Requests that get the next level, and their streams. */
    private final List<DraftRequest> active = new ArrayList<>();

    private final List<DraftStream> level = new ArrayList<>();

    /** When the last drafts were made, and what the pass took after them: as long may texts be read beside the next. */
    private long drafted;

    private double passNanos;

    /**
     * A proposer.
     *
     * @param tables makes a stream's table
     * @param models where the draft model is taken from, and given back to
     * @param target the context that verifies
     * @param nanoClock the engine's
     */
    public JointProposer(
            Supplier<AdedDrafter> tables, DraftModels models, TargetContext target, LongSupplier nanoClock) {
        this.tables = tables;
        this.models = models;
        model = models.take(target, nanoClock);
        clock = nanoClock;
    }

    @Override
    public DraftState open() {
        return new JointState(tables.get(), model, mixer);
    }

    @Override
    public double levelNanos(int streams) {
        return model.isUsable() ? model.levelNanos(streams) : 0;
    }

    private static JointState state(DraftRequest request) {
        return (JointState) request.state();
    }

    /** No guess that is as deep as there may be nodes has a child in the tree. */
    private static int deepest(DraftLimits limits) {
        return Math.min(limits.maxDepth(), limits.maxNodes());
    }

    @Override
    public void propose(List<DraftRequest> asking) {
        long start = clock.getAsLong();
        model.beginPass(passNanos);
        active.clear();
        for (int i = 0; i < asking.size(); i++) {
            DraftRequest request = asking.get(i);
            if (request.wantsDraft()) {
                begin(request);
            }
        }
        while (!active.isEmpty()) {
            level.clear();
            for (int i = 0; i < active.size(); i++) {
                feed(active.get(i));
                level.add(state(active.get(i)).stream);
            }
            model.level(level);
            for (int i = active.size() - 1; i >= 0; i--) {
                if (!grow(active.get(i))) {
                    active.remove(i);
                }
            }
        }
        level.clear();
        drafted = clock.getAsLong();
        for (int i = 0; i < asking.size(); i++) {
            DraftRequest request = asking.get(i);
            if (request.failure() == null && request.wantsDraft()) {
                JointState state = state(request);
                state.part = part(state);
                request.drafted(start, drafted, state.hostNanos + state.stream.takeNanos());
            }
        }
    }

    private DraftModel.Part part(JointState state) {
        if (state.levels > 0) {
            return DraftModel.Part.GUESSED;
        }
        return model.isUsable() ? DraftModel.Part.UNREADY : DraftModel.Part.UNUSABLE;
    }

    /** The table drafts for a stream, and its round begins at the model. */
    private void begin(DraftRequest request) {
        JointState state = state(request);
        long start = clock.getAsLong();
        state.levels = 0;
        try {
            state.table.draft(request.tree(), request.limits());
        } catch (RuntimeException | Error e) {
            request.failed(e);
            return;
        }
        state.hostNanos = clock.getAsLong() - start;
        state.stream.begin(request.sequence(), request.committed()); // whose own account has the copying of cells
        state.opinions.begin(state.table.longestMatch(), false);
        if (state.stream.canDraft()) {
            active.add(request);
        }
    }

    /** Makes the path of a stream what is most probable now. */
    private void feed(DraftRequest request) {
        DraftStream stream = state(request).stream;
        plan.look(request.tree(), deepest(request.limits()), stream, true); // of all streams' paths it holds the last
        stream.cut(Math.max(0, Math.min(stream.pathLength(), plan.known() - 1)));
        for (int depth = Math.max(1, plan.known()); depth <= plan.feedTo(); depth++) {
            stream.extend(request.tree().token(plan.pathNode(depth)));
        }
    }

    /** Makes use of what a level said of a stream, if anything. Returns whether there is to be another. */
    private boolean grow(DraftRequest request) {
        JointState state = state(request);
        if (state.stream.opinions() <= state.stream.pathLength()) {
            return false; // it has read, or found no room
        }
        long start = clock.getAsLong();
        state.levels++;
        boolean goesOn;
        try {
            state.search(request);
            int deepest = deepest(request.limits());
            goesOn = state.levels < deepest && plan.look(request.tree(), deepest, state.stream, true);
        } catch (RuntimeException | Error e) {
            request.failed(e);
            goesOn = false;
        }
        state.hostNanos += clock.getAsLong() - start;
        return goesOn;
    }

    @Override
    public void settle(List<DraftRequest> pass) {
        passNanos = clock.getAsLong() - drafted;
    }

    /** Gives the draft model back. States must have been closed before. */
    @Override
    public void close() {
        models.giveBack();
    }
}
