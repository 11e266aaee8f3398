package io.aded.host;

import io.aded.engine.Engine;
import io.aded.engine.EnginePulse;
import io.aded.serving.Serving;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the {@link Watchdog} look at the engines on a thread of its own, and does what follows: health says NOT_SERVING
 * while an engine hangs, what all threads are at goes to the log, and when there is no hope the owner of the process
 * is told.
 */
final class EngineGuard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EngineGuard.class);

    private final Watchdog watchdog;
    private final Serving serving;
    private final EngineFailureListener listener;
    private Watchdog.Verdict before = Watchdog.Verdict.WELL;
    private volatile boolean closed;

    EngineGuard(List<Engine> engines, Safeguards safeguards, Serving serving, EngineFailureListener listener) {
        List<Supplier<EnginePulse>> pulses = new ArrayList<>();
        engines.forEach(engine -> pulses.add(engine::pulse));
        watchdog = new Watchdog(pulses, safeguards.stall(), safeguards.stallGrace());
        this.serving = serving;
        this.listener = listener;
    }

    /** Looks from now on, until it is closed. */
    EngineGuard start() {
        Thread.ofPlatform().daemon(true).name("aded-watchdog").start(this::run);
        return this;
    }

    private void run() {
        try {
            while (!closed && look(System.nanoTime())) {
                TimeUnit.NANOSECONDS.sleep(Watchdog.INTERVAL.toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does
        }
    }

    /** Looks once. False if there is nothing more to look at. */
    boolean look(long nanoTime) {
        Watchdog.Verdict verdict = watchdog.look(nanoTime);
        if (closed || verdict == before) {
            return !closed;
        }
        before = verdict;
        serving.setUnwell(verdict != Watchdog.Verdict.WELL);
        switch (verdict) {
            case WELL -> LOG.warn("the engine that hung goes on");
            case HANGS -> LOG.error("an engine hangs; what all threads are at:\n{}", threads());
            case HUNG -> listener.failed(EngineFailureListener.Failure.HUNG);
            case LOST -> listener.failed(EngineFailureListener.Failure.LOST);
        }
        return verdict.compareTo(Watchdog.Verdict.HANGS) <= 0;
    }

    /** Engines first: they are what this is about. */
    private static String threads() {
        StringBuilder dump = new StringBuilder();
        Comparator<Thread> order = Comparator.comparing(
                        (Thread thread) -> !thread.getName().equals("aded-engine"))
                .thenComparing(Thread::getName);
        Map<Thread, StackTraceElement[]> all = Thread.getAllStackTraces();
        all.keySet().stream().sorted(order).forEach(thread -> {
            dump.append('"')
                    .append(thread.getName())
                    .append("\" ")
                    .append(thread.getState())
                    .append('\n');
            for (StackTraceElement frame : all.getOrDefault(thread, new StackTraceElement[0])) {
                dump.append("    at ").append(frame).append('\n');
            }
        });
        return dump.toString();
    }

    @Override
    public void close() {
        closed = true;
    }
}
