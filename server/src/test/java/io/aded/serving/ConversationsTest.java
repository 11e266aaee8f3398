package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.engine.Session;
import io.aded.engine.Turn;
import io.aded.engine.TurnListener;
import io.aded.engine.TurnRequest;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.testing.Interleavings;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
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
    void begin_asManyAsThereMayBe_isRefusedUntilOneEnds() {
        var desk = new Desk();
        desk.conversations.bound(new ConversationBounds(3, 2));
        Conversation first = desk.begin("anna", "a");
        desk.begin("anna", "b");
        assertThatThrownBy(() -> desk.begin("anna", "c"))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("2 conversations of this client are open or kept");
        desk.begin("ben", "a");
        assertThatThrownBy(() -> desk.begin("carla", "a"))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("3 conversations are open or kept");
        assertThatThrownBy(() -> desk.begin("ben", "a")).isInstanceOf(AdedException.class);
        desk.conversations.release(first);
        assertThatThrownBy(() -> desk.begin("anna", "c"))
                .as("it is kept")
                .isInstanceOf(AdedException.ResourceExhausted.class);
        desk.alarms.remove().run();
        desk.begin("anna", "c");
    }

    @Test
    void begin_sessionThatCannotBeOpened_takesNoPlace() {
        var desk = new Desk();
        desk.conversations.bound(new ConversationBounds(1, 1));
        assertThatThrownBy(() -> desk.conversations.begin("anna", "", null, null, () -> {
                    throw new AdedException.Unavailable("DRAINING", "no");
                }))
                .isInstanceOf(AdedException.Unavailable.class);
        desk.begin("anna", "a");
    }

    @Test
    void begin_withoutAName_getsOneThatCannotBeGuessed() {
        var desk = new Desk();
        String one = desk.conversations
                .begin("", "", null, null, () -> new Closing(desk.closed))
                .key
                .id();
        String other = desk.conversations
                .begin("", "", null, null, () -> new Closing(desk.closed))
                .key
                .id();
        assertThat(one).startsWith("auto:c1-").hasSizeGreaterThan(12).isNotEqualTo(other);
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
            return begin("client", "name");
        }

        Conversation begin(String client, String name) {
            Conversation conversation = conversations.begin(client, name, null, null, () -> new Closing(closed));
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
