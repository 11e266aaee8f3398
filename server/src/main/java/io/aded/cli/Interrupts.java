package io.aded.cli;

import io.aded.llama.ProcessEnd;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/**
 * Does something else than end the process when the user presses Ctrl-C, for as long as it is open. The second press,
 * if the first did not help, ends the process.
 */
final class Interrupts implements AutoCloseable {
    private final Signal signal;
    private final SignalHandler before;
    private volatile boolean fired;

    private Interrupts(Signal signal, Runnable action) {
        this.signal = signal;
        this.before = Signal.handle(signal, received -> {
            if (fired) {
                ProcessEnd.halt(ExitCode.INTERRUPTED.code());
            }
            fired = true;
            action.run();
        });
    }

    /** Ctrl-C. The action runs on a thread of the JVM's. */
    static Interrupts onInterrupt(Runnable action) {
        return new Interrupts(new Signal("INT"), action);
    }

    /** What {@code kill} and supervisors send. */
    static Interrupts onTerminate(Runnable action) {
        return new Interrupts(new Signal("TERM"), action);
    }

    /**
     * What a terminal sends when it goes away, and what some supervisors send for a reload. Where there is no such
     * signal, or the process was started to outlive its terminal ({@code nohup}), nothing is changed.
     */
    static Interrupts onHangup(Runnable action) {
        Interrupts taken;
        try {
            taken = new Interrupts(new Signal("HUP"), action);
        } catch (IllegalArgumentException noSuchSignal) {
            return onTerminate(action);
        }
        if (taken.before == SignalHandler.SIG_IGN) {
            taken.close();
        }
        return taken;
    }

    boolean hasFired() {
        return fired;
    }

    @Override
    public void close() {
        Signal.handle(signal, before);
    }
}
