package io.aded.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * One caller's account: what it was served, how many of its turns wait and run, and its part in prefill. Callers are
 * told apart by {@link TurnRequest#fairnessKey}. Owned by the engine thread.
 */
final class Caller {
    private final PrefillAccount prefill = new PrefillAccount();

    /** Where its turns wait, a line for each priority at which any does. */
    private final List<WaitingTurns.Line> lines = new ArrayList<>(1);

    private double served;
    private int running;

    /** What it was served, prompts and answers, in tokens. */
    double served() {
        return served;
    }

    void serve(double tokens) {
        served += tokens;
    }

    /** An absence earns no credit: it counts as served so much at least. */
    void liftTo(double tokens) {
        served = Math.max(served, tokens);
    }

    List<WaitingTurns.Line> lines() {
        return lines;
    }

    /** Its running turns. */
    int running() {
        return running;
    }

    void started() {
        running++;
    }

    void stopped() {
        running--;
    }

    /** Whether it has neither running nor waiting turns. */
    boolean isAbsent() {
        return running == 0 && lines.isEmpty();
    }

    PrefillAccount prefill() {
        return prefill;
    }
}
