package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.serving.StreamState.AfterTurn;
import io.aded.testing.Interleavings;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class StreamStateTest {
    private static final Runnable NOTHING = () -> {};

    @Test
    void turnEnded_afterHalfClose_completes() {
        var state = new StreamState<String, String>();
        state.open("conversation");
        state.begin("turn");
        assertThat(state.halfClose()).isFalse();
        assertThat(state.turnEnded(NOTHING)).isEqualTo(AfterTurn.COMPLETE);
    }

    @Test
    void begin_streamOver_isRefused() {
        var state = new StreamState<String, String>();
        state.open("conversation");
        assertThat(state.end()).isEqualTo(new StreamState.Remains<>("conversation", null));
        assertThat(state.end()).isNull();
        assertThat(state.begin("turn")).isFalse();
        assertThat(state.open("another")).isFalse();
    }

    @Test
    void state_changedByTwoThreads_isAsIfOneAfterTheOther() {
        Interleavings.explore(Spec.class);
    }

    /** A conversation that is open; client, engine, transport and server pull at it. */
    public static class Spec {
        private final StreamState<String, String> state = new StreamState<>();
        private int sent;

        public Spec() {
            state.open("conversation");
        }

        @Operation
        public boolean begin() {
            return state.begin("turn");
        }

        @Operation
        public String turnEnded() {
            int[] number = new int[1];
            return state.turnEnded(() -> number[0] = ++sent) + " " + number[0];
        }

        @Operation
        public boolean halfClose() {
            return state.halfClose();
        }

        @Operation
        public boolean drain() {
            return state.drain();
        }

        @Operation
        public String end() {
            return String.valueOf(state.end());
        }

        @Operation
        public boolean isOver() {
            return state.isOver();
        }
    }
}
