package io.aded.engine;

import io.aded.dialect.Spoken;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.ProposerFactory;
import io.aded.model.AdedException;
import io.aded.model.DecodeOutcome;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
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
     *   One thread owns the context. It takes commands from a queue (a turn was submitted, a session closed), and as
     *   long as any turn can advance it plays rounds:
     *
     *     admit    waiting turns, while there are slots, sequence ids and KV cells (Admission);
     *     plan     a chunk of each prompt, a tree from each drafter;
     *     grant    how much of each tree is worth verifying (Budget over the measured CostCurve);
     *     decode   one forward pass over all roots, granted draft nodes and chunks;
     *     settle   walk each tree with the turn's own sampler (Verification), keep the accepted branch and drop the
     *              others, deliver one delta per turn, teach the drafters what the target computed.
     *
     *   All but the first are steps of the Pass. The loop never waits for a client: a turn whose listener is not ready
     *   is left out of the pass and nothing else. It never computes while it holds a lock: sessions are handed over,
     *   not shared.
     *
     * Scheduling
     *
     *   Who is decoded, who waits, and who steps aside when there is too little of something is Admission's policy, all
     *   of it. Who holds which cells of the KV cache, and who shares them, is kept by Residency. Neither knows of trees
     *   or passes; what this class asks them is "who is next" (admit), "who is over" (expire) and "make room"
     *   (recover).
     *
     * Room
     *
     *   The ledger counts cells exactly. Turns are admitted by need; if the cache fills all the same, idle sessions
     *   give up their cells first (swapped out to host memory while there is room, see SwapSpace), then the youngest
     *   running turn goes back to the queue and will be recomputed later. Nothing is lost but time. Before that, passes
     *   shrink.
     */
    private static final Logger LOG = LoggerFactory.getLogger(LocalEngine.class);

    /** How long start-up may take to measure the cost curve. */
    private static final Duration MEASURING_TIME = Duration.ofMillis(1500);

    /** Commands between two passes; each takes a microsecond or so. */
    private static final int MOST_COMMANDS = 1000;

    /** Of all engines: where several serve one model, a session's name tells it from those of the others. */
    private static final AtomicLong SESSION_NUMBERS = new AtomicLong();

    private final EngineOptions options;
    private final LongSupplier clock;
    private final TargetContext context;
    private final CellLedger ledger;
    private final CostCurve curve;
    private final IdleCalibration calibration;
    private final Entrance entrance;
    private final Thread thread;

    private final CommandQueue commands = new CommandQueue();
    private final AtomicLong turnNumbers = new AtomicLong();
    private final AtomicInteger sessionsOpen = new AtomicInteger();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Pulse pulse = new Pulse();
    private volatile boolean stop;

    // Owned by the engine thread.
    private final SessionMemory memory;
    private final Residency residency;
    private final Admission admission;
    private final TurnEndings endings;
    private final Drafting drafting;
    private final Pass pass;
    private final StatusBoard board;

    /** What turns are told that are left when the thread ends. */
    private AdedException ending = Entrance.shuttingDown();

    LocalEngine(
            TargetModel model,
            EngineOptions options,
            EngineTelemetry telemetry,
            ProposerFactory drafters,
            LongSupplier clock) {
        this(model, options, telemetry, drafters, clock, Crew.of(options.hostThreads()));
    }

    LocalEngine(
            TargetModel model,
            EngineOptions options,
            EngineTelemetry telemetry,
            ProposerFactory drafters,
            LongSupplier clock,
            Crew crew) {
        this.options = options;
        this.clock = clock;
        context = model.newContext(options.context());
        try {
            int token = Math.max(0, model.vocabulary().beginningOfSequence()); // any that there is
            Calibration measured =
                    Calibration.start(context, token, options.earlierCosts(), MEASURING_TIME.toNanos(), clock);
            curve = measured.curve();
            ledger = new CellLedger(context.cells(), context.maxSequences());
            calibration = new IdleCalibration(measured, context, ledger, commands);
            int trained = model.info().trainedContext();
            int sessionLimit = trained > 0 ? Math.min(trained, context.cells()) : context.cells();
            entrance = new Entrance(model, options, telemetry, clock, sessionLimit);
            memory = new SessionMemory(options.sessionBytes());
            residency = new Residency(context, ledger, new SwapSpace(options.swapBytes()), memory);
            admission = new Admission(options, residency, sessionLimit, telemetry);
            Budget budget = new Budget(curve);
            Chunking chunking = new Chunking(curve, options.prefillStall().toNanos());
            HostPhase phase = new HostPhase(crew, clock);
            drafting = new Drafting(drafters, context, curve, budget, phase, clock);
            pass = new Pass(context, ledger, curve, budget, chunking, drafting, phase, pulse, clock);
            board = new StatusBoard(admission, residency, ledger, drafting, pass, clock);
            endings = new TurnEndings(options, residency, memory, entrance.places(), clock, board::tellAll);
            thread = Thread.ofPlatform().name("aded-engine").daemon(true).start(this::loop);
        } catch (Throwable thrown) {
            context.close(); // nobody else has it yet
            throw thrown;
        }
        LOG.info(
                "engine ready: {} cells, pass of 1 token {} us, of 8 {} us",
                context.cells(),
                Math.round(curve.nanos(1) / 1000),
                Math.round(curve.nanos(8) / 1000));
    }

    // --- the façade, any thread

    @Override
    public TargetModel model() {
        return entrance.model();
    }

    @Override
    public EngineOptions options() {
        return options;
    }

    @Override
    public Session openSession(String caller) {
        entrance.check();
        memory.checkOpen();
        sessionsOpen.incrementAndGet();
        String id = "c" + SESSION_NUMBERS.incrementAndGet();
        LocalSession session = new LocalSession(this, id, caller, ledger.new Cells());
        execute(() -> residency.add(session));
        return session;
    }

    @Override
    public EngineStatus status() {
        return board.status();
    }

    @Override
    public EnginePulse pulse() {
        return pulse.look();
    }

    @Override
    public int openTurns() {
        return entrance.places().taken();
    }

    @Override
    public int openSessions() {
        return sessionsOpen.get();
    }

    @Override
    public boolean hasDraftModel() {
        return drafting.hasDraftModel();
    }

    @Override
    public @Nullable DraftModelInfo draftModel() {
        return drafting.draftModel();
    }

    @Override
    public DraftingStatus drafting() {
        return board.drafted();
    }

    @Override
    public LongSupplier nanoClock() {
        return clock;
    }

    @Override
    public PassCosts passCosts() {
        return curve.costs();
    }

    @Override
    public boolean awaitCalibration(Duration longest) throws InterruptedException {
        return calibration.await(longest);
    }

    @Override
    public void drain(Duration grace) {
        entrance.close(Entrance.shuttingDown());
        wake();
        long end = clock.getAsLong() + grace.toNanos();
        while (entrance.places().taken() > 0 && clock.getAsLong() < end) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
        }
        execute(() -> {
            for (LocalTurn turn : admission.running()) {
                turn.cancel();
            }
            admission.removeWaiting(turn -> endings.fail(turn, Entrance.shuttingDown()));
        });
    }

    @Override
    public void close() {
        entrance.close(Entrance.shuttingDown());
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

    /** What sessions need before a turn is handed over. */
    Entrance entrance() {
        return entrance;
    }

    /** What open conversations hold. */
    SessionMemory memory() {
        return memory;
    }

    /** A conversation begins anew. */
    void reset(LocalSession session) {
        session.forgetLearned();
        session.forgetTexts();
        memory.update(session);
    }

    @Override
    public int countTokens(Prompt prompt) {
        return entrance.promptTokens().first(prompt).length;
    }

    @Override
    public Spoken spoken() {
        return entrance.spoken();
    }

    LocalTurn newTurn(
            LocalSession session, TurnRequest request, TurnListener listener, Answering answering, int[] prompt) {
        return new LocalTurn(
                session,
                request,
                listener,
                answering,
                turnNumbers.incrementAndGet(),
                clock.getAsLong(),
                prompt,
                context,
                ledger,
                this::wake,
                this::abandon);
    }

    /** Hands a turn over; refuses it if the engine has stopped. */
    void enqueue(LocalTurn turn) {
        if (!execute(() -> take(turn))) {
            entrance.check(); // says why
            throw Entrance.shuttingDown();
        }
    }

    /** To be called once for each session. */
    void closeSession(LocalSession session) {
        sessionsOpen.decrementAndGet();
        execute(() -> {
            LocalTurn turn = session.turn();
            if (turn != null && admission.withdraw(turn)) {
                endings.fail(turn, new AdedException.Cancelled("the conversation was closed"));
            }
            if (!session.isDecoding()) {
                residency.forget(session);
            } // else its turn was cancelled; the session's cells go when it ends
        });
    }

    /** Runs a command on the engine thread, soon. False if the engine has stopped and will not. */
    boolean execute(Runnable command) {
        boolean taken = commands.offer(command);
        calibration.giveWay();
        wake();
        return taken;
    }

    /** A turn was cancelled. A pass that serves nobody else is not worth waiting for: a prompt's can take seconds. */
    private void abandon(LocalTurn turn) {
        if (pass.servesOnly(turn)) {
            context.requestAbort();
        }
        execute(() -> {
            if (admission.withdraw(turn)) {
                endings.expire(turn, clock.getAsLong());
            } // else it runs, which the next pass looks at, or is over
        });
    }

    private void wake() {
        LockSupport.unpark(thread);
    }

    // --- the loop, engine thread only from here on

    private void loop() {
        try {
            while (!stop) {
                pulse.begin();
                runCommands();
                expire();
                admit();
                if (!play()) {
                    board.tell();
                    pass.pause();
                    if (commands.isEmpty() && !stop && !calibration.measureOne(admission)) {
                        pulse.rest();
                        LockSupport.parkNanos(this, admission.nextExpiry(clock.getAsLong()));
                    }
                }
            }
        } catch (RuntimeException | Error e) {
            lose(e);
        } finally {
            end();
        }
    }

    /** What went wrong is no single turn's, so nothing that the engine holds can be trusted any more. */
    private void lose(Throwable cause) {
        LOG.error("the engine is lost; every turn is ended", cause);
        String what = "the engine of this server failed and is lost";
        pulse.lost(new AdedException.Internal("ENGINE_LOST", what + " (" + cause + ")", cause));
        entrance.close(new AdedException.Unavailable("ENGINE_LOST", what + "; call another one"));
        ending = new AdedException.Internal("ENGINE_LOST", what + ", and this turn with it; send it elsewhere", cause);
    }

    /** Whatever fails here, callers hear of their turns' ends, and who closes the engine does not wait for ever. */
    private void end() {
        try {
            entrance.close(Entrance.shuttingDown());
            commands.close().forEach(command -> TurnFault.quietly("a command of a stopped engine", command));
            admission.removeAll(turn -> endings.fail(turn, ending));
            residency.forgetAll();
            board.tellAll();
            drafting.close();
            pass.close();
            context.close();
            board.tellStatus();
        } catch (RuntimeException | Error e) {
            LOG.error("the engine did not end well", e);
        } finally {
            pulse.rest();
            calibration.end();
            stopped.countDown();
        }
    }

    /** A turn is this thread's from now on. */
    private void take(LocalTurn turn) {
        try {
            turn.session().shareAtMost(turn.request().prefixSharing());
            residency.adopt(turn.session(), turn.prompt());
            memory.update(turn.session());
        } catch (RuntimeException | Error e) {
            turn.fail(e);
            endings.expire(turn, clock.getAsLong());
            return;
        }
        admission.add(turn);
    }

    /** As many as there are, but no more than delay the running turns' next pass by a moment. */
    private void runCommands() {
        int left = MOST_COMMANDS;
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
            if (--left == 0) {
                return;
            }
        }
    }

    /** Ends turns that were cancelled, or whose time is over. */
    private void expire() {
        long now = clock.getAsLong();
        admission.expire(now, turn -> endings.expire(turn, now));
    }

    private void admit() {
        for (LocalTurn turn = admission.next(); turn != null; turn = admission.next()) {
            if (!turn.wasAdmitted()) {
                int cached = turn.session().committed();
                turn.admitted(clock.getAsLong(), cached - turn.session().takeForeign());
                board.reused(cached);
            }
            drafting.begin(turn);
            memory.update(turn.session());
        }
    }

    /** Plays a round of every turn that can advance. False if none can. */
    private boolean play() {
        pass.gather(admission.running());
        if (pass.isFull()) {
            admission.rotate(pass.streams()); // those left out come first next time
        }
        if (!pass.isEmpty()) {
            pass.plan(admission.isContended(clock.getAsLong()));
        }
        if (pass.isEmpty()) {
            return admission.hasFaults(); // which are ended before the next
        }
        pass.grant();
        DecodeOutcome outcome = pass.fill() ? pass.decode() : DecodeOutcome.NO_ROOM;
        if (outcome == DecodeOutcome.DECODED) {
            pass.settle();
            endRounds();
        } else {
            recover(outcome);
        }
        board.tell();
        return true;
    }

    /** Books what each turn was served, and ends those that are done. */
    private void endRounds() {
        for (Round round : pass.rounds()) {
            LocalTurn turn = round.turn();
            if (round.verifies()) {
                admission.serve(turn, round.emittedCount());
            }
            FinishReason reason = turn.finished();
            if (reason != null && turn.fault() == null) {
                admission.stop(turn);
                endings.finish(turn, reason);
            }
        }
    }

    /** After a pass that did not happen: makes room, in the order of what costs least. */
    private void recover(DecodeOutcome outcome) {
        pass.takeBack();
        if (outcome == DecodeOutcome.ABORTED || pass.shrink()) {
            return;
        }
        LocalTurn stuck = admission.yieldRoom(pass.rounds().getFirst().turn().session());
        if (stuck != null) {
            endings.finish(stuck, FinishReason.CONTEXT_FULL);
        }
    }
}
