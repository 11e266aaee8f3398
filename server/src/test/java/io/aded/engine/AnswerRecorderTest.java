package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.catalogue.Drafters;
import io.aded.model.ContextParameters;
import io.aded.model.SamplingParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import io.aded.model.TokenSampler;
import io.aded.model.TopTokens;
import io.aded.telemetry.EngineTelemetry;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What engines hand over of turns whose callers allow it, and that they hand over nothing else. */
class AnswerRecorderTest {
    private static final DraftPolicy ALLOWED = DraftPolicy.of(Drafters.ADED).withTraining(true);
    private static final DraftPolicy NOT_ALLOWED = DraftPolicy.of(Drafters.ADED);

    private final ScriptedModel model = new ScriptedModel(ScriptedModel.babble(2, 3));
    private final List<RecordedTurn> recorded = new CopyOnWriteArrayList<>();
    private final AnswerRecorder recorder = new AnswerRecorder() {
        @Override
        public void record(RecordedTurn turn) {
            recorded.add(turn);
        }

        @Override
        public void close() {
            throw new AssertionError("it is the caller's");
        }
    };
    private final Engine engine =
            Engine.start(model, EngineOptions.ofCells(8192).withRecorder(recorder), EngineTelemetry.NONE);

    @AfterEach
    void close() {
        engine.close();
        model.close();
    }

    private static TurnRequest request(DraftPolicy draft, SamplingParameters sampling, int tokens) {
        return TurnRequest.of(new Prompt.Text("once upon a time "), sampling, draft, tokens);
    }

    private Recorder answer(TurnRequest request) {
        try (Session session = engine.openSession()) {
            return answer(session, request);
        }
    }

    private static Recorder answer(Session session, TurnRequest request) {
        Recorder listener = new Recorder();
        session.submit(request, listener);
        listener.await();
        return listener;
    }

    @Test
    void record_greedyTurn_isTheAnswerWithWhatTheModelComputed() {
        Recorder heard = answer(request(ALLOWED, SamplingParameters.GREEDY, 300));

        RecordedTurn turn = recorded.getFirst();
        assertThat(turn.answer())
                .isEqualTo(heard.tokens.stream().mapToInt(Integer::intValue).toArray());
        assertThat(turn.temperature()).isZero();
        assertThat(turn.finished()).isFalse(); // its length ended it
        assertThat(turn.topTokens()).hasSize(300 * 16);
        assertThat(turn.guesses()).hasSize(300);

        // The same positions, computed one by one without the engine.
        try (TargetContext context = model.newContext(ContextParameters.ofCells(1024))) {
            TopTokens top = new TopTokens(16);
            TokenBatch batch = new TokenBatch();
            int[] prompt = turn.prompt();
            int row = 0;
            for (int i = 0; i < prompt.length; i++) {
                row = batch.add(prompt[i], i, 0, i == prompt.length - 1);
            }
            for (int at = 0; at < 300; at++) {
                context.decode(batch);
                context.topTokens(row, top);
                assertThat(turn.topTokens()[16 * at]).isEqualTo(turn.answer()[at]);
                for (int i = 0; i < 16; i++) {
                    assertThat(turn.topTokens()[16 * at + i]).isEqualTo(top.token(i));
                    assertThat(turn.topProbabilities()[16 * at + i]).isCloseTo(top.probability(i), within(1e-6f));
                }
                batch.clear();
                row = batch.add(turn.answer()[at], prompt.length + at, 0, true);
            }
        }
    }

    @Test
    void record_guesses_areTheDraftersBestOnes() {
        Recorder heard = answer(request(ALLOWED, SamplingParameters.GREEDY, 300).withRounds(true));

        int[] guesses = recorded.getFirst().guesses();
        int[] answer = recorded.getFirst().answer();
        int accepted = 0;
        int rejected = 0;
        int at = 0;
        for (RoundReport round : heard.rounds) {
            // A round's accepted tokens were guessed by somebody; where the first guess was the token, it says so.
            for (int i = 0; i < round.emitted().length; i++, at++) {
                if (guesses[at] == answer[at]) {
                    accepted++;
                    assertThat(i).isLessThan(round.acceptedPath().length);
                } else if (guesses[at] != RecordedTurn.NOT_ASKED) {
                    rejected++;
                }
            }
        }
        assertThat(at).isEqualTo(300);
        assertThat(accepted).isPositive();
        assertThat(rejected).isPositive();
        assertThat(guesses).contains(RecordedTurn.NOT_ASKED);
    }

    @Test
    void record_drawnTurn_saysItsTemperature_andWithoutDraftsNothingIsGuessed() {
        answer(request(
                DraftPolicy.OFF.withTraining(true),
                SamplingParameters.GREEDY.withTemperature(0.8f).withSeed(5),
                20));
        assertThat(recorded.getFirst().temperature()).isEqualTo(0.8f);
        assertThat(recorded.getFirst().guesses()).containsOnly(RecordedTurn.NOT_ASKED);
    }

    @Test
    void record_notAllowed_isNotHandedOver() {
        answer(request(NOT_ALLOWED, SamplingParameters.GREEDY, 10));
        assertThat(recorded).isEmpty();
        answer(request(ALLOWED, SamplingParameters.GREEDY, 10));
        assertThat(recorded).hasSize(1);
    }

    @Test
    void of_tokensThatAreNotTheModelsOwnChoice_isNone() {
        EngineOptions keeping = engine.options();
        SamplingParameters warm = SamplingParameters.GREEDY.withTemperature(0.5f);
        assertThat(Transcript.of(keeping, true, SamplingParameters.GREEDY, sampler(true, false)))
                .isNotNull();
        assertThat(Transcript.of(keeping, true, warm, sampler(false, false))).isNotNull();
        assertThat(Transcript.of(keeping, true, warm, sampler(false, true))).isNull(); // under a grammar
        assertThat(Transcript.of(keeping, true, SamplingParameters.GREEDY, sampler(false, false)))
                .isNull(); // with penalties
        assertThat(Transcript.of(keeping, false, SamplingParameters.GREEDY, sampler(true, false)))
                .isNull();
        assertThat(Transcript.of(keeping.withRecorder(null), true, SamplingParameters.GREEDY, sampler(true, false)))
                .isNull();
    }

    private static TokenSampler sampler(boolean greedy, boolean constrains) {
        return (TokenSampler) Proxy.newProxyInstance(
                TokenSampler.class.getClassLoader(),
                new Class<?>[] {TokenSampler.class},
                (_, method, _) -> method.getName().equals("isPlainGreedy") ? greedy : constrains);
    }

    @Test
    void record_turnAfterOneThatDidNotAllowIt_isNotHandedOver_untilTheConversationIsReset() {
        try (Session session = engine.openSession()) {
            answer(session, request(ALLOWED, SamplingParameters.GREEDY, 10));
            answer(session, request(NOT_ALLOWED, SamplingParameters.GREEDY, 10));
            answer(session, request(ALLOWED, SamplingParameters.GREEDY, 10));
            assertThat(recorded).hasSize(1);
            session.reset();
            answer(session, request(ALLOWED, SamplingParameters.GREEDY, 10));
            assertThat(recorded).hasSize(2);
            assertThat(recorded.get(1).prompt()).isEqualTo(recorded.get(0).prompt());
        }
    }

    @Test
    void record_cancelledTurn_isNotHandedOver() {
        try (Session session = engine.openSession()) {
            Recorder listener = new Recorder();
            Turn turn = session.submit(request(ALLOWED, SamplingParameters.GREEDY, 8000), listener);
            turn.cancel();
            assertThat(listener.await().reason()).isEqualTo(FinishReason.CANCELLED);
        }
        assertThat(recorded).isEmpty();
    }

    @Test
    void record_longAnswer_isCutAtItsBound() {
        answer(request(ALLOWED, SamplingParameters.GREEDY, Transcript.MOST + 100));
        assertThat(recorded.getFirst().answer()).hasSize(Transcript.MOST);
        assertThat(recorded.getFirst().finished()).isFalse();
    }

    @Test
    void record_recorderThatFails_doesNotHarmTheTurn() {
        AnswerRecorder failing = new AnswerRecorder() {
            @Override
            public void record(RecordedTurn turn) {
                throw new IllegalStateException("full");
            }

            @Override
            public void close() {}
        };
        try (Engine other =
                        Engine.start(model, EngineOptions.ofCells(512).withRecorder(failing), EngineTelemetry.NONE);
                Session session = other.openSession()) {
            assertThat(answer(session, request(ALLOWED, SamplingParameters.GREEDY, 10)).tokens)
                    .hasSize(10);
        }
    }
}
