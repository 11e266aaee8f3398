package io.aded.lab.experiment;

import io.aded.engine.Delta;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Engine;
import io.aded.engine.Prompt;
import io.aded.engine.RoundReport;
import io.aded.engine.Session;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.engine.TurnResult;
import io.aded.lab.prompts.Scenario;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** Answers through the engine, as a server would, with one draft policy. */
final class EngineContender implements Contender {
    private final Engine engine;
    private final BenchDrafters drafters;
    private final ModeSpec mode;
    private final DraftPolicy policy;
    private int @Nullable [] known;
    private long replays;

    EngineContender(Engine engine, BenchDrafters drafters, ModeSpec mode, DraftPolicy policy) {
        this.engine = engine;
        this.drafters = drafters;
        this.mode = mode;
        this.policy = policy;
    }

    /** The next conversation's answer is known; it is what will be drafted, spoilt as the settings say. */
    void replay(int[] answer) {
        known = answer;
    }

    @Override
    public List<Answer> answer(Scenario scenario, ExperimentSettings settings) {
        int[] recorded = known;
        Double acceptance = settings.syntheticAcceptance();
        if (recorded != null && acceptance != null) {
            int vocabulary = engine.model().vocabulary().size();
            drafters.prepare(new ReplayDrafter(recorded, acceptance, vocabulary, settings.seed() + replays++));
        } else {
            drafters.prepare(mode, settings.warm());
        }
        List<Answer> answers = new ArrayList<>();
        try (Session session = engine.openSession()) {
            for (String message : scenario.turns()) {
                Prompt prompt = settings.raw()
                        ? new Prompt.Text(message)
                        : new Prompt.Messages(List.of(new ChatMessage("user", message)));
                TurnRequest request = TurnRequest.of(prompt, settings.sampling(), policy, settings.maxTokens())
                        .withIgnoreEnd(settings.ignoreEnd())
                        .withRounds(true);
                Recording recording = new Recording();
                Turn turn;
                try {
                    turn = session.submit(request, recording);
                } catch (AdedException.InvalidRequest e) {
                    if (answers.isEmpty()) {
                        throw e;
                    }
                    break; // a later turn that no longer fits
                }
                answers.add(recording.await(turn));
            }
        }
        return answers;
    }

    /** Collects one answer on the engine thread. */
    private static final class Recording implements TurnListener {
        private final RoundTally rounds = new RoundTally();
        private final CompletableFuture<TurnResult> result = new CompletableFuture<>();
        private int[] tokens = new int[256];
        private int count;
        private int firstRoundTokens = -1;

        @Override
        public void onDelta(Delta delta) {
            int more = delta.tokens().length;
            if (count + more > tokens.length) {
                tokens = Arrays.copyOf(tokens, Math.max(count + more, tokens.length * 2));
            }
            System.arraycopy(delta.tokens(), 0, tokens, count, more);
            count += more;
            if (firstRoundTokens < 0 && more > 0) {
                firstRoundTokens = more;
            }
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

        Answer await(Turn turn) {
            TurnResult done;
            try {
                done = result.get();
            } catch (InterruptedException e) {
                turn.cancel();
                Thread.currentThread().interrupt();
                throw new AdedException.Cancelled("the benchmark was interrupted");
            } catch (ExecutionException e) {
                if (e.getCause() instanceof AdedException failure) {
                    throw failure;
                }
                throw new AdedException.Internal("BENCH_FAILED", "an answer failed: " + e.getMessage(), e);
            }
            long first = done.timeToFirstTokenNanos() == 0 ? done.totalNanos() : done.timeToFirstTokenNanos();
            return new Answer(
                    Arrays.copyOf(tokens, count),
                    done.reason().name().toLowerCase(Locale.ROOT),
                    done.promptTokens(),
                    done.cachedPromptTokens(),
                    Math.max(0, firstRoundTokens),
                    first,
                    done.totalNanos(),
                    rounds);
        }
    }
}
