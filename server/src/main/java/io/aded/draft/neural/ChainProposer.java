package io.aded.draft.neural;

import io.aded.draft.DraftRequest;
import io.aded.draft.DraftState;
import io.aded.draft.Proposer;
import io.aded.model.TargetContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Drafts one chain a stream by the draft model alone: its most probable token, what it thinks follows that, and so on,
 * level by level for all streams at once, until a rule says that the next level does not pay.
 */
public final class ChainProposer implements Proposer {
    /*
     * Which streams get the next level
     *
     *   A level is one forward pass of the draft model for all streams that want one, and its price hardly depends on
     *   their number. To a stream it brings one more guess, which is accepted with the probability that its chain holds
     *   so far times the share of guesses of this stream that were right lately; that many tokens of the target's it
     *   saves, less what the guess adds to the pass that verifies it. The first guess often adds more than the next
     *   ones (a pass of two tokens may take half as long again as one of one, and a pass of four hardly longer), so one
     *   level alone may not pay where three do: what a level gains is the mean over as many more as make it largest.
     *
     *   The streams are sorted by that gain, and as many of them get the level as make gain less price largest, or
     *   none. Where tokens have no price, as with callers who fixed the length of their drafts, all get it.
     *
     *   Acceptance is estimated from probabilities that are calibrated by what came of earlier ones (Calibration),
     *   where the paper compares the model's own probability with a threshold (ThresholdController, which is used
     *   instead for the mode that follows the paper).
     *
     *   A model that does not pay is tried again with a hundredth of the time: prices and texts change.
     */
    private static final double PROBING = 0.01;

    /** So many levels ahead it is asked whether they pay together. */
    private static final int FURTHEST = 8;

    /** What a level gains where tokens have no price; as many as there may be streams can be added up. */
    private static final double UNPRICED = Double.MAX_VALUE / 1024;

    /** Levels for which time is saved up, at most. */
    private static final double MOST_CREDIT = 64;

    private final String label;
    private final boolean byThreshold;
    private final DraftModels models;
    private final DraftModel model;
    private final LongSupplier clock;
    private final Calibration calibration = new Calibration();

    /** Requests whose chains go on, and the streams of those that get the next level. */
    private final List<DraftRequest> active = new ArrayList<>();

    private final List<DraftStream> level = new ArrayList<>();
    private double[] gains = new double[16];
    private double creditNanos;

    private ChainProposer(
            String label, boolean byThreshold, DraftModels models, TargetContext target, LongSupplier clock) {
        this.label = label;
        this.byThreshold = byThreshold;
        this.models = models;
        this.model = models.take(target, clock);
        this.clock = clock;
    }

    /**
     * Chains that end where the next level does not pay by what levels cost and tokens are worth.
     *
     * @param label who drafts, for reports
     * @param models the engine's
     */
    public static ChainProposer priced(String label, DraftModels models, TargetContext target, LongSupplier clock) {
        return new ChainProposer(label, false, models, target, clock);
    }

    /** Chains that end by the rule of Draft &amp; Verify; see {@link ThresholdController}. */
    public static ChainProposer byThreshold(
            String label, DraftModels models, TargetContext target, LongSupplier clock) {
        return new ChainProposer(label, true, models, target, clock);
    }

    /** The model that drafts. */
    public DraftModel model() {
        return model;
    }

    @Override
    public DraftState open() {
        return new Chain(label, model, calibration, byThreshold ? new ThresholdController() : null);
    }

    @Override
    public double levelNanos(int streams) {
        return model.isUsable() ? model.levelNanos(streams) : 0;
    }

    @Override
    public void propose(List<DraftRequest> asking) {
        if (!model.isUsable()) {
            for (int i = 0; i < asking.size(); i++) {
                if (asking.get(i).wantsDraft()) {
                    ((Chain) asking.get(i).state()).part = DraftModel.Part.UNUSABLE;
                }
            }
            return;
        }
        long start = clock.getAsLong();
        begin(asking);
        boolean first = true;
        while (!active.isEmpty()) {
            long before = clock.getAsLong();
            boolean probes = !pays(first);
            if (probes && !(first && mayProbe())) {
                break;
            }
            model.level(level);
            if (probes) {
                creditNanos -= clock.getAsLong() - before;
            }
            grow();
            first = false;
        }
        active.clear();
        level.clear();
        long end = clock.getAsLong();
        for (int i = 0; i < asking.size(); i++) {
            DraftRequest request = asking.get(i);
            if (request.wantsDraft()) {
                Chain chain = (Chain) request.state();
                chain.endDraft();
                request.drafted(start, end, chain.stream().takeNanos());
            }
        }
    }

    /** All streams that want drafts, and can have them, begin a round. */
    private void begin(List<DraftRequest> asking) {
        double passNanos = 0;
        double worth = 0;
        int wanting = 0;
        for (int i = 0; i < asking.size(); i++) {
            passNanos += asking.get(i).tokenNanos();
            wanting += asking.get(i).wantsDraft() ? 1 : 0;
        }
        model.beginPass(passNanos);
        active.clear();
        for (int i = 0; i < asking.size(); i++) {
            DraftRequest request = asking.get(i);
            if (request.wantsDraft()) {
                Chain chain = (Chain) request.state();
                chain.begin(request);
                worth += request.tokenNanos();
                if (chain.stream().canDraft()) {
                    active.add(request);
                } else {
                    chain.asked = true; // and it cannot
                }
            }
        }
        double most = MOST_CREDIT * model.levelNanos(Math.max(1, wanting));
        creditNanos = Math.min(most, creditNanos + PROBING * worth);
    }

    /**
     * Chooses who gets the next level. Streams that do not are done for this round, unless it is the first.
     *
     * @return false if it pays for nobody; then nobody is chosen
     */
    private boolean pays(boolean first) {
        level.clear();
        int count = active.size();
        if (gains.length < count) {
            gains = Arrays.copyOf(gains, 2 * count);
        }
        // Insertion into a falling order: there are few of them, and they hardly change places from level to level.
        for (int i = 0; i < count; i++) {
            DraftRequest request = active.get(i);
            double gain = ((Chain) request.state()).gain(request);
            int at = i;
            while (at > 0 && gains[at - 1] < gain) {
                gains[at] = gains[at - 1];
                active.set(at, active.get(at - 1));
                at--;
            }
            gains[at] = gain;
            active.set(at, request);
        }
        double gained = 0;
        double most = 0;
        int chosen = 0;
        for (int i = 0; i < count; i++) {
            gained += gains[i];
            double net = gained - model.levelNanos(i + 1);
            if (net > most) {
                most = net;
                chosen = i + 1;
            }
        }
        if (chosen == 0 && first) {
            return false;
        }
        while (active.size() > chosen) {
            active.removeLast();
        }
        for (int i = 0; i < chosen; i++) {
            Chain chain = (Chain) active.get(i).state();
            chain.asked = true;
            level.add(chain.stream());
        }
        return chosen > 0;
    }

    /** Whether one stream gets a level against the odds: the first that can use it, for what it costs. */
    private boolean mayProbe() {
        for (int i = 0; i < active.size(); i++) {
            Chain chain = (Chain) active.get(i).state();
            DraftStream stream = chain.stream();
            if (creditNanos > model.tokensNanos(1 + Math.min(stream.missing(), DraftModel.PIECE))) {
                DraftRequest request = active.get(i);
                active.clear();
                active.add(request);
                chain.asked = true;
                level.add(stream);
                return true;
            }
        }
        return false;
    }

    /** Each chain grows by what the level brought; those that have ended, or got nothing, leave. */
    private void grow() {
        for (int i = active.size() - 1; i >= 0; i--) {
            DraftRequest request = active.get(i);
            if (!((Chain) request.state()).grow(request)) {
                active.remove(i);
            }
        }
    }

    /** Gives the draft model back. States must have been closed before. */
    @Override
    public void close() {
        models.giveBack();
    }

    /** What the model drafts for one stream. */
    static final class Chain extends ModelState {
        private final DraftModel model;
        private final @Nullable ThresholdController threshold;
        private double reached;
        private int node;

        /** The most tokens that the round allowed. */
        private int bound;

        /** Whether the model was asked in this round, or would have been if it could draft. */
        boolean asked;

        /** What the model was in the round that is being verified; null if it was not drafted for. */
        private DraftModel.@Nullable Part part;

        Chain(String name, DraftModel model, Calibration calibration, @Nullable ThresholdController threshold) {
            super(name, model.open(), calibration);
            this.model = model;
            this.threshold = threshold;
        }

        /** The draft is what it is. */
        void endDraft() {
            if (stream().opinions() > 0) {
                part = DraftModel.Part.GUESSED;
            } else if (!model.isUsable()) {
                part = DraftModel.Part.UNUSABLE;
            } else {
                part = asked ? DraftModel.Part.UNREADY : DraftModel.Part.UNPAID;
            }
        }

        void begin(DraftRequest request) {
            stream().begin(request.sequence(), request.committed());
            asked = false;
            reached = 1;
            node = 0;
            bound = Math.min(request.limits().maxNodes(), request.limits().maxDepth());
        }

        /** What each of the next levels brings, in nanoseconds; without end where tokens have no price. */
        double gain(DraftRequest request) {
            double token = request.tokenNanos();
            if (token <= 0) {
                return UNPRICED;
            }
            double rate = rightLately();
            int drafted = stream().pathLength();
            double verified = request.price().extraNanos(drafted);
            double chance = reached;
            double saved = 0;
            double best = 0;
            for (int levels = 1; levels <= FURTHEST && drafted + levels <= bound; levels++) {
                chance *= rate;
                saved += chance * token;
                double added = Math.max(0, request.price().extraNanos(drafted + levels) - verified);
                best = Math.max(best, (saved - added) / levels);
            }
            return best;
        }

        /** Takes the token that the last level brought. False if the chain has ended, or there is none. */
        boolean grow(DraftRequest request) {
            DraftStream stream = stream();
            int depth = stream.pathLength();
            if (depth >= stream.opinions() || stream.opinion(depth).size() == 0) {
                return false;
            }
            float probability = stream.opinion(depth).probability(0);
            reached *= calibration().chance(probability);
            int token = stream.opinion(depth).token(0);
            node = request.tree().add(node, token, (float) reached);
            if (node < 0) {
                return false;
            }
            stream.extend(token);
            return stream.pathLength() < bound && (threshold == null || threshold.goesOn(probability));
        }

        @Override
        void verified(int drafted, int accepted) {
            if (part != null) {
                model.played(part);
                part = null;
            }
            if (threshold != null && drafted > 0) {
                threshold.verified(drafted, accepted, bound);
            }
        }
    }
}
