package io.aded.draft.select;

import io.aded.draft.ArmPlay;
import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftRequest;
import io.aded.draft.Proposer;
import io.aded.draft.adaptive.AdedDrafter;
import io.aded.draft.neural.DraftModel;
import io.aded.draft.neural.DraftModels;
import io.aded.draft.neural.DraftStream;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The table and a draft model, in one tree: the table drafts for all streams; those whose draft the model would better
 * by more than it costs are asked about together, level by level.
 */
public final class AdaptiveProposer implements Proposer {
    /*
     * A pass
     *
     *   1. The table drafts for every stream; that takes microseconds.
     *   2. The arm is chosen for each (ArmWeights), and for those that may ask the model it is reckoned whether that
     *      would pay (LevelPlan), all of them sharing each level. Who would lose at this share steps aside, which makes
     *      it dearer for the others; so this is repeated until nobody does.
     *   3. A level: each stream's most probable path goes in with its root, or what is new of it. The tree is searched
     *      anew with the opinions mixed in (PathOpinions), and step 2 is repeated for those that took part: the next
     *      level is bought only while it still pays by what is now known (this is what an early exit is elsewhere).
     *   4. After the pass, what each arm would have cost and brought is reckoned on the tokens that came (judge).
     *
     * While the model sleeps
     *
     *   A model that helps nobody costs nothing but what it takes to notice that it would help now: half a hundredth of
     *   the time is saved up, and when a level can be paid from it, one stream has one. What is seen there changes the
     *   hit rates, by these the forecasts, and by these the choice. A model of which next to nothing is known yet is
     *   asked by one stream at a time, one level a pass.
     */
    private static final double PROBING = 0.005;

    /** Time for probes that is there at first, and at most, in plain passes. */
    private static final double FIRST_CREDIT = 1;

    private static final double MOST_CREDIT = 4;

    /** To ask at all must promise so much of a plain token: no level costs no time for sure. */
    private static final double LEAST_GAIN = 0.05;

    /**
     * How fast what forecasts were too high by is followed, in passes in which streams asked, and forgotten, in all:
     * the rounds of a pass succeed or fail together, and count as one.
     */
    private static final double OPTIMISM_RATE = 0.08;

    private static final double OPTIMISM_FADES = 0.001;

    /** What forecasts are thought to be too high by while nothing is known. */
    private static final double FIRST_OPTIMISM = 0.1;

    /** Plain tokens that reading a stream's text is taken to have cost, and to have brought back, at first. */
    private static final double FIRST_INVESTED = 6;

    /** What is forgotten, a pass, of what reading cost and brought: without reading nothing is seen. */
    private static final double INVESTED_FADES = 0.002;

    /** The least share of its cost that reading is taken to bring back, even where it brought losses. */
    private static final double LEAST_RETURN = 0.05;

    /** Levels of a chain, at most, where it is reckoned what the model alone would bring. */
    private static final int MOST_CHAIN = 12;

    /** Passes for which no level is looked for after it was found for so long that none pays for any stream. */
    private static final int MOST_PATIENCE = 8;

    private final Supplier<AdedDrafter> tables;
    private final DraftModels models;
    private final DraftModel model;
    private final @Nullable DrafterChoice choice;
    private final boolean byChoiceAlone;
    private final LongSupplier clock;
    private final LogisticMixer mixer = new LogisticMixer();
    private final HitRates rates = HitRates.ofEngine();
    private final ArmWeights weights = ArmWeights.ofEngine();
    private final ArmLedger ledger = new ArmLedger();
    private final LevelPlan plan;
    private final double[] losses = new double[Arm.COUNT];

    // Of this pass.
    private final List<DraftRequest> wanting = new ArrayList<>();
    private final List<DraftRequest> riders = new ArrayList<>();
    private final List<DraftStream> riding = new ArrayList<>();
    private double passNanos;
    private int streams = 1;

    /** By how much rounds that asked the model gained less than was forecast, in plain tokens, on average. */
    private double optimism = FIRST_OPTIMISM;

    /** What reading texts cost lately, and what the rounds that asked gained, both in plain tokens. */
    private double invested;

    private double returned;

    /** Streams that shared a level lately. */
    private int usualRiders = 1;

    /** Time saved up for probes, negative where one took more than there was; nothing before the first pass. */
    private double creditNanos = Double.NaN;

    /** Passes in which no level is looked for, and for how many the next time. */
    private int patience;

    private int nextPatience = 1;

    private int nextProbe;

    /**
     * A proposer.
     *
     * @param tables makes a stream's table
     * @param models where the draft model is taken from, and given back to
     * @param target the context that verifies
     * @param choice what is believed of the arms by a stream's prompt; null for nothing
     * @param byChoiceAlone whether that is all there is to the choice, as in the paper: no learning
     * @param nanoClock the engine's
     */
    public AdaptiveProposer(
            Supplier<AdedDrafter> tables,
            DraftModels models,
            TargetContext target,
            @Nullable DrafterChoice choice,
            boolean byChoiceAlone,
            LongSupplier nanoClock) {
        this.tables = tables;
        this.models = models;
        model = models.take(target, nanoClock);
        this.choice = choice;
        this.byChoiceAlone = byChoiceAlone;
        clock = nanoClock;
        plan = new LevelPlan(model::tokensNanos);
    }

    AdedDrafter newTable() {
        return tables.get();
    }

    @Override
    public MixedState open() {
        return new MixedState(this, model, mixer, rates.ofStream(), weights.ofStream());
    }

    private static MixedState state(DraftRequest request) {
        return (MixedState) request.state();
    }

    // --- propose

    @Override
    public void propose(List<DraftRequest> asking) {
        wanting.clear();
        riders.clear();
        for (int i = 0; i < asking.size(); i++) {
            DraftRequest request = asking.get(i);
            if (request.wantsDraft()) {
                draftTable(request);
            }
        }
        if (!wanting.isEmpty()) {
            DraftRequest any = wanting.getFirst();
            streams = asking.size();
            passNanos = any.tokenNanos() * streams;
            save();
            plan.begin(any.tokenNanos(), any.price(), any.limits().maxNodes());
            plan.expectOfReading(returns(), model.pieceTokens(passNanos));
            if (model.isUsable() && any.tokenNanos() > 0) {
                askModel();
            }
            for (int i = 0; i < wanting.size(); i++) {
                hand(wanting.get(i));
            }
        }
        wanting.clear();
        riders.clear();
        riding.clear();
    }

    private void draftTable(DraftRequest request) {
        MixedState state = state(request);
        state.startNanos = clock.getAsLong();
        state.hostNanos = 0;
        try {
            state.table.draft(request.tree(), request.limits());
            state.begin(request.tree());
            lookAtPrompt(state);
            wanting.add(request);
        } catch (RuntimeException | Error e) {
            request.failed(e);
        }
        state.endNanos = clock.getAsLong();
        state.hostNanos = state.endNanos - state.startNanos;
    }

    /** A new prompt says something of who will draft well. */
    private void lookAtPrompt(MixedState state) {
        if (!state.promptSeen) {
            state.promptSeen = true;
            if (choice != null) {
                choice.tell(state.features, state.weights);
                state.chosen = choice.best(state.features, model.isUsable());
            }
        }
        if (byChoiceAlone) {
            state.arm = choice == null ? Arm.BOTH : state.chosen;
        } else {
            state.arm = state.weights.best(state.context);
        }
    }

    private void save() {
        if (Double.isNaN(creditNanos)) {
            creditNanos = FIRST_CREDIT * passNanos;
        }
        creditNanos = Math.min(creditNanos + PROBING * passNanos, Math.max(creditNanos, MOST_CREDIT * passNanos));
    }

    /** What reading texts brought back of what it cost, at most all of it. */
    private double returns() {
        double first = FIRST_INVESTED * streams;
        return Math.clamp((returned + first) / (invested + first), LEAST_RETURN, 1);
    }

    private void askModel() {
        if (patience > 0) {
            patience--;
        } else {
            choose();
            patience = riders.isEmpty() ? nextPatience : 0;
            nextPatience = riders.isEmpty() ? Math.min(MOST_PATIENCE, 2 * nextPatience) : 1;
        }
        boolean probing = riders.isEmpty() && probe();
        if (riders.isEmpty()) {
            return;
        }
        usualRiders = riders.size();
        model.beginPass(passNanos);
        boolean once = probing || !rates.isKnown() && !byChoiceAlone;
        for (int i = 0; i < riders.size(); i++) {
            state(riders.get(i)).once = once;
        }
        begin();
        while (!riders.isEmpty()) {
            level();
            if (once) {
                riders.clear();
            } else {
                dropLosers();
            }
        }
    }

    /** Finds the streams for which a level would pay if all of them shared it. */
    private void choose() {
        for (int i = 0; i < wanting.size(); i++) {
            DraftRequest request = wanting.get(i);
            MixedState state = state(request);
            if (request.failure() == null && (!byChoiceAlone || state.arm.asksModel())) {
                riders.add(request);
            }
        }
        dropLosers();
        for (int i = riders.size() - 1; i >= 0; i--) {
            MixedState state = state(riders.get(i));
            if (!state.arm.asksModel()) {
                riders.remove(i); // its forecast stays, to be reckoned with
            }
        }
        if (!rates.isKnown() && !byChoiceAlone && riders.size() > 1) {
            DraftRequest first = cheapest(riders);
            riders.clear();
            riders.add(first);
        }
    }

    /** Streams for which the next level does not pay step aside, until all the others can share it and gain. */
    private void dropLosers() {
        boolean dropped = true;
        while (dropped && !riders.isEmpty()) {
            dropped = false;
            int sharing = riders.size();
            for (int i = sharing - 1; i >= 0; i--) {
                DraftRequest request = riders.get(i);
                MixedState state = state(request);
                long start = clock.getAsLong();
                boolean pays = forecast(request, state, sharing);
                state.hostNanos += clock.getAsLong() - start;
                if (!pays) {
                    riders.remove(i);
                    dropped = true;
                }
            }
        }
    }

    private boolean forecast(DraftRequest request, MixedState state, int sharing) {
        int missing = model.copies() ? 0 : state.stream.missing();
        boolean pays = plan.forecast(
                request.tree(),
                request.limits(),
                state.stream,
                state.spoken,
                state.rates,
                state.boughtNanos,
                missing,
                sharing);
        if (state.levels == 0) {
            pays &= plan.gain() > LEAST_GAIN + Math.max(0, optimism);
            state.forecastGain = plan.gain();
            state.forecastTokens = pays ? plan.tokens() : 0;
            state.forecastNanos = pays ? plan.nanos() : 0;
            state.tokenValue = plan.tokenValue();
        }
        return pays;
    }

    /** Tries the model with one stream, if the time for that is saved up. */
    private boolean probe() {
        double price = plan.levelNanos(1, 1);
        if (creditNanos < price) {
            return false;
        }
        DraftRequest request = cheapest(wanting);
        MixedState state = state(request);
        if (request.failure() != null || byChoiceAlone && !state.arm.asksModel()) {
            return false;
        }
        state.probes = true;
        riders.add(request);
        return true;
    }

    /** The request of the stream of which the model lacks least; they take turns where it is the same. */
    private DraftRequest cheapest(List<DraftRequest> requests) {
        nextProbe++;
        DraftRequest cheapest = requests.getFirst();
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < requests.size(); i++) {
            DraftRequest request = requests.get((i + nextProbe) % requests.size());
            int missing = state(request).stream.missing();
            if (missing < least) {
                least = missing;
                cheapest = request;
            }
        }
        return cheapest;
    }

    /** Riders' rounds begin at the draft model. */
    private void begin() {
        for (int i = riders.size() - 1; i >= 0; i--) {
            DraftRequest request = riders.get(i);
            MixedState state = state(request);
            state.stream.begin(request.sequence(), request.committed());
            state.reading = state.stream.missing();
            pay(state, state.stream.takeNanos()); // for taking over cells
            state.spoken = true;
            state.opinions.begin(state.table.longestMatch(), state.arm == Arm.MODEL);
            if (!state.stream.canDraft()) {
                riders.remove(i);
                state.probes = false;
            } else if (state.arm != Arm.MODEL || state.probes) {
                state.arm = Arm.BOTH;
            }
        }
    }

    /** One pass of the draft model for all riders. Those of whom it still has text to read are riders no more. */
    private void level() {
        riding.clear();
        for (int i = 0; i < riders.size(); i++) {
            feed(riders.get(i));
            riding.add(state(riders.get(i)).stream);
        }
        long began = clock.getAsLong();
        model.level(riding);
        share(clock.getAsLong() - began);
        for (int i = riders.size() - 1; i >= 0; i--) {
            DraftRequest request = riders.get(i);
            MixedState state = state(request);
            int known = state.known;
            if (state.stream.opinions() <= known) {
                riders.remove(i);
                continue;
            }
            long start = clock.getAsLong();
            state.levels++;
            try {
                state.keepTable(request.tree());
                state.search(request);
            } catch (RuntimeException | Error e) {
                request.failed(e);
                riders.remove(i);
            }
            state.hostNanos += clock.getAsLong() - start;
        }
    }

    /** Shares the time of a level among its riders, by the tokens that it computed for each. */
    private void share(long elapsed) {
        long tokens = 0;
        for (int i = 0; i < riders.size(); i++) {
            MixedState state = state(riders.get(i));
            state.fed = Math.max(0, state.stream.opinions() - state.known);
            state.read = Math.max(0, state.reading - state.stream.missing());
            state.reading -= state.read;
            tokens += state.fed + state.read;
        }
        for (int i = 0; i < riders.size(); i++) {
            MixedState state = state(riders.get(i));
            long own = tokens == 0 ? elapsed / riders.size() : elapsed * (state.fed + state.read) / tokens;
            state.stream.takeNanos(); // which leaves out the reading of texts
            pay(state, own);
            state.readNanos += state.read > LevelPlan.FEW ? own * state.read / (state.fed + state.read) : 0;
        }
    }

    private void pay(MixedState state, long taken) {
        state.boughtNanos += taken;
        if (state.probes) {
            creditNanos -= taken;
        }
    }

    /** Makes the path of a stream what is most probable now. */
    private void feed(DraftRequest request) {
        MixedState state = state(request);
        TokenTree tree = request.tree();
        DraftStream stream = state.stream;
        plan.forecast( // of all streams' paths it holds the last one's
                tree, request.limits(), stream, true, state.rates, state.boughtNanos, 0, riders.size());
        stream.cut(Math.max(0, Math.min(stream.pathLength(), plan.known() - 1)));
        state.known = stream.opinions();
        for (int depth = plan.known(); depth <= plan.feedTo(); depth++) {
            state.opinions.asks(depth, plan.proposed(tree, depth), plan.isEnd(depth));
            if (depth > 0) {
                stream.extend(tree.token(plan.pathNode(depth)));
            }
        }
    }

    private void hand(DraftRequest request) {
        MixedState state = state(request);
        if (state.arm == Arm.NONE && request.tree().draftNodes() > 0) {
            state.keepTable(request.tree());
            request.tree().truncate(1);
            state.handOver(request.tree());
        }
        state.part = part(state);
        state.endNanos = Math.max(state.endNanos, state.levels > 0 ? clock.getAsLong() : 0);
        request.drafted(state.startNanos, state.endNanos, state.hostNanos);
        if (state.boughtNanos > 0) {
            // Who alone asks a model of which little is known yet, so that all may know, stakes his share of it.
            long forAll = state.once ? state.boughtNanos - state.boughtNanos / streams : 0;
            request.bought(state.boughtNanos, Math.max(forAll, state.readNanos));
        }
    }

    private DraftModel.Part part(MixedState state) {
        if (state.levels > 0) {
            return DraftModel.Part.GUESSED;
        }
        if (!model.isUsable()) {
            return DraftModel.Part.UNUSABLE;
        }
        return state.spoken ? DraftModel.Part.UNREADY : DraftModel.Part.UNPAID;
    }

    /** A round is over. */
    void count(DraftModel.Part part) {
        model.played(part);
    }

    /** Why a stream's round is what it is. */
    ArmPlay.Reason reason(MixedState state) {
        if (state.probes) {
            return ArmPlay.Reason.PROBE;
        }
        if (state.arm.asksModel() && state.levels == 0) {
            return switch (state.part) {
                case UNUSABLE -> ArmPlay.Reason.UNUSABLE;
                case UNREADY -> ArmPlay.Reason.UNREADY;
                case GUESSED, UNPAID -> ArmPlay.Reason.PRICE;
            };
        }
        return byChoiceAlone ? ArmPlay.Reason.PROMPT : ArmPlay.Reason.BEST;
    }

    // --- in hindsight

    /**
     * A round of a stream is over.
     *
     * @param tree what was verified
     */
    void judge(MixedState state, TokenTree tree, int accepted) {
        double plain = plan.plainNanos();
        if (plain <= 0) {
            return;
        }
        double worth = ledger.tokenWorth();
        int count = accepted + 1;
        // Reading a text is an investment: whether it pays was reckoned before, and no round is to blame for it.
        double taken = plain + plan.extraNanos(tree.draftNodes()) + state.boughtNanos - state.readNanos;
        double own = taken / plain - worth * count;
        losses[Arm.NONE.ordinal()] = 1 - worth;
        double ofTable = own;
        double keeps = 1 - INVESTED_FADES / streams;
        invested = keeps * invested + state.readNanos / plain;
        returned *= keeps;
        if (state.isTableKept()) {
            int nodes = plan.worth(state.tableTree(), 0);
            double tableTakes = 1 + plan.extraNanos(nodes) / plain;
            int tableBrings = state.tableTokens(nodes, count);
            ofTable = tableTakes - worth * tableBrings;
            double gained = state.tokenValue * (count - tableBrings) - (taken / plain - tableTakes);
            returned += state.levels > 0 ? gained : 0;
            if (state.levels > 0 && state.arm == Arm.BOTH && !state.once) {
                optimism += OPTIMISM_RATE / usualRiders * (Math.clamp(state.forecastGain - gained, -3, 3) - optimism);
            }
        }
        losses[Arm.TABLE.ordinal()] = ofTable;
        boolean asked = state.levels > 0 && state.arm == Arm.BOTH && !state.probes;
        double forecast = state.forecastTokens > 0 && !asked
                ? Math.min(ofTable, state.forecastNanos / plain - worth * state.forecastTokens + optimism)
                : ofTable;
        optimism = FIRST_OPTIMISM + (1 - OPTIMISM_FADES / streams) * (optimism - FIRST_OPTIMISM);
        losses[Arm.BOTH.ordinal()] = asked ? own : forecast;
        // Of an arm of which nothing is known in this round nothing is said: it is as good as what was played.
        losses[Arm.MODEL.ordinal()] =
                state.levels == 0 || state.arm == Arm.MODEL && !state.probes ? own : modelLoss(state, count, worth);
        ledger.book(
                state.played(),
                state.probes,
                tree.draftNodes(),
                accepted,
                taken + state.readNanos,
                plain,
                losses,
                own + state.readNanos / plain);
        state.weights.learn(state.context, losses);
    }

    /**
     * What a chain by the model alone would have cost, of as many of its guesses as are known and were worth a level.
     */
    private double modelLoss(MixedState state, int count, double worth) {
        int nodes = plan.chain(state.rates.model(), MOST_CHAIN, usualRiders);
        int run = state.opinions.modelRun(state.emitted(), count);
        int known = state.opinions.follows(run, state.emitted(), count) ? run + 1 : run;
        int guesses = Math.min(nodes, known);
        double takes = plan.plainNanos() + plan.extraNanos(guesses) + guesses * plan.levelNanos(1, usualRiders);
        return takes / plan.plainNanos() - worth * (1 + Math.min(run, guesses));
    }

    // --- Proposer

    /** The draft model is asked only where it pays, so nobody has to pay for it. */
    @Override
    public double levelNanos(int streams) {
        return 0;
    }

    @Override
    public List<ArmStatistics> arms() {
        return ledger.statistics(weights);
    }

    @Override
    public void close() {
        models.giveBack();
    }
}
