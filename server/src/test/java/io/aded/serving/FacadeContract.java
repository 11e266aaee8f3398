package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import io.aded.serving.FacadeClient.Ask;
import io.aded.serving.FacadeClient.End;
import io.aded.serving.FacadeClient.Event;
import io.aded.serving.FacadeClient.Stream;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What every façade owes its callers, whatever its protocol: which events come in which order, how each kind of failure
 * looks, and what becomes of calls that are cancelled, late, half-closed or drained. A façade's test extends this and
 * says how it is started and called.
 */
public abstract class FacadeContract {
    private static final Duration GRACE = Duration.ofSeconds(20);

    private final Gate gate = new Gate();
    private @Nullable Engine engine;
    private @Nullable Serving serving;
    private @Nullable Facade facade;

    /** A façade that is up. */
    public interface Facade extends AutoCloseable {
        /** A client that calls itself by a name; empty for one that does not. */
        FacadeClient client(String clientId);

        /** Lets what runs end, and closes. */
        void drain(Duration grace);

        @Override
        void close();
    }

    /** Starts the façade. */
    protected abstract Facade start(Serving behind) throws Exception;

    /** A pass waits for a permit once a test closes the gate. */
    private static final class Gate implements ScriptedModel.PassCost {
        private final Semaphore permits = new Semaphore(0);
        private volatile boolean closed;
        private volatile boolean waiting;

        @Override
        public void charge(int tokens) {
            if (closed) {
                waiting = true;
                permits.acquireUninterruptibly();
                waiting = false;
            }
        }

        void close() {
            closed = true;
        }

        void open() {
            closed = false;
            permits.release(1000);
        }
    }

    @BeforeEach
    void startEverything() throws Exception {
        engine = Engine.start(new ScriptedModel(ScriptedModel.babble(7, 2), gate), options(), EngineTelemetry.NONE);
        serving = Serving.builder()
                .limits(new ServingLimits(Duration.ofMinutes(5), 4))
                .build();
        facade = start(serving);
        serving.serve(ServedModel.of(engine));
    }

    /** One turn runs at a time, and one more may wait. */
    private static EngineOptions options() {
        EngineOptions usual = EngineOptions.ofCells(4096);
        return new EngineOptions(
                usual.context(), 1, 1, usual.maxWait(), usual.prefillStall(), usual.swapBytes(), usual.defaultDraft());
    }

    @AfterEach
    void stopEverything() {
        gate.open();
        facade().close();
        serving().close();
        engine().close();
    }

    private Engine engine() {
        return present(engine);
    }

    private Serving serving() {
        return present(serving);
    }

    private Facade facade() {
        return present(facade);
    }

    private static <T> T present(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("not started");
        }
        return value;
    }

    private FacadeClient client() {
        return facade().client("");
    }

    private Stream opened() {
        Stream stream = client().converse(null).open("", "", false);
        assertThat(stream.next()).isInstanceOf(Event.Opened.class);
        return stream;
    }

    private void awaitIdle() {
        await().until(() -> engine().openTurns() == 0 && engine().openSessions() == 0);
    }

    private void answersAgain() {
        assertThat(tokens(client().generate(Ask.of("still there?", 5), null).rest()))
                .isEqualTo(5);
    }

    private static int tokens(List<Event> events) {
        return events.stream()
                .mapToInt(event -> event instanceof Event.Delta delta ? delta.tokens() : 0)
                .sum();
    }

    private static void assertFailed(End end, String kind, String reason) {
        assertThat(end.kind()).as(end.toString()).isEqualTo(kind);
        assertThat(end.reason()).isEqualTo(reason);
        assertThat(end.fields()).isEmpty();
        assertThat(end.message()).as("says what was wrong").isNotBlank();
    }

    // --- events and their order

    @Test
    void generate_answer_isDeltasAndThenOneFinished() {
        Stream answer = client().generate(Ask.of("once", 40), null);
        List<Event> events = answer.rest();
        assertThat(events.subList(0, events.size() - 1)).hasOnlyElementsOfType(Event.Delta.class);
        assertThat(events.getLast()).isEqualTo(new Event.Finished(1, "LENGTH", 40));
        assertThat(tokens(events)).isEqualTo(40);
        assertThat(answer.end().isGood()).isTrue();
    }

    @Test
    void generate_withRounds_eachComesAfterItsDelta() {
        List<Event> events =
                client().generate(Ask.of("once", 40).withRounds(), null).rest();
        int told = 0;
        int shown = 0;
        for (Event event : events) {
            if (event instanceof Event.Delta delta) {
                told += delta.tokens();
            } else if (event instanceof Event.Round round) {
                shown += round.emitted();
                assertThat(shown)
                        .as("tokens that rounds show before their delta")
                        .isLessThanOrEqualTo(told);
            }
        }
        assertThat(shown).isEqualTo(40).isEqualTo(told);
        assertThat(events.getLast()).isInstanceOf(Event.Finished.class);
    }

    @Test
    void converse_twoTurns_areNumberedAndRemembered() {
        Stream stream = opened();
        for (int turn = 1; turn <= 2; turn++) {
            int number = turn;
            List<Event> answer = stream.turn(Ask.of("hello", 10)).answer();
            assertThat(answer).allSatisfy(event -> assertThat(event.turn()).isEqualTo(number));
            assertThat(answer.getLast()).isEqualTo(new Event.Finished(turn, "LENGTH", 10));
        }
        assertThat(stream.halfClose().end().isGood()).isTrue();
        awaitIdle();
    }

    @Test
    void converse_messagesSentAhead_areTakenInOrder() {
        Stream stream = client().converse(null)
                .open("", "", false)
                .turn(Ask.of("hello", 10))
                .halfClose();
        assertThat(stream.next()).isInstanceOf(Event.Opened.class);
        assertThat(tokens(stream.rest())).isEqualTo(10);
        assertThat(stream.end().isGood()).isTrue();
    }

    @Test
    void update_maxTokens_holdsForTheTurnsThatFollow() {
        Stream stream = opened().update(7);
        assertThat(tokens(stream.turn(Ask.of("hello")).answer())).isEqualTo(7);
        assertThat(tokens(stream.turn(Ask.of("hello", 3)).answer()))
                .as("for one turn")
                .isEqualTo(3);
        assertThat(tokens(stream.turn(Ask.of("hello")).answer())).isEqualTo(7);
    }

    @Test
    void conversation_left_isResumedWithItsHistory() {
        FacadeClient anna = facade().client("anna");
        Stream first = anna.converse(null).open("", "diary", false);
        assertThat(first.next()).isEqualTo(new Event.Opened("diary", false));
        first.turn(Ask.of("hello", 5)).answer();
        assertThat(first.halfClose().end().isGood()).isTrue();
        Stream second = anna.converse(null).open("", "diary", true);
        assertThat(second.next()).isEqualTo(new Event.Opened("diary", true));
        second.hangUp();
    }

    // --- failures, by reason

    @Test
    void generate_everythingWrong_namesEveryField() {
        End end = client().generate(new Ask("", 0.5f, -1, false, 101), null).end();
        assertThat(end.kind()).isEqualTo("INVALID_REQUEST");
        assertThat(end.reason()).isEqualTo("INVALID_REQUEST");
        assertThat(end.fields()).hasSize(3);
        assertThat(end.fields().get(0)).endsWith("text");
        assertThat(end.fields().get(1)).endsWith("max_tokens");
        assertThat(end.fields().get(2)).endsWith("priority");
        answersAgain();
    }

    @Test
    void turn_wrong_endsTheStreamWithItsFields() {
        Stream stream = opened().turn(new Ask("hello", -1f, 5, false, 0));
        End end = stream.end();
        assertThat(end.reason()).isEqualTo("INVALID_REQUEST");
        assertThat(end.fields()).singleElement().asString().endsWith("sampling.temperature");
        awaitIdle();
        answersAgain();
    }

    @Test
    void turn_beforeOpen_isNotOpen() {
        assertFailed(client().converse(null).turn(Ask.of("hello", 5)).end(), "FAILED_PRECONDITION", "NOT_OPEN");
        assertFailed(client().converse(null).update(5).end(), "FAILED_PRECONDITION", "NOT_OPEN");
        assertFailed(client().converse(null).cancelTurn().end(), "FAILED_PRECONDITION", "NOT_OPEN");
    }

    @Test
    void open_twice_isAlreadyOpen() {
        assertFailed(opened().open("", "", false).end(), "FAILED_PRECONDITION", "ALREADY_OPEN");
        awaitIdle();
    }

    @Test
    void turn_whileOneRuns_isTurnRunning() {
        Stream stream = opened();
        gate.close();
        stream.turn(Ask.of("hello", 20)).turn(Ask.of("hello", 20));
        assertFailed(stream.end(), "FAILED_PRECONDITION", "TURN_RUNNING");
        gate.open();
        awaitIdle();
        answersAgain();
    }

    @Test
    void open_conversationThatIsHeld_isConversationHeld() {
        FacadeClient anna = facade().client("anna");
        Stream holder = anna.converse(null).open("", "diary", false);
        holder.next();
        assertFailed(anna.converse(null).open("", "diary", false).end(), "FAILED_PRECONDITION", "CONVERSATION_HELD");
        holder.hangUp();
    }

    @Test
    void open_conversationOfAnotherClient_isNotFound() {
        Stream annas = facade().client("anna").converse(null).open("", "diary", false);
        annas.next();
        annas.halfClose().end();
        assertFailed(
                facade().client("bert").converse(null).open("", "diary", true).end(),
                "NOT_FOUND",
                "CONVERSATION_NOT_FOUND");
    }

    @Test
    void call_anotherModel_isNotFound() {
        assertFailed(client().converse(null).open("gpt-17", "", false).end(), "NOT_FOUND", "MODEL_NOT_SERVED");
        assertThat(client().generate(Ask.of("x", 1), "gpt-17", null).end().reason())
                .isEqualTo("MODEL_NOT_SERVED");
    }

    @Test
    void turn_queueFull_isResourceExhausted() {
        Stream first = opened();
        Stream second = opened();
        Stream third = opened();
        gate.close();
        first.turn(Ask.of("hello", 5));
        await().until(() -> gate.waiting);
        second.turn(Ask.of("hello", 5));
        await().until(() -> engine().openTurns() == 2);
        third.turn(Ask.of("hello", 5));
        assertFailed(third.end(), "RESOURCE_EXHAUSTED", "QUEUE_FULL");
        gate.open();
        assertThat(tokens(first.answer())).isEqualTo(5);
        assertThat(tokens(second.answer())).isEqualTo(5);
    }

    @Test
    void call_whileTheModelLoads_isUnavailable() throws Exception {
        try (Serving empty = Serving.builder().build();
                Facade early = start(empty)) {
            assertFailed(early.client("").generate(Ask.of("x", 1), null).end(), "UNAVAILABLE", "MODEL_LOADING");
            assertFailed(early.client("").converse(null).open("", "", false).end(), "UNAVAILABLE", "MODEL_LOADING");
        }
    }

    @Test
    void call_thatTheEngineFails_hasTheFailuresKindAndNoWordOfThePrompt() {
        record Case(RuntimeException thrown, String kind, String reason) {}
        List<Case> cases = List.of(
                new Case(
                        new AdedException.ResourceExhausted("QUEUE_WAIT", "waited for too long", null),
                        "RESOURCE_EXHAUSTED",
                        "QUEUE_WAIT"),
                new Case(new AdedException.Unavailable("DRAINING", "bye"), "UNAVAILABLE", "DRAINING"),
                new Case(new AdedException.DeadlineExceeded("DEADLINE", "too late"), "DEADLINE_EXCEEDED", "DEADLINE"),
                new Case(new AdedException.Cancelled("gone"), "CANCELLED", "CANCELLED"),
                new Case(
                        new AdedException.Internal("DECODE_FAILED", "the library returned -3", null),
                        "INTERNAL",
                        "DECODE_FAILED"),
                new Case(new IllegalStateException("while working on: secret"), "INTERNAL", "UNEXPECTED"));
        for (Case one : cases) {
            serving().serve(ServedModel.of(FaultyEngine.throwing(one.thrown())));
            End single = client().generate(Ask.of("secret", 3), null).end();
            assertFailed(single, one.kind(), one.reason());
            assertThat(single.message()).doesNotContain("secret");
            End streamed = opened().turn(Ask.of("secret", 3)).end();
            assertFailed(streamed, one.kind(), one.reason());
            assertThat(streamed.message()).doesNotContain("secret");
        }
        serving().serve(ServedModel.of(engine()));
        answersAgain();
    }

    // --- cancellation and deadlines

    @Test
    void cancelTurn_running_finishesItAndTheConversationGoesOn() {
        Stream stream = opened();
        stream.turn(Ask.of("hello", 0)); // as many as fit: thousands
        assertThat(stream.next()).isInstanceOf(Event.Delta.class);
        stream.cancelTurn();
        assertThat(stream.answer().getLast())
                .isInstanceOfSatisfying(
                        Event.Finished.class,
                        finished -> assertThat(finished.reason()).isEqualTo("CANCELLED"));
        assertThat(tokens(stream.turn(Ask.of("more", 4)).answer())).isEqualTo(4);
    }

    @Test
    void cancelTurn_nothingRuns_isIgnored() {
        Stream stream = opened().cancelTurn();
        assertThat(tokens(stream.turn(Ask.of("hello", 4)).answer())).isEqualTo(4);
    }

    @Test
    void hangUp_duringAnswers_freesWhatTheyHeld() {
        Stream stream = opened();
        stream.turn(Ask.of("hello", 0));
        assertThat(stream.next()).isInstanceOf(Event.Delta.class);
        stream.hangUp();
        Stream answer = client().generate(Ask.of("hello", 0), null);
        assertThat(answer.next()).isInstanceOf(Event.Delta.class);
        answer.hangUp();
        awaitIdle();
        answersAgain();
    }

    @Test
    void deadline_duringAnAnswer_endsItAndFreesWhatItHeld() {
        gate.close();
        Stream answer = client().generate(Ask.of("hello", 0), Duration.ofMillis(300));
        assertThat(answer.end().kind()).isEqualTo("DEADLINE_EXCEEDED");
        gate.open();
        awaitIdle();
        answersAgain();
    }

    // --- half-close

    @Test
    void halfClose_nothingRuns_endsTheStream() {
        assertThat(opened().halfClose().end().isGood()).isTrue();
        awaitIdle();
    }

    @Test
    void halfClose_whileATurnRuns_completesIt() {
        Stream stream = opened();
        gate.close();
        stream.turn(Ask.of("hello", 15)).halfClose();
        await().until(() -> gate.waiting);
        gate.open();
        assertThat(tokens(stream.rest())).isEqualTo(15);
        assertThat(stream.end().isGood()).isTrue();
    }

    // --- drain

    @Test
    void drain_lettingTheRunningTurnEnd_refusesEverythingElse() throws Exception {
        Stream idle = opened();
        Stream busy = opened();
        gate.close();
        busy.turn(Ask.of("hello", 15));
        await().until(() -> gate.waiting);
        Thread drain = Thread.ofVirtual().start(() -> facade().drain(GRACE));
        assertFailed(idle.end(), "UNAVAILABLE", "DRAINING");
        gate.open();
        assertThat(tokens(busy.answer())).isEqualTo(15);
        assertFailed(busy.end(), "UNAVAILABLE", "DRAINING");
        drain.join();
        assertThat(serving().state()).isEqualTo(Serving.State.DRAINING);
        awaitIdle();
    }

    @Test
    void drain_withoutTime_endsWhatRuns() {
        Stream busy = opened();
        gate.close();
        busy.turn(Ask.of("hello", 15));
        await().until(() -> gate.waiting);
        facade().drain(Duration.ofMillis(50));
        assertThat(busy.end().isGood()).isFalse();
        gate.open();
        awaitIdle();
    }
}
