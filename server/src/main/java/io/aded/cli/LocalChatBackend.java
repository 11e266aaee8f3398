package io.aded.cli;

import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Prompt;
import io.aded.engine.RoundReport;
import io.aded.engine.Session;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.host.LocalModel;
import io.aded.model.AdedException;
import io.aded.model.SamplingParameters;
import io.aded.serving.TurnValidator;
import io.aded.serving.ValidTurn;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Talks to an engine in this process. Owns the session, not the model. */
final class LocalChatBackend implements ChatBackend {
    private final LocalModel local;
    private final Session session;
    private final SamplingParameters sampling;
    private final DraftPolicy draft;
    private volatile @Nullable Turn turn;
    private volatile boolean cancelled;

    LocalChatBackend(LocalModel local, SamplingParameters sampling, DraftPolicy draft) {
        this.local = local;
        this.session = local.engine().openSession();
        this.sampling = sampling;
        this.draft = draft;
    }

    /** The engine thread must not wait for a slow terminal, so events change threads here. */
    private sealed interface Event {
        record Emitted(Delta delta) implements Event {}

        record Round(RoundReport report) implements Event {}

        record Finished(TurnResult result) implements Event {}

        record Failed(AdedException failure) implements Event {}
    }

    @Override
    public Answer ask(Ask ask, Listener listener) {
        Prompt prompt = ask.messages().isEmpty() ? new Prompt.Text(ask.text()) : new Prompt.Messages(ask.messages());
        TurnRequest request = TurnRequest.of(prompt, sampling, draft, ask.maxTokens())
                .withStopStrings(ask.stop())
                .withIgnoreEnd(ask.ignoreEnd())
                .withRounds(ask.watchRounds());
        BlockingQueue<Event> events = new LinkedBlockingQueue<>();
        ValidTurn valid = new TurnValidator(
                        local.model().vocabulary().size(),
                        Long.MAX_VALUE,
                        null,
                        local.draft().isPresent())
                .validate(request);
        cancelled = false;
        Turn started = session.submit(valid.request(), intoQueue(events));
        turn = started;
        if (cancelled) {
            started.cancel();
        }
        try {
            return follow(events, listener);
        } catch (InterruptedException e) {
            started.cancel();
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("interrupted while an answer was being written");
        } finally {
            turn = null;
        }
    }

    private static TurnListener intoQueue(BlockingQueue<Event> events) {
        return new TurnListener() {
            @Override
            public void onDelta(Delta delta) {
                events.add(new Event.Emitted(delta));
            }

            @Override
            public void onRound(RoundReport report) {
                events.add(new Event.Round(report));
            }

            @Override
            public void onFinished(TurnResult result) {
                events.add(new Event.Finished(result));
            }

            @Override
            public void onFailed(AdedException failure) {
                events.add(new Event.Failed(failure));
            }
        };
    }

    /** Tells of a turn's events as they come, until its end. */
    private Answer follow(BlockingQueue<Event> events, Listener listener) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        IntStream.Builder tokens = IntStream.builder();
        while (true) {
            switch (events.take()) {
                case Event.Emitted(Delta delta) -> {
                    text.append(delta.text());
                    Arrays.stream(delta.tokens()).forEach(tokens);
                    listener.onText(delta.text());
                }
                case Event.Round(RoundReport report) ->
                    listener.onRound(
                            drafted(report),
                            report.acceptedPath().length,
                            report.draftNodes(),
                            report.emitted().length);
                case Event.Finished(TurnResult result) -> {
                    return new Answer(text.toString(), tokens.build().toArray(), result);
                }
                case Event.Failed(AdedException failure) -> throw failure;
            }
        }
    }

    private String drafted(RoundReport report) {
        int count = Math.min(report.acceptedPath().length, report.emitted().length);
        return local.model().vocabulary().detokenize(Arrays.copyOf(report.emitted(), count), false);
    }

    @Override
    public void cancel() {
        cancelled = true;
        Turn running = turn;
        if (running != null) {
            running.cancel();
        }
    }

    @Override
    public void reset() {
        session.reset();
    }

    @Override
    public String description() {
        return local.name() + " (" + local.model().info().description() + ") on "
                + String.join(", ", local.model().info().devices()) + ", "
                + local.model().info().library();
    }

    @Override
    public void close() {
        session.close();
    }
}
