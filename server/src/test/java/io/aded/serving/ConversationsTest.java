package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.Session;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.model.ChatMessage;
import io.aded.testing.Interleavings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

class ConversationsTest {
    private static final Conversation.Key KEY = new Conversation.Key("client", "name");

    @Test
    void expire_calledOffTooLateAfterItWasKeptAgain_leavesItKept() {
        var desk = new Desk();
        Conversation conversation = desk.begin();
        desk.conversations.release(conversation);
        Runnable lateAlarm = desk.alarms.remove();
        assertThat(desk.conversations.resume(KEY)).isSameAs(conversation);
        desk.conversations.release(conversation);
        lateAlarm.run();
        assertThat(desk.conversations.keptCount()).isEqualTo(1);
        assertThat(desk.closed).hasValue(0);
        desk.alarms.remove().run();
        assertThat(desk.conversations.keptCount()).isZero();
        assertThat(desk.closed).hasValue(1);
    }

    @Test
    void conversation_heldKeptResumedAndExpiredByTwoThreads_hasOneHolderAndOneEnd() {
        Interleavings.explore(Spec.class);
    }

    /** Conversations whose alarms ring when the test says so, and whose sessions count how often they are closed. */
    private static final class Desk {
        final AtomicInteger closed = new AtomicInteger();
        final Queue<Runnable> alarms = new ArrayDeque<>();
        final Conversations conversations =
                new Conversations(ServingLimits.DEFAULT, Runnable::run, new Conversations.Alarm() {
                    @Override
                    public Runnable after(Duration delay, Runnable task) {
                        alarms.add(task);
                        return () -> alarms.remove(task);
                    }

                    @Override
                    public void close() {}
                });

        Conversation begin() {
            Conversation conversation = conversations.begin("client", "name", null, null, () -> new Closing(closed));
            conversations.keepFor(conversation, null);
            return conversation;
        }
    }

    /** One conversation, held at first. An operation holds it only between its own resume and release. */
    public static class Spec {
        private final Desk desk = new Desk();
        private final Conversation conversation = desk.begin();

        @Operation
        public boolean resume() {
            return desk.conversations.resume(KEY) != null;
        }

        @Operation
        public void release() {
            desk.conversations.release(conversation);
        }

        @Operation
        public boolean find() {
            return desk.conversations.find(KEY) != null;
        }

        @Operation
        public int keptCount() {
            return desk.conversations.keptCount();
        }

        @Operation(runOnce = true)
        public void close() {
            desk.conversations.close();
        }

        @Operation
        public int closedSessions() {
            return desk.closed.get();
        }
    }

    /** A session of which only the end matters. */
    private record Closing(AtomicInteger closed) implements Session {
        @Override
        public String id() {
            return "c1";
        }

        @Override
        public Turn submit(TurnRequest request, TurnListener listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<ChatMessage> messages() {
            return List.of();
        }

        @Override
        public int historyTokens() {
            return 0;
        }

        @Override
        public void reset() {}

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }
}
