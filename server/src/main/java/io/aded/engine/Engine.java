package io.aded.engine;

import io.aded.dialect.Spoken;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.ProposerFactory;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The façade of the decode loop. Thread-safe. */
public interface Engine extends AutoCloseable {

    /**
     * Opens a context over the model, starts the engine thread and measures what passes cost. The model stays the
     * caller's.
     */
    static Engine start(TargetModel model, EngineOptions options, EngineTelemetry telemetry) {
        return start(model, options, telemetry, DrafterSettings.DEFAULT);
    }

    /**
     * As {@link #start(TargetModel, EngineOptions, EngineTelemetry)}, with drafters that share a base table, for one.
     */
    static Engine start(TargetModel model, EngineOptions options, EngineTelemetry telemetry, DrafterSettings drafters) {
        return start(model, options, telemetry, Drafters.proposers(drafters));
    }

    /** As {@link #start(TargetModel, EngineOptions, EngineTelemetry)}, with drafters of the caller's making. */
    static Engine start(TargetModel model, EngineOptions options, EngineTelemetry telemetry, ProposerFactory drafters) {
        return start(model, options, telemetry, drafters, System::nanoTime);
    }

    /** As above, by a clock of the caller's: simulations advance it themselves. It must never run backwards. */
    static Engine start(
            TargetModel model,
            EngineOptions options,
            EngineTelemetry telemetry,
            ProposerFactory drafters,
            LongSupplier nanoClock) {
        return new LocalEngine(model, options, telemetry, drafters, nanoClock);
    }

    /**
     * As above, with others to do the host's work than the options' helpers: simulations price it by their own clock.
     *
     * @param crew the engine's from now on, which closes it
     */
    static Engine start(
            TargetModel model,
            EngineOptions options,
            EngineTelemetry telemetry,
            ProposerFactory drafters,
            LongSupplier nanoClock,
            Crew crew) {
        return new LocalEngine(model, options, telemetry, drafters, nanoClock, crew);
    }

    /** The model being served. */
    TargetModel model();

    /** How the model calls tools and marks reasoning. */
    default Spoken spoken() {
        return Spoken.by(model());
    }

    /** What the engine was started with. */
    EngineOptions options();

    /**
     * The tokens that a prompt makes when it begins a conversation.
     *
     * @throws io.aded.model.AdedException.InvalidRequest if the chat template refuses its messages
     */
    int countTokens(Prompt prompt);

    /**
     * Opens an empty conversation.
     *
     * @param caller who it belongs to, by {@link TurnRequest#fairnessKey}; empty for nobody in particular
     */
    Session openSession(String caller);

    /** Opens an empty conversation of nobody in particular. */
    default Session openSession() {
        return openSession("");
    }

    /** A recent snapshot. */
    EngineStatus status();

    /** Whether it is getting on, at this moment. */
    default EnginePulse pulse() {
        return EnginePulse.IDLE;
    }

    /** Turns that are running or wait, at this moment: a turn that was just submitted counts. */
    int openTurns();

    /** Conversations that are open, at this moment: one that was just opened counts. */
    int openSessions();

    /**
     * The monotonic clock, in nanoseconds, that the engine lives by; deadlines of turns are on it. Any thread may read
     * it.
     */
    LongSupplier nanoClock();

    /** Whether turns may ask for drafters that draft by a second model. */
    default boolean hasDraftModel() {
        return false;
    }

    /** What the model is that turns may be drafted by; null if there is none, or it is not known. */
    default @Nullable DraftModelInfo draftModel() {
        return null;
    }

    /** How those drafters fared that choose, and the draft model: a recent snapshot, exact once a turn has ended. */
    default DraftingStatus drafting() {
        return DraftingStatus.NONE;
    }

    /** What forward passes cost by now. A recent copy. */
    PassCosts passCosts();

    /**
     * Waits until what passes cost is known as well as an idle engine can find out. Nothing depends on it: an engine
     * that is used at once learns from its own passes. Benchmarks wait for it.
     *
     * @return false if the time was over first
     */
    boolean awaitCalibration(Duration longest) throws InterruptedException;

    /**
     * Takes no more turns; returns once the running ones have ended or the grace is over (those left are cancelled).
     */
    void drain(Duration grace);

    /** Stops the thread and frees the context, once. Sessions still open are closed. */
    @Override
    void close();
}
