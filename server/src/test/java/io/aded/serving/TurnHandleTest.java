package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.Turn;
import io.aded.testing.Interleavings;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class TurnHandleTest {

    /** Counts what it is told. */
    private static final class Told implements Turn {
        final AtomicInteger cancels = new AtomicInteger();
        final AtomicInteger resumes = new AtomicInteger();

        @Override
        public void cancel() {
            cancels.incrementAndGet();
        }

        @Override
        public void resume() {
            resumes.incrementAndGet();
        }

        @Override
        public int promptTokens() {
            return 0;
        }
    }

    @Test
    void submitted_cancelledBefore_isCancelledAtOnce() {
        var told = new Told();
        var handle = new TurnHandle();
        handle.cancel();
        handle.submitted(told);
        assertThat(told.cancels).hasValue(1);
        assertThat(told.resumes).hasValue(0);
    }

    @Test
    void submitted_becameReadyBefore_isResumedAtOnce() {
        var told = new Told();
        var handle = new TurnHandle();
        handle.resume();
        handle.submitted(told);
        assertThat(told.resumes).hasValue(1);
    }

    @Test
    void handle_submittedAndSteeredByTwoThreads_missesNothing() {
        Interleavings.explore(Spec.class);
    }

    /** However a cancel and a submission meet, a turn that has had both is cancelled. */
    public static class Spec {
        private final TurnHandle handle = new TurnHandle();
        private final Told told = new Told();

        @Operation(runOnce = true)
        public void submitted() {
            handle.submitted(told);
        }

        @Operation
        public void cancel() {
            handle.cancel();
        }

        @Operation
        public void resume() {
            handle.resume();
        }

        @Operation
        public boolean isCancelled() {
            return told.cancels.get() > 0;
        }
    }
}
