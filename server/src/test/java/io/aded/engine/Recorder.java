package io.aded.engine;

import io.aded.model.AdedException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Collects what a turn reports. */
final class Recorder implements TurnListener {
    final StringBuilder text = new StringBuilder();
    final List<Integer> tokens = new ArrayList<>();
    final List<RoundReport> rounds = new ArrayList<>();
    final List<Delta> deltas = new ArrayList<>();
    final CompletableFuture<TurnResult> result = new CompletableFuture<>();
    final CompletableFuture<Void> begun = new CompletableFuture<>();
    volatile boolean ready = true;

    @Override
    public void onDelta(Delta delta) {
        deltas.add(delta);
        text.append(delta.text());
        for (int token : delta.tokens()) {
            tokens.add(token);
        }
        begun.complete(null);
    }

    @Override
    public void onRound(RoundReport report) {
        rounds.add(report);
    }

    @Override
    public void onFinished(TurnResult value) {
        result.complete(value);
    }

    @Override
    public void onFailed(AdedException failure) {
        result.completeExceptionally(failure);
    }

    @Override
    public boolean isReady() {
        return ready;
    }

    /** Waits for the end; a failure is thrown as it is. */
    TurnResult await() {
        try {
            return result.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AdedException failure) {
                throw failure;
            }
            throw new AssertionError(e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("the turn did not end", e);
        }
    }
}
