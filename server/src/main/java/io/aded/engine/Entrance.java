package io.aded.engine;

import io.aded.dialect.Spoken;
import io.aded.model.AdedException;
import io.aded.model.TargetModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What sessions need of their engine on their callers' threads, before a turn is handed over: whether turns are taken
 * at all, a place in the queue, a seed, the tokeniser. Thread-safe.
 */
final class Entrance {
    private final TargetModel model;
    private final PromptTokens promptTokens;
    private final Spoken spoken;
    private final EngineTelemetry telemetry;
    private final int maxWaiting;
    private final int sessionLimit;
    private final QueuePlaces places;
    private final SplittableRandom seeds;
    private final AtomicReference<AdedException.@Nullable Unavailable> closed = new AtomicReference<>();

    /**
     * An open entrance.
     *
     * @param sessionLimit tokens that one session may hold
     */
    Entrance(
            TargetModel model, EngineOptions options, EngineTelemetry telemetry, LongSupplier clock, int sessionLimit) {
        this.model = model;
        this.telemetry = telemetry;
        this.sessionLimit = sessionLimit;
        promptTokens = new PromptTokens(model);
        spoken = Spoken.by(model);
        maxWaiting = options.maxWaiting();
        places = new QueuePlaces(options.maxRunning() + maxWaiting);
        seeds = new SplittableRandom(clock.getAsLong());
    }

    TargetModel model() {
        return model;
    }

    PromptTokens promptTokens() {
        return promptTokens;
    }

    /** How the model calls tools and marks reasoning. */
    Spoken spoken() {
        return spoken;
    }

    EngineTelemetry telemetry() {
        return telemetry;
    }

    /** Tokens that one session may hold: they fit the cache, and the model was trained on so many. */
    int sessionLimit() {
        return sessionLimit;
    }

    /** Refuses everything from now on, for the reason that was given first. */
    void close(AdedException.Unavailable why) {
        closed.compareAndSet(null, why);
    }

    /** Refuses if the engine takes nothing any more. */
    void check() {
        AdedException.Unavailable why = closed.get();
        if (why != null) {
            throw new AdedException.Unavailable(why.reason(), String.valueOf(why.getMessage()));
        }
    }

    int randomSeed() {
        synchronized (seeds) {
            return LocalSession.randomSeed(seeds);
        }
    }

    /** The places for turns, running and waiting. */
    QueuePlaces places() {
        return places;
    }

    /** Takes a place in the queue for a turn, or refuses it. */
    void reservePlace() {
        if (!places.tryTake()) {
            throw new AdedException.ResourceExhausted(
                    "QUEUE_FULL",
                    maxWaiting + " turns are waiting already, which is the limit; try again later",
                    Duration.ofSeconds(1));
        }
    }

    static AdedException.Unavailable shuttingDown() {
        return new AdedException.Unavailable("DRAINING", "the server is shutting down; call another one");
    }
}
