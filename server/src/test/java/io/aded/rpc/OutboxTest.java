package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.model.AdedException;
import io.aded.testing.Interleavings;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class OutboxTest {
    private static final AdedException FAILURE = new AdedException.Internal("TEST", "made up", null);

    @Test
    void send_afterTheEnd_isDropped() {
        var call = new RecordingObserver();
        var outbox = new Outbox<>(call);
        outbox.send("one");
        outbox.complete();
        outbox.send("two");
        outbox.fail(FAILURE);
        assertThat(call.heard()).isEqualTo("one completed");
        assertThat(outbox.isReady()).isTrue();
    }

    @Test
    void send_abandoned_isDropped() {
        var call = new RecordingObserver();
        var outbox = new Outbox<>(call);
        outbox.abandon();
        outbox.send("one");
        outbox.complete();
        assertThat(call.heard()).isEmpty();
    }

    @Test
    void outbox_usedByTwoThreads_entersTheCallOneByOneAndEndsItOnce() {
        Interleavings.explore(Spec.class);
    }

    /** The observer throws if it is entered twice at once, or after its end. */
    public static class Spec {
        private final RecordingObserver call = new RecordingObserver();
        private final Outbox<String> outbox = new Outbox<>(call);

        @Operation
        public void send() {
            outbox.send("x");
        }

        @Operation
        public void complete() {
            outbox.complete();
        }

        @Operation
        public void fail() {
            outbox.fail(FAILURE);
        }

        @Operation
        public void abandon() {
            outbox.abandon();
        }

        @Operation
        public boolean isEnded() {
            return outbox.isEnded();
        }

        @Operation
        public boolean isReady() {
            return outbox.isReady();
        }
    }
}
