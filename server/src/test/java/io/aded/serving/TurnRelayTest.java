package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.Delta;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.engine.FinishReason;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnResult;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import io.aded.telemetry.EngineTelemetry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class TurnRelayTest {
    /** Alarms that are set and not called off, which a test lets ring. */
    private final List<Runnable> set = new ArrayList<>();

    private final List<String> events = new ArrayList<>();
    private boolean ready;
    private long interval;
    private long now;

    private final Conversations.Alarm alarm = new Conversations.Alarm() {
        @Override
        public Runnable after(Duration delay, Runnable task) {
            set.add(task);
            return () -> set.remove(task);
        }

        @Override
        public void close() {}
    };

    private final AnswerSink sink = new AnswerSink() {
        @Override
        public void send(AnswerEvent event) {
            events.add(
                    event instanceof AnswerEvent.Emitted emitted
                            ? emitted.delta().text()
                            : event.getClass().getSimpleName());
        }

        @Override
        public void complete() {
            events.add("complete");
        }

        @Override
        public void fail(Throwable failure) {
            events.add("failed");
        }

        @Override
        public boolean isReady() {
            return ready;
        }
    };

    private final TurnRelay.Ending ending = new TurnRelay.Ending() {
        @Override
        public void finished(Runnable last) {
            last.run();
        }

        @Override
        public void failed(AdedException failure) {
            events.add(failure.reason());
        }

        @Override
        public void givenUp(AdedException failure) {
            events.add(failure.reason());
        }
    };

    private TurnRelay relay(ServedModel model) {
        return new TurnRelay(
                model,
                1,
                sink,
                List.of(),
                ending,
                new TurnRelay.Sending(
                        (answers, then) -> new UnreadGuard(answers, Duration.ofSeconds(20), alarm, then),
                        output -> new Coalescer(interval, () -> now, output)));
    }

    private void withRelay(Consumer<TurnRelay> test) {
        try (Engine engine = Engine.start(
                new ScriptedModel(ScriptedModel.babble(7, 2)), EngineOptions.ofCells(256), EngineTelemetry.NONE)) {
            test.accept(relay(ServedModel.of(engine)));
        }
    }

    @Test
    void isReady_askedOften_changesNothing() {
        withRelay(relay -> {
            assertThat(relay.isReady()).isFalse();
            assertThat(relay.isReady()).isFalse();
            ready = true;
            assertThat(relay.isReady()).isTrue();
            assertThat(set).isEmpty();
        });
    }

    @Test
    void onParked_thenReadAgain_noAlarmIsLeft() {
        withRelay(relay -> {
            relay.onParked(true);
            assertThat(set).hasSize(1);
            relay.onParked(false);
            assertThat(set).isEmpty();
        });
    }

    @Test
    void onParked_unreadUntilTheAlarm_isGivenUp() {
        withRelay(relay -> {
            relay.onParked(true);
            ready = true;
            set.getFirst().run(); // rings while it is being read
            assertThat(events).isEmpty();
            ready = false;
            set.getFirst().run();
            assertThat(events).containsExactly("NOT_READ");
        });
    }

    @Test
    void onFinished_whileParked_callsTheAlarmOff() {
        withRelay(relay -> {
            relay.onParked(true);
            relay.onFinished(new TurnResult(
                    FinishReason.STOP,
                    1,
                    0,
                    1,
                    0,
                    0,
                    0,
                    0,
                    new SpeculationStatistics(0, 0, 0, 0, new long[0], 0, 0, 0, 0)));
            assertThat(set).isEmpty();
            assertThat(events).containsExactly("Finished");
        });
    }

    private static Delta delta(String text, int... tokens) {
        return new Delta(text, tokens, null);
    }

    @Test
    void onDelta_withoutAnInterval_isSentAtOnce() {
        withRelay(relay -> {
            relay.onDelta(delta("a", 1));
            relay.onDelta(delta("b", 2));
            assertThat(events).containsExactly("a", "b");
        });
    }

    /** Every 10 ns: the first at once, then all that came since, and the rest with the end. */
    @Test
    void onDelta_withAnInterval_isSentTogether() {
        interval = 10;
        withRelay(relay -> {
            relay.onDelta(delta("a", 1));
            relay.onDelta(delta("b", 2));
            now = 9;
            relay.onDelta(delta("c", 3));
            assertThat(events).containsExactly("a");
            now = 10;
            relay.onDelta(delta("d", 4));
            assertThat(events).containsExactly("a", "bcd");
            now = 19;
            relay.onDelta(delta("e", 5));
            relay.onFailed(new AdedException.Cancelled("gone"));
            assertThat(events).containsExactly("a", "bcd", "e", "CANCELLED");
        });
    }
}
