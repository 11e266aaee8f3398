package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.Delta;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import io.aded.serving.AnswerEvent;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.RoundReports;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutboxSinkTest {
    private static final AdedException FAILURE = new AdedException.Internal("TEST", "made up", null);

    /** What the connection's thread has to do. */
    private final Queue<Runnable> tasks = new ArrayDeque<>();

    private final ConnectionThread thread = new ConnectionThread(tasks::add);
    private final RecordingObserver call = new RecordingObserver();
    private final OutboxSink<String> sink = sink(call, thread);
    private final Engine engine = Engine.start(
            new ScriptedModel(ScriptedModel.babble(1, 2)), EngineOptions.ofCells(64), EngineTelemetry.NONE);
    private final ServedModel model = ServedModel.of(engine);

    private static OutboxSink<String> sink(RecordingObserver call, ConnectionThread thread) {
        return new OutboxSink<>(new Outbox<>(call), OutboxSinkTest::words, "", thread);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private static String words(AnswerEvent event) {
        return switch (event) {
            case AnswerEvent.Emitted emitted -> words(emitted.turn(), emitted.delta());
            case AnswerEvent.Round round -> "round" + round.report().index();
            case AnswerEvent.Opened _, AnswerEvent.Finished _ -> throw new IllegalArgumentException("not sent here");
        };
    }

    private static String words(int turn, Delta delta) {
        List<Delta.TokenLogProbability> probabilities = delta.logProbabilities();
        return turn + ":" + delta.text() + Arrays.toString(delta.tokens()).replace(" ", "")
                + (probabilities == null
                        ? ""
                        : probabilities.stream()
                                .map(probability -> "" + probability.token())
                                .collect(Collectors.joining(",", "p", "")))
                + switch (delta.part()) {
                    case Delta.Part.Words(boolean reasoning) -> reasoning ? "r" : "";
                    case Delta.Part.Call(int index, String id, String name) -> "c" + index + id + name;
                };
    }

    private AnswerEvent emitted(int turn, String text, Delta.Part part, int... tokens) {
        return new AnswerEvent.Emitted(model, turn, new Delta(text, tokens, null, part));
    }

    private AnswerEvent emitted(String text, int... tokens) {
        return emitted(1, text, Delta.Part.TEXT, tokens);
    }

    private AnswerEvent round(int index) {
        return new AnswerEvent.Round(model, 1, RoundReports.withoutDraft(index, 0, 1));
    }

    /** The connection's thread does one task; false if there was none. */
    private boolean step() {
        Runnable task = tasks.poll();
        if (task != null) {
            task.run();
        }
        return task != null;
    }

    private String heard() {
        while (step()) {
            // On to the next.
        }
        return call.heard();
    }

    @Test
    void send_connectionKeepsUp_isOneMessageEach() {
        sink.send(emitted("a", 1));
        step();
        sink.send(emitted("b", 2));
        assertThat(heard()).isEqualTo("1:a[1] 1:b[2]");
    }

    @Test
    void send_beforeTheConnectionsThreadCame_isOneMessage() {
        sink.send(emitted("a", 1));
        sink.send(emitted("", 2, 3));
        sink.send(emitted("bc", 4));
        assertThat(tasks).hasSize(1);
        assertThat(heard()).isEqualTo("1:abc[1,2,3,4]");
    }

    @Test
    void send_logProbabilities_areJoinedInOrder() {
        for (int token = 1; token <= 3; token++) {
            var probability = new Delta.TokenLogProbability(token, -1f, List.of());
            sink.send(new AnswerEvent.Emitted(model, 1, new Delta("x", new int[] {token}, List.of(probability))));
        }
        assertThat(heard()).isEqualTo("1:xxx[1,2,3]p1,2,3");
    }

    @Test
    void send_otherPartsTurnsAndRounds_stayApartAndInOrder() {
        sink.send(emitted(1, "t", Delta.Part.REASONING, 1));
        sink.send(emitted(1, "u", Delta.Part.REASONING, 2));
        sink.send(emitted("a", 3));
        sink.send(round(0));
        sink.send(emitted("b", 4));
        sink.send(round(1));
        sink.send(emitted(1, "{", new Delta.Part.Call(0, "id", "f"), 5));
        sink.send(emitted(1, "}", new Delta.Part.Call(0, "", ""), 6));
        sink.send(emitted(1, "{", new Delta.Part.Call(1, "jd", "f"), 7));
        sink.send(emitted(2, "c", Delta.Part.TEXT, 8));
        sink.send(emitted(3, "d", Delta.Part.TEXT, 9));
        assertThat(heard())
                .isEqualTo("1:tu[1,2]r 1:a[3] round0 1:b[4] round1 1:{}[5,6]c0idf 1:{[7]c1jdf 2:c[8] 3:d[9]");
    }

    @Test
    void complete_eventsWait_comesAfterThem() {
        sink.send(emitted("a", 1));
        sink.complete();
        sink.send(emitted("b", 2));
        sink.fail(FAILURE);
        assertThat(heard()).isEqualTo("1:a[1] completed");
    }

    @Test
    void fail_nothingWaits_failsTheCall() {
        sink.fail(FAILURE);
        assertThat(heard()).isEqualTo("failed");
    }

    @Test
    void abandon_eventsWait_dropsThem() {
        sink.send(emitted("a", 1));
        sink.complete();
        sink.abandon();
        assertThat(heard()).isEmpty();
        assertThat(sink.isReady()).isTrue();
    }

    @Test
    void send_abandoned_isNotEvenQueued() {
        sink.abandon();
        sink.send(emitted("a", 1));
        sink.complete();
        assertThat(tasks).isEmpty();
    }

    @Test
    void isReady_muchWaits_isFalseUntilItIsSent() {
        var told = new int[1];
        sink.tell(() -> told[0]++, () -> {});
        call.setReady(true);
        sink.send(emitted("a", 1));
        assertThat(sink.isReady()).isTrue();
        sink.send(emitted("x".repeat(40_000), 2));
        assertThat(sink.isReady()).isFalse();
        step();
        assertThat(sink.isReady()).isTrue();
        assertThat(told[0]).isOne();
        sink.send(emitted("b", 3));
        step();
        assertThat(told[0]).isOne();
    }

    @Test
    void isReady_transportTakesNoMore_isFalseUntilItSaysSo() {
        var told = new int[1];
        sink.tell(() -> told[0]++, () -> {});
        sink.send(emitted("a", 1));
        step();
        assertThat(sink.isReady()).isFalse();
        sink.send(emitted("b", 2));
        step();
        assertThat(sink.isReady()).isFalse();
        assertThat(told[0]).isZero();
        sink.resume();
        assertThat(sink.isReady()).isTrue();
        assertThat(told[0]).isOne();
    }

    @Test
    void isReady_transportTookAgainUnheard_isTrueAfterTheNextSending() {
        var told = new int[1];
        sink.tell(() -> told[0]++, () -> {});
        sink.send(emitted("a", 1));
        step();
        call.setReady(true);
        sink.send(emitted("b", 2));
        step();
        assertThat(sink.isReady()).isTrue();
        assertThat(told[0]).isOne();
    }

    @Test
    void sendWaiting_messageCannotBeMade_failsTheCallAndTells() {
        var broken = new OutboxSink<String>(
                new Outbox<>(call),
                _ -> {
                    throw new IllegalStateException("made up");
                },
                "",
                thread);
        var gone = new int[1];
        broken.tell(() -> {}, () -> gone[0]++);
        broken.send(emitted("a", 1));
        assertThat(heard()).isEqualTo("failed");
        assertThat(gone[0]).isOne();
    }

    @Test
    void send_noThread_isSentAtOnce() {
        var direct = new OutboxSink<>(new Outbox<>(call), OutboxSinkTest::words, "", null);
        direct.send(emitted("a", 1));
        direct.send(emitted("b", 2));
        direct.complete();
        assertThat(call.heard()).isEqualTo("1:a[1] 1:b[2] completed");
    }

    @Test
    void queue_severalCalls_areOneTask() {
        var other = new RecordingObserver();
        sink.send(emitted("a", 1));
        sink(other, thread).send(emitted("b", 2));
        assertThat(tasks).hasSize(1);
        step();
        assertThat(call.heard()).isEqualTo("1:a[1]");
        assertThat(other.heard()).isEqualTo("1:b[2]");
    }

    @Test
    void queue_manyCalls_leavesTheThreadInBetween() {
        for (int i = 0; i < 129; i++) {
            sink(new RecordingObserver(), thread).send(emitted("a", i));
        }
        step();
        assertThat(tasks).hasSize(1);
        step();
        assertThat(tasks).isEmpty();
    }

    @Test
    void queue_threadHasEnded_dropsTheCalls() {
        var ended = new ConnectionThread(_ -> {
            throw new RejectedExecutionException();
        });
        OutboxSink<String> dropped = sink(call, ended);
        dropped.send(emitted("a", 1));
        dropped.complete();
        assertThat(call.heard()).isEmpty();
        assertThat(dropped.isReady()).isTrue();
    }
}
