package io.aded.engine;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.catalogue.DraftMode;
import io.aded.model.AdedException;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.TurnTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The decode loop.
 */
final class LocalEngine implements Engine {
    /*
     * The loop
     *
     *   One thread owns the context. It takes commands from a queue (a turn was submitted, a session closed), and as long
     *   as any turn can advance it plays rounds:
     *
     *     admit    waiting turns, while there are slots, sequence ids and KV cells;
     *     draft    ask every decoding turn's drafter for a tree;
     *     budget   decide how much of each tree is worth verifying (Budget over the measured CostCurve);
     *     decode   one forward pass over all roots, granted draft nodes and a chunk of waiting prompts;
     *     verify   walk each tree with the turn's own sampler (Verification);
     *     keep     the accepted branch becomes the sequence, the others are dropped;
     *     teach    drafters see the target's best tokens at every verified node, and what was emitted;
     *     deliver  one delta per turn.
     *
     *   It never waits for a client: a turn whose listener is not ready is left out of the pass (parked) and nothing
     *   else. It never computes while it holds a lock: sessions are handed over, not shared.
     *
     * Scheduling
     *
     *   Who is decoded, who waits, and who steps aside when there is too little of something is Admission's policy, all of
     *   it. Who holds which cells of the KV cache, and who shares them, is kept by Residency. Neither knows of trees or
     *   passes; what this class asks them is "who is next" (admit), "who is over" (expire) and "make room" (recover).
     *
     * The root
     *
     *   The last known token of a turn is never in the KV cache when a round begins; it is the root of the round's tree.
     *   Right after submission that is the prompt's last token. So there is no special first step: a prompt is prefilled
     *   up to its last token, and the pass that takes its last chunk takes the root, and a draft, along.
     *
     * Sequences
     *
     *   A session that has KV cells owns one sequence id. Branches of its tree borrow further ids for one round: they
     *   share the history's cells (no copy is made, cells just get another owner), and are cleared after the walk. If the
     *   walk ended on a borrowed branch, its new cells are handed to the session's own sequence first.
     *
     * Room
     *
     *   The ledger counts cells exactly. Turns are admitted by need; if the cache fills all the same, idle sessions give
     *   up their cells first (saved to host memory while there is room, see ParkingLot), then the youngest running turn
     *   goes back to the queue and will be recomputed later. Nothing is lost but time. Before that, passes shrink: b4916
     *   puts a pass into adjacent cells, and rejected branches leave gaps that only small passes fit. As they fill the
     *   gaps, passes grow again.
     */
    private static final Logger LOG = LoggerFactory.getLogger(LocalEngine.class);

    /** A prompt always advances by this many tokens a pass, so that it ends. */
    private static final int LEAST_CHUNK = 8;

    /** Wider chunks are multiples of this, which kernels like. */
    private static final int CHUNK_STEP = 16;

    /** Where nobody decodes, a pass may take so many times the stall that is allowed beside those who do. */
    private static final int UNNOTICED_STALLS = 8;

    /** What is read of each row for the drafters: see decoding.md, rows keep 8 successors. */
    private static final int TAUGHT_TOKENS = 8;

    /** How long start-up may take to measure the cost curve. */
    private static final Duration MEASURING_TIME = Duration.ofMillis(1500);

    /** Of all engines: where several serve one model, a session's name tells it from those of the others. */
    private static final AtomicLong SESSION_NUMBERS = new AtomicLong();

    private final TargetModel model;
    private final EngineOptions options;
    private final PromptTokens promptTokens;
    private final EngineTelemetry telemetry;
    private final DrafterFactory drafters;
    private final LongSupplier clock;
    private final TargetContext context;
    private final CellLedger ledger;
    private final Calibration calibration;
    private final CostCurve curve;
    private final Budget budget;
    private final Wakefulness wakefulness;
    private final Trust trust = Trust.ofEngine();
    private final int sessionLimit;
    private final Thread thread;
    private final SplittableRandom seeds = new SplittableRandom(System.nanoTime());

    private final CommandQueue commands = new CommandQueue();
    private final QueuePlaces queuePlaces;
    private final AtomicLong turnNumbers = new AtomicLong();
    private final AtomicInteger sessionsOpen = new AtomicInteger();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch calibrated = new CountDownLatch(1);
    private volatile boolean accepting = true;
    private volatile boolean stop;

    /** The turn that has the pass for itself, while it is played. */
    private volatile @Nullable LocalTurn alone;

    /** While a pass is played that serves nobody. */
    private volatile boolean measuring;

    private volatile EngineStatus status;

    // Owned by the engine thread.
    private final Residency residency;
    private final Admission admission;
    private final List<LocalTurn> running;
    private final TokenBatch batch = new TokenBatch();
    private final TopTokens top = new TopTokens(TAUGHT_TOKENS, TopTokens.Mass.SAMPLED);
    private final List<LocalTurn> pass = new ArrayList<>();
    private Budget.Bid[] bids = new Budget.Bid[16];
    private int parked;
    private long roundsTotal;
    private long tokensTotal;
    private long prefilledTotal;
    private long reusedTotal;
    private boolean idle;

    /** The most tokens in a pass for now; below the context's bound after a pass found no room. */
    private int passLimit = Integer.MAX_VALUE;

    LocalEngine(
            TargetModel model,
            EngineOptions options,
            EngineTelemetry telemetry,
            DrafterFactory drafters,
            LongSupplier clock) {
        this.model = model;
        this.options = options;
        promptTokens = new PromptTokens(model);
        queuePlaces = new QueuePlaces(options.maxRunning() + options.maxWaiting());
        this.telemetry = telemetry;
        this.drafters = drafters;
        this.clock = clock;
        context = model.newContext(options.context());
        try {
            calibration = Calibration.start(context, measuringToken(), MEASURING_TIME.toNanos(), clock);
        } catch (RuntimeException e) {
            context.close();
            throw e;
        }
        curve = calibration.curve();
        budget = new Budget(curve);
        wakefulness = new Wakefulness(curve);
        ledger = new CellLedger(context.cells(), context.maxSequences());
        int trained = model.info().trainedContext();
        sessionLimit = trained > 0 ? Math.min(trained, context.cells()) : context.cells();
        residency = new Residency(context, ledger, new ParkingLot(options.parkBytes()));
        admission = new Admission(options, residency, sessionLimit);
        running = admission.running();
        status = snapshot();
        thread = Thread.ofPlatform().name("aded-engine").daemon(true).start(this::loop);
        LOG.info(
                "engine ready: {} cells, pass of 1 token {} us, of 8 {} us",
                context.cells(),
                Math.round(curve.nanos(1) / 1000),
                Math.round(curve.nanos(8) / 1000));
    }

    private int measuringToken() {
        int begin = model.vocabulary().beginningOfSequence();
        return begin >= 0 ? begin : 0;
    }

    // --- the façade, any thread

    @Override
    public TargetModel model() {
        return model;
    }

    @Override
    public EngineOptions options() {
        return options;
    }

    @Override
    public Session openSession() {
        checkAccepting();
        sessionsOpen.incrementAndGet();
        LocalSession session = new LocalSession(this, "c" + SESSION_NUMBERS.incrementAndGet(), ledger.new Cells());
        execute(() -> residency.add(session));
        return session;
    }

    @Override
    public EngineStatus status() {
        return status;
    }

    @Override
    public int openTurns() {
        return queuePlaces.taken();
    }

    @Override
    public int openSessions() {
        return sessionsOpen.get();
    }

    @Override
    public double[] passNanos() {
        return curve.copy();
    }

    @Override
    public boolean awaitCalibration(Duration longest) throws InterruptedException {
        return calibrated.await(longest.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void drain(Duration grace) {
        accepting = false;
        wake();
        long end = System.nanoTime() + grace.toNanos();
        while (queuePlaces.taken() > 0 && System.nanoTime() < end) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
        }
        execute(() -> {
            for (LocalTurn turn : running) {
                turn.cancel();
            }
            admission.removeWaiting(_ -> true, turn -> fail(turn, shuttingDown()));
        });
    }

    @Override
    public void close() {
        accepting = false;
        stop = true;
        context.requestAbort();
        wake();
        if (Thread.currentThread() == thread) {
            return;
        }
        boolean interrupted = false;
        while (true) {
            try {
                stopped.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    void checkAccepting() {
        if (!accepting) {
            throw shuttingDown();
        }
    }

    PromptTokens promptTokens() {
        return promptTokens;
    }

    @Override
    public int countTokens(Prompt prompt) {
        return promptTokens.first(prompt).length;
    }

    private static AdedException.Unavailable shuttingDown() {
        return new AdedException.Unavailable("DRAINING", "the server is shutting down; call another one");
    }

    EngineTelemetry telemetry() {
        return telemetry;
    }

    int sessionLimit() {
        return sessionLimit;
    }

    int randomSeed() {
        synchronized (seeds) {
            return LocalSession.randomSeed(seeds);
        }
    }

    /** Takes a place in the queue for a turn, or refuses it. */
    void reserveQueuePlace() {
        if (!queuePlaces.tryTake()) {
            throw new AdedException.ResourceExhausted(
                    "QUEUE_FULL",
                    options.maxWaiting() + " turns are waiting already, which is the limit; try again later",
                    Duration.ofSeconds(1));
        }
    }

    void releaseQueuePlace() {
        queuePlaces.giveBack();
    }

    LocalTurn newTurn(
            LocalSession session,
            TurnRequest request,
            TurnListener listener,
            TokenSampler sampler,
            int seed,
            TurnTelemetry turnTelemetry,
            int[] prompt) {
        return new LocalTurn(
                session,
                request,
                listener,
                sampler,
                seed,
                turnTelemetry,
                turnNumbers.incrementAndGet(),
                clock.getAsLong(),
                prompt,
                this::wake,
                this::abandon);
    }

    /** Hands a turn over; refuses it if the engine has stopped. */
    void enqueue(LocalTurn turn) {
        boolean taken = execute(() -> {
            residency.adopt(turn);
            admission.add(turn);
        });
        if (!taken) {
            throw shuttingDown();
        }
    }

    /** To be called once for each session. */
    void closeSession(LocalSession session) {
        sessionsOpen.decrementAndGet();
        execute(() -> {
            admission.removeWaiting(
                    turn -> turn.session() == session,
                    turn -> fail(turn, new AdedException.Cancelled("the conversation was closed")));
            if (!session.isDecoding()) {
                residency.forget(session);
            } // else its turn was cancelled; the session's cells go when it ends
        });
    }

    /** Runs a command on the engine thread, soon. False if the engine has stopped and will not. */
    boolean execute(Runnable command) {
        boolean taken = commands.offer(command);
        if (measuring) {
            context.requestAbort();
        }
        wake();
        return taken;
    }

    /** A turn was cancelled. A pass that serves nobody else is not worth waiting for: a prompt's can take seconds. */
    private void abandon(LocalTurn turn) {
        if (alone == turn) {
            context.requestAbort();
        }
        wake();
    }

    private void wake() {
        LockSupport.unpark(thread);
    }

    // --- the loop, engine thread only from here on

    private void loop() {
        try {
            while (!stop) {
                runCommands();
                expire();
                admit();
                if (!playRound()) {
                    publish();
                    idle = true;
                    if (commands.isEmpty() && !stop && !calibrateOnce()) {
                        LockSupport.parkNanos(this, admission.nextExpiry(clock.getAsLong()));
                    }
                }
            }
        } catch (RuntimeException | Error e) {
            LOG.error("the engine thread failed; every turn is ended", e);
            accepting = false;
            failAll(new AdedException.Internal("ENGINE_FAILED", "the engine failed: " + e.getMessage(), e));
        } finally {
            accepting = false;
            commands.close().forEach(Runnable::run);
            failAll(shuttingDown());
            context.close();
            status = snapshot();
            calibrated.countDown();
            stopped.countDown();
        }
    }

    /** While nobody has a turn: plays one more pass to know what passes cost. False if there is none to play. */
    private boolean calibrateOnce() {
        if (!admission.isIdle() || !calibration.isPending() || ledger.sequencesFree() == 0) {
            if (running.isEmpty() && !calibration.isPending()) {
                calibrated.countDown();
            }
            return false;
        }
        int sequence = ledger.takeSequence();
        measuring = true;
        if (commands.isEmpty()) { // seen by now, or its sender sees that a pass is to be aborted
            calibration.measureNext(sequence, ledger.cellsFree());
        }
        measuring = false;
        ledger.returnSequence(sequence);
        return true;
    }

    private void runCommands() {
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
        }
    }

    private void failAll(AdedException failure) {
        admission.removeAll(turn -> fail(turn, failure));
    }

    /** Ends turns that were cancelled, or whose time is over. */
    private void expire() {
        long now = clock.getAsLong();
        admission.expire(now, turn -> endEarly(turn, now));
    }

    private void endEarly(LocalTurn turn, long now) {
        if (turn.isCancelled()) {
            finish(turn, FinishReason.CANCELLED);
        } else if (now >= turn.request().deadlineNanos()) {
            fail(turn, new AdedException.DeadlineExceeded("DEADLINE", "the call's deadline passed"));
        } else {
            fail(
                    turn,
                    new AdedException.ResourceExhausted(
                            "QUEUE_WAIT",
                            "no place became free within " + options.maxWait().toSeconds()
                                    + " s, the longest that a turn may wait; try again later",
                            Duration.ofSeconds(1)));
        }
    }

    private void admit() {
        for (LocalTurn turn = admission.next(); turn != null; turn = admission.next()) {
            begin(turn);
        }
    }

    private void begin(LocalTurn turn) {
        LocalSession session = turn.session();
        if (!turn.admittedBefore) {
            long now = clock.getAsLong();
            turn.admittedBefore = true;
            turn.admittedNanos = now;
            turn.prefillStart = now;
            turn.cachedPromptTokens = session.committed();
            reusedTotal += session.committed();
        }
        turn.drafter = null;
        if (!turn.isAuto()) {
            wakeDrafter(turn);
        }
    }

    /** Gives a turn its drafter, if it has one, which has read all that was said so far. */
    private void wakeDrafter(LocalTurn turn) {
        DraftMode mode = turn.request().draft().mode();
        if (mode != DraftMode.OFF && context.supportsBranches()) {
            LocalSession.Learner learner = turn.session().caughtUp(mode, drafters, trust);
            turn.drafter = learner.drafter;
            turn.payoff = learner.payoff;
        }
    }

    /** Decides whether the drafter of a turn is asked in this round. */
    private void wakeOrSleep(LocalTurn turn) {
        if (!turn.isAuto()) {
            return;
        }
        boolean rests = turn.payoff.rests();
        turn.probing = wakefulness.isHopeless() && wakefulness.takesProbe(turn.draftStart);
        if (wakefulness.isDear() && !turn.probing && (rests || wakefulness.isHopeless())) {
            turn.drafter = null;
        } else if (turn.drafter == null) {
            wakeDrafter(turn);
        }
        turn.appetite = rests ? 0 : turn.payoff.appetite();
    }

    // --- one round

    /** Plays a round. False if no turn can advance. */
    private boolean playRound() {
        long start = clock.getAsLong();
        pass.clear();
        parked = 0;
        boolean prefilling = false;
        for (int i = 0; i < running.size(); i++) {
            LocalTurn turn = running.get(i);
            turn.inPass = turn.listener().isReady() && pass.size() < passLimit;
            if (turn.inPass) {
                pass.add(turn);
                prefilling |= turn.pendingPrefill() > 0;
            } else if (!turn.listener().isReady()) {
                parked++;
            }
        }
        if (pass.isEmpty()) {
            return false;
        }
        if (pass.size() == passLimit) {
            admission.rotate(passLimit); // those left out come first next time
        }
        planChunks(prefilling);
        int draftRoom = planDrafts();
        grant(draftRoom);
        fillBatch();
        if (batch.size() == 0 || batch.size() > ledger.cellsFree()) {
            clearBranches();
            recover(DecodeOutcome.NO_ROOM);
            return true;
        }
        long beforeDecode = clock.getAsLong();
        alone = pass.size() == 1 ? pass.getFirst() : null;
        DecodeOutcome outcome = context.decode(batch);
        alone = null;
        long afterDecode = clock.getAsLong();
        if (outcome != DecodeOutcome.DECODED) {
            clearBranches();
            recover(outcome);
            return true;
        }
        if (!idle) {
            curve.observe(batch.size(), afterDecode - beforeDecode);
        }
        idle = false;
        passLimit = (int) Math.min(context.maxBatchTokens(), passLimit + 1L + passLimit / 8);
        roundsTotal++;
        settle(start, beforeDecode, afterDecode);
        publish();
        return true;
    }

    /**
     * Decides how many prompt tokens of each turn go into the pass. While other turns decode, prompts share a small
     * portion, so that the others' time per token stays even. Among themselves they fill the pass, unless that is so slow
     * that who comes next would have to wait for long.
     */
    private void planChunks(boolean prefilling) {
        int decoding = 0;
        for (LocalTurn turn : pass) {
            turn.chunk = 0;
            turn.verifies = turn.pendingPrefill() == 0;
            decoding += turn.verifies ? 1 : 0;
        }
        if (!prefilling) {
            return;
        }
        // Room is kept for the roots of those that decode only: however narrow the pass, a prompt alone in it advances.
        int room = passRoom() - decoding;
        int portion = Math.min(room, evenChunk(decoding));
        for (LocalTurn turn : pass) {
            int pending = turn.pendingPrefill();
            if (pending > 0 && portion > 0) {
                turn.chunk = Math.min(pending, portion);
                portion -= turn.chunk;
                turn.verifies = turn.chunk == pending && portion > 0;
                portion -= turn.verifies ? 1 : 0;
            }
        }
    }

    private int passRoom() {
        return Math.min(passLimit, Math.min(context.maxBatchTokens(), ledger.cellsFree()));
    }

    /** The largest prompt chunk with which a pass beside {@code decoding} roots keeps within the stall that is allowed. */
    private int evenChunk(int decoding) {
        double allowed = decoding == 0
                ? UNNOTICED_STALLS * options.prefillStall().toNanos()
                : Math.max(options.prefillStall().toNanos(), 1.5 * curve.nanos(decoding));
        int chunk = curve.maxTokens() - decoding;
        while (chunk > LEAST_CHUNK && curve.nanos(decoding + chunk) > allowed) {
            chunk -= chunk / 8;
        }
        int even = chunk >= CHUNK_STEP ? chunk / CHUNK_STEP * CHUNK_STEP : chunk;
        return Math.max(LEAST_CHUNK, even);
    }

    /** Has every verifying turn draft. Returns how many draft nodes fit into the pass. */
    private int planDrafts() {
        int fixed = 0;
        int verifying = 0;
        for (LocalTurn turn : pass) {
            fixed += turn.chunk + (turn.verifies ? 1 : 0);
            verifying += turn.verifies ? 1 : 0;
        }
        int room = Math.max(0, passRoom() - fixed);
        int branchesEach = verifying == 0 ? 1 : 1 + ledger.sequencesFree() / verifying;
        wakefulness.begin(verifying, fixed - verifying);
        for (LocalTurn turn : pass) {
            if (turn.verifies) {
                draft(turn, room, branchesEach);
            }
        }
        return room;
    }

    private void draft(LocalTurn turn, int room, int branchesEach) {
        LocalSession session = turn.session();
        turn.draftStart = clock.getAsLong();
        TokenTree tree = turn.tree;
        tree.reset(session.token(session.length() - 1));
        wakeOrSleep(turn);
        Drafter drafter = turn.drafter;
        if (drafter != null) {
            DraftPolicy policy = turn.request().draft();
            // The last token that may be emitted is never worth guessing: it comes as the bonus of the one before.
            int depth = Math.min(policy.maxDepth(), turn.tokensLeft() - 1);
            int nodes = Math.min(Math.min(policy.maxNodes(), room), tree.maxDraftNodes());
            if (turn.isAuto()) {
                nodes = Math.min(nodes, turn.appetite);
            }
            if (depth > 0 && nodes > 0) {
                drafter.draft(tree, new DraftLimits(nodes, depth, Math.min(policy.maxBranches(), branchesEach)));
                if (turn.sampler().constrains()) {
                    turn.sampler().prune(tree);
                }
            }
        }
        turn.proposedNodes = tree.draftNodes();
        turn.draftEnd = clock.getAsLong();
    }

    /** Cuts every tree to what the budget grants, or, where the caller fixed the draft, to what fits. */
    private void grant(int room) {
        int count = 0;
        int others = 0;
        int left = room;
        for (LocalTurn turn : pass) {
            others += turn.chunk;
            if (!turn.verifies) {
                continue;
            }
            if (turn.isAuto() && turn.drafter != null) {
                if (count == bids.length) {
                    bids = Arrays.copyOf(bids, count * 2);
                }
                turn.bid.trust = turn.payoff.trust();
                bids[count++] = turn.bid;
            } else {
                int nodes = Math.min(turn.tree.draftNodes(), left);
                turn.tree.truncate(nodes + 1);
                left -= nodes;
                others += nodes + 1;
            }
        }
        if (count > 0) {
            left -= budget.allocate(bids, count, others, left);
        }
        for (LocalTurn turn : pass) {
            if (turn.verifies && turn.isAuto() && turn.drafter != null) {
                boolean probes = turn.payoff.probes(turn.tree) || turn.probing;
                if (turn.bid.granted == 1 && left > 0 && turn.tree.draftNodes() > 0 && probes) {
                    turn.bid.granted = 2;
                    left--;
                }
                turn.payoff.granted(turn.bid.granted - 1, turn.tree.draftNodes());
                turn.tree.truncate(turn.bid.granted);
            }
            turn.expectedAccepted = 0;
            for (int node = 1; turn.verifies && node < turn.tree.size(); node++) {
                turn.expectedAccepted += turn.tree.probability(node);
            }
        }
    }

    private void fillBatch() {
        batch.clear();
        for (LocalTurn turn : pass) {
            LocalSession session = turn.session();
            turn.branches = 0;
            int size = turn.verifies ? turn.tree.size() : 0;
            int leaves = 1;
            if (size > 1) {
                long start = clock.getAsLong();
                leaves = turn.markLeaves();
                for (int leaf = 1; leaf < leaves; leaf++) {
                    borrowBranch(turn);
                }
                budget.observeBranches(leaves - 1, clock.getAsLong() - start);
            }
            int position = session.committed();
            for (int i = 0; i < turn.chunk; i++, position++) {
                batch.start(session.token(position), position, false);
                for (int leaf = 0; leaf < leaves; leaf++) {
                    batch.addSequence(turn.branchSequence(leaf));
                }
            }
            turn.firstRow = batch.size();
            for (int node = 0; node < size; node++) {
                batch.start(turn.tree.token(node), position + turn.tree.depth(node), true);
                long below = size == 1 ? 1L : turn.leavesBelow(node);
                for (; below != 0; below &= below - 1) {
                    batch.addSequence(turn.branchSequence(Long.numberOfTrailingZeros(below)));
                }
            }
        }
    }

    private void borrowBranch(LocalTurn turn) {
        if (turn.branches == turn.branchSequences.length) {
            turn.branchSequences = Arrays.copyOf(turn.branchSequences, turn.branches * 2);
        }
        int sequence = ledger.takeSequence();
        turn.branchSequences[turn.branches++] = sequence;
        context.shareTokens(
                turn.session().sequence(), sequence, 0, turn.session().committed());
    }

    private void clearBranches() {
        for (LocalTurn turn : pass) {
            while (turn.branches > 0) {
                int sequence = turn.branchSequences[--turn.branches];
                context.removeTokens(sequence, 0, -1);
                ledger.returnSequence(sequence);
            }
        }
    }

    /** After a pass that did not happen: makes room, in the order of what costs least. */
    private void recover(DecodeOutcome outcome) {
        for (LocalTurn turn : pass) {
            // Part of the pass may be in the cache; what was committed before stands.
            context.removeTokens(turn.session().sequence(), turn.session().committed(), -1);
        }
        if (outcome == DecodeOutcome.ABORTED) {
            return;
        }
        if (batch.size() > 1 && batch.size() <= ledger.cellsFree()) {
            passLimit = Math.max(1, batch.size() / 2);
            return;
        }
        LocalTurn stuck = admission.yieldRoom(pass.getFirst().session());
        if (stuck != null) {
            finish(stuck, FinishReason.CONTEXT_FULL);
        }
    }

    /** After the pass: verify, keep, teach, deliver, turn by turn. */
    private void settle(long start, long beforeDecode, long afterDecode) {
        int bidTokens = 0;
        int streams = 0;
        int prefilled = 0;
        int draftNodesInPass = 0;
        boolean allBid = true;
        for (LocalTurn turn : pass) {
            streams += turn.verifies ? 1 : 0;
            prefilled += turn.chunk;
            draftNodesInPass += turn.verifies ? turn.tree.draftNodes() : 0;
        }
        prefilledTotal += prefilled;
        long passNanos = afterDecode - beforeDecode;
        double plain = streams == 0 ? 0 : curve.nanos(streams);
        for (int i = 0; i < pass.size(); i++) {
            LocalTurn turn = pass.get(i);
            LocalSession session = turn.session();
            session.lastUsed = roundsTotal;
            turn.lastPassNanos = passNanos;
            session.cells().commit(turn.chunk);
            if (!turn.verifies) {
                continue;
            }
            turn.reportPrefill(afterDecode);
            int lastAccepted = verify(turn);
            int emitted = turn.emittedCount();
            tokensTotal += emitted;
            turn.countRound(lastAccepted);
            if (turn.isAuto()) {
                bidTokens += emitted;
                if (turn.drafter != null) {
                    judge(turn, lastAccepted, streams, draftNodesInPass, plain);
                }
            } else {
                allBid = false;
            }
            admission.serve(turn, emitted);
            long verified = clock.getAsLong();
            turn.draftNanos += turn.draftEnd - turn.draftStart;
            turn.verifyNanos += passNanos;
            turn.deliver(verified);
            turn.telemetry()
                    .round(
                            turn.rounds() - 1,
                            turn.source(),
                            turn.tree.draftNodes(),
                            turn.tree.maxDepth(),
                            turn.tree.depth(lastAccepted),
                            batch.size(),
                            pass.size(),
                            turn.draftStart,
                            turn.draftEnd,
                            beforeDecode,
                            verified);
            if (turn.request().reportRounds()) {
                turn.listener().onRound(turn.report(lastAccepted, batch.size(), pass.size()));
            }
        }
        long end = clock.getAsLong();
        if (bidTokens > 0 && allBid && prefilled == 0) {
            budget.observe(bidTokens, end - start - passNanos + curve.nanos(batch.size()));
        }
        for (int i = 0; i < pass.size(); i++) {
            LocalTurn turn = pass.get(i);
            turn.hostNanos += end - start - passNanos;
            FinishReason reason = turn.finished();
            if (reason != null) {
                admission.stop(turn);
                finish(turn, reason);
            }
        }
    }

    private int verify(LocalTurn turn) {
        LocalSession session = turn.session();
        Drafter drafter = turn.drafter;
        boolean greedy = turn.sampler().isPlainGreedy();
        TokenTree tree = turn.tree;
        long reading = clock.getAsLong();
        // What the target thinks of rejected nodes is worth reading only while that takes no time to speak of.
        boolean readsAll = drafter != null && !(turn.isAuto() && wakefulness.isDear());
        if (readsAll) {
            for (int node = 0; node < tree.size(); node++) {
                read(turn, node);
            }
        } else if (greedy) {
            for (int node = 0; node >= 0; node = tree.child(node, turn.best[node])) {
                read(turn, node);
            }
        }
        turn.beginEmission(context);
        int lengthBefore = session.length();
        int lastAccepted = Verification.walk(tree, turn.firstRow, turn.best, turn.sampler(), context, turn);
        keepBranch(turn, lastAccepted);
        if (drafter != null) {
            if (!readsAll && !greedy) {
                for (int node = lastAccepted; node >= 0; node = tree.parent(node)) {
                    read(turn, node);
                }
            }
            int emitted = session.length() - lengthBefore;
            int last = emitted > tree.depth(lastAccepted) ? session.token(session.length() - 1) : session.lastEnd();
            drafter.accept(tree, lastAccepted, last);
            session.drafterSaw(turn.request().draft().mode());
            long now = clock.getAsLong();
            turn.drafterNanos = now - reading + turn.draftEnd - turn.draftStart;
            budget.observeNodes(tree.size(), turn.drafterNanos);
            wakefulness.observe(turn.drafterNanos, turn.probing, now);
        }
        return lastAccepted;
    }

    /** Reads a node's row for the drafter, or just its best token if there is none. */
    private void read(LocalTurn turn, int node) {
        int row = turn.firstRow + node;
        if (turn.drafter == null) {
            turn.best[node] = context.bestToken(row);
        } else {
            context.topTokens(row, top);
            turn.best[node] = top.token(0);
            turn.drafter.observe(turn.tree, node, top);
        }
    }

    /** Makes the accepted path part of the session's sequence and drops all else. */
    private void keepBranch(LocalTurn turn, int lastAccepted) {
        LocalSession session = turn.session();
        TokenTree tree = turn.tree;
        int depth = tree.depth(lastAccepted);
        int kept = session.committed() + 1 + depth;
        if (tree.size() > 1) {
            long start = clock.getAsLong();
            int branches = turn.branches;
            long below = turn.leavesBelow(lastAccepted);
            int winner = (below & 1L) != 0 ? 0 : Long.numberOfTrailingZeros(below);
            if (winner == 0) {
                context.removeTokens(session.sequence(), kept, -1);
            } else {
                context.removeTokens(session.sequence(), session.committed() + 1, -1);
                context.shareTokens(turn.branchSequence(winner), session.sequence(), session.committed() + 1, kept);
            }
            while (turn.branches > 0) {
                int sequence = turn.branchSequences[--turn.branches];
                context.removeTokens(sequence, 0, -1);
                ledger.returnSequence(sequence);
            }
            budget.observeBranches(branches, clock.getAsLong() - start);
        }
        session.cells().commit(1 + depth);
    }

    /** Tells a turn's payoff what its draft of this round was worth, its share of the pass against plain decoding. */
    private void judge(LocalTurn turn, int lastAccepted, int streams, int draftNodesInPass, double plain) {
        double hostPasses = wakefulness.charge(turn.drafterNanos);
        if (turn.tree.draftNodes() == 0) {
            turn.payoff.undrafted(hostPasses);
            return;
        }
        int accepted = turn.tree.depth(lastAccepted);
        // Priced by the curve, not by this pass alone: one stalled pass says nothing about the draft.
        double share = (curve.nanos(batch.size()) - curve.nanos(batch.size() - draftNodesInPass))
                * turn.tree.draftNodes()
                / draftNodesInPass;
        double saved = accepted - share * streams / plain - hostPasses;
        turn.payoff.drafted(turn.expectedAccepted, accepted, Math.max(-3, saved));
    }

    // --- endings

    private void finish(LocalTurn turn, FinishReason reason) {
        turn.finish(reason);
        TurnResult result = turn.result(reason, clock.getAsLong());
        conclude(turn, reason.name().toLowerCase(Locale.ROOT), null);
        turn.listener().onFinished(result);
    }

    private void fail(LocalTurn turn, AdedException failure) {
        conclude(turn, "error", failure);
        turn.listener().onFailed(failure);
    }

    private void conclude(LocalTurn turn, String reason, @Nullable AdedException failure) {
        LocalSession session = turn.session();
        turn.sampler().close();
        session.turnEnded(turn);
        queuePlaces.giveBack();
        turn.telemetry()
                .end(
                        reason,
                        turn.promptTokens(),
                        Math.max(0, turn.cachedPromptTokens),
                        turn.completionTokens(),
                        failure);
        if (session.isClosed()) {
            residency.forget(session);
        }
        publish();
    }

    private void publish() {
        status = snapshot();
    }

    private EngineStatus snapshot() {
        return new EngineStatus(
                running.size(),
                admission.waitingCount(),
                parked,
                residency.sessions(),
                ledger.cellsUsed(),
                ledger.cells(),
                ledger.sequences() - ledger.sequencesFree(),
                ledger.sequences(),
                roundsTotal,
                tokensTotal,
                prefilledTotal,
                reusedTotal);
    }
}
