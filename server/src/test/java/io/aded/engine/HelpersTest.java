package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.draft.LoopProposer;
import io.aded.draft.ProposerFactory;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whoever does the host's work, every stream has the same tokens, drafts and statistics. The clock is advanced by
 * passes alone, and all turns are submitted between two passes, so that runs differ in nothing but who is at work.
 */
class HelpersTest {
    private static final int STREAMS = 24;
    private static final int TOKENS = 60;

    /** Passes cost as they would on a GPU. */
    private static final long PASS_NANOS = 2_000_000;

    private static final long TOKEN_NANOS = 20_000;

    static List<Crew> crews() {
        return List.of(Crew.of(1), Crew.of(3), new StrangeCrew());
    }

    /** What the world sees of a turn. */
    private static final class Stream implements TurnListener {
        final StringBuilder seen = new StringBuilder();
        private final int cancelAfter;
        private final Runnable ended;
        private final List<Integer> tokens = new ArrayList<>();
        private boolean failed;
        private @Nullable Turn turn;

        Stream(int cancelAfter, Runnable ended) {
            this.cancelAfter = cancelAfter;
            this.ended = ended;
        }

        @Override
        public void onDelta(Delta delta) {
            seen.append(Arrays.toString(delta.tokens())).append(delta.text());
            for (int token : delta.tokens()) {
                tokens.add(token);
            }
            if (tokens.size() >= cancelAfter && turn != null) {
                turn.cancel();
            }
        }

        @Override
        public void onRound(RoundReport round) {
            seen.append(round.source())
                    .append(Arrays.toString(round.tokens()))
                    .append(Arrays.toString(round.parents()))
                    .append(Arrays.toString(round.probabilities()))
                    .append(Arrays.toString(round.acceptedPath()))
                    .append('\n');
        }

        @Override
        public void onFinished(TurnResult result) {
            SpeculationStatistics speculation = result.speculation();
            seen.append(result.reason())
                    .append(' ')
                    .append(speculation.numSteps())
                    .append(' ')
                    .append(speculation.numDraftTokens())
                    .append(' ')
                    .append(Arrays.toString(speculation.acceptanceHistogram()))
                    .append(' ')
                    .append(speculation.expectedAcceptedDraftTokens());
            ended.run();
        }

        @Override
        public void onFailed(AdedException failure) {
            seen.append(failure.reason());
            failed = failure instanceof AdedException.Internal;
            ended.run();
        }
    }

    private static TurnRequest request(int stream) {
        DraftPolicy policy = switch (stream % 4) {
            case 0 -> DraftPolicy.OFF;
            case 1 -> DraftPolicy.of(Drafters.ADED);
            case 2 -> DraftPolicy.of(Drafters.NGRAM_CACHE);
            default -> DraftPolicy.AUTO;
        };
        String text = "stream " + stream % 7 + " says that the rivers are long, and that the rivers are many. ";
        return TurnRequest.of(
                        new Prompt.Text(text.repeat(1 + stream % 3)),
                        SamplingParameters.GREEDY
                                .withTemperature(stream % 5 == 4 ? 0.8f : 0f)
                                .withSeed(stream),
                        policy,
                        TOKENS + stream)
                .withIgnoreEnd(true)
                .withRounds(true);
    }

    /** Has all streams answered, by this crew. */
    private static List<Stream> streams(Crew crew, ProposerFactory drafters) throws Exception {
        AtomicLong clock = new AtomicLong(1);
        EngineOptions options = new EngineOptions(
                ContextParameters.ofCells(8192).withMaxSequences(96),
                STREAMS - 4,
                STREAMS,
                Duration.ofDays(1),
                Duration.ofMillis(250),
                0,
                DraftPolicy.AUTO);
        List<Stream> streams = new ArrayList<>();
        CompletableFuture<Void> done = new CompletableFuture<>();
        try (LocalEngine engine = new LocalEngine(
                new ScriptedModel(
                        ScriptedModel.babble(3, 2), tokens -> clock.addAndGet(PASS_NANOS + tokens * TOKEN_NANOS)),
                options,
                EngineTelemetry.NONE,
                drafters,
                clock::get,
                crew)) {
            engine.awaitCalibration(Duration.ofMinutes(1));
            int[] open = {STREAMS};
            engine.execute(
                    () -> { // so that they all begin between two passes
                        for (int i = 0; i < STREAMS; i++) {
                            Session session = engine.openSession("caller " + i % 6);
                            Stream stream = new Stream(i % 6 == 5 ? 20 : Integer.MAX_VALUE, () -> {
                                session.close();
                                if (--open[0] == 0) {
                                    done.complete(null);
                                }
                            });
                            streams.add(stream);
                            stream.turn = session.submit(request(i), stream);
                        }
                    });
            done.get(60, TimeUnit.SECONDS);
        }
        return streams;
    }

    private static List<String> answers(Crew crew) throws Exception {
        return streams(crew, Drafters.proposers(DrafterSettings.DEFAULT)).stream()
                .map(stream -> stream.seen.toString())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("crews")
    void submit_manyStreams_sameTokensDraftsAndStatisticsAsAlone(Crew crew) throws Exception {
        List<String> alone = answers(Crew.alone());

        assertThat(answers(crew)).isEqualTo(alone);

        assertThat(alone.get(1)).contains("LENGTH");
        assertThat(alone.get(5)).contains("CANCELLED");
        assertThat(alone.get(3)).as("a budgeted stream drafts").contains("aded[");
    }

    /** Throws for one stream, that whose caller is the fourth, in one place. */
    private record Faulty(Drafter inner, boolean isFaulty, String where) implements Drafter {
        private void at(String here) {
            if (isFaulty && where.equals(here)) {
                throw new IllegalStateException("by intent");
            }
        }

        @Override
        public String name() {
            return inner.name();
        }

        @Override
        public void learnPrompt(int[] tokens, int from, int to) {
            at("learnPrompt");
            inner.learnPrompt(tokens, from, to);
        }

        @Override
        public void draft(TokenTree tree, DraftLimits limits) {
            at("draft");
            inner.draft(tree, limits);
        }

        @Override
        public void observe(TokenTree tree, int node, TopTokens target) {
            at("observe");
            inner.observe(tree, node, target);
        }

        @Override
        public void accept(TokenTree tree, int lastAccepted, int bonusToken) {
            at("accept");
            inner.accept(tree, lastAccepted, bonusToken);
        }

        @Override
        public void share() {
            at("share");
        }

        @Override
        public long stateBytes() {
            return inner.stateBytes();
        }
    }

    private static ProposerFactory faulty(String where) {
        int[] opened = {0};
        return (_, _, clock) ->
                new LoopProposer(() -> new Faulty(new LearningTestDrafter(1, 0.8), ++opened[0] == 4, where), clock);
    }

    @Test
    void submit_oneStreamFailsByAHelper_itAloneEnds() throws Exception {
        List<Stream> sound = streams(Crew.alone(), faulty("nowhere"));
        for (String where : List.of("learnPrompt", "draft", "observe", "accept", "share")) {
            List<Stream> streams = streams(new StrangeCrew(), faulty(where));
            assertThat(streams).filteredOn(stream -> stream.failed).as(where).hasSize(1);
            // The budget is common to all, so that drafts differ; tokens do not.
            for (int i = 0; i < STREAMS; i++) {
                List<Integer> whole = sound.get(i).tokens;
                List<Integer> tokens = streams.get(i).tokens;
                if (streams.get(i).failed || sound.get(i).cancelAfter < TOKENS) {
                    int both = Math.min(whole.size(), tokens.size());
                    assertThat(tokens.subList(0, both)).as(where).isEqualTo(whole.subList(0, both));
                } else {
                    assertThat(tokens).as("%s, stream %d", where, i).isEqualTo(whole);
                }
            }
        }
    }

    @Test
    void close_whileHelpersAreAtWork_endsThem() {
        Crew crew = Crew.of(2);
        LocalEngine engine = new LocalEngine(
                new ScriptedModel(ScriptedModel.babble(3, 2)),
                EngineOptions.ofCells(8192),
                EngineTelemetry.NONE,
                Drafters.proposers(DrafterSettings.DEFAULT),
                System::nanoTime,
                crew);
        List<Recorder> recorders = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Recorder recorder = new Recorder();
            recorders.add(recorder);
            engine.openSession().submit(request(i), recorder);
        }
        recorders.getFirst().begun.join();

        engine.close();

        for (Recorder recorder : recorders) {
            if (!recorder.result.isDone() || recorder.result.isCompletedExceptionally()) {
                assertThatThrownBy(recorder::await).isInstanceOf(AdedException.class);
            }
        }
        crew.each(8, (_, worker) -> assertThat(worker).isZero());
    }
}
