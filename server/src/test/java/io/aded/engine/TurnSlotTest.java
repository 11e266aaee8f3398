package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.testing.Interleavings;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class TurnSlotTest {

    @Test
    void reserve_whileATurnIsPrepared_isRefusedUntilTheSlotIsFree() {
        var slot = new TurnSlot<String>();
        slot.reserve();
        assertThatThrownBy(slot::reserve)
                .isInstanceOfSatisfying(
                        AdedException.FailedPrecondition.class,
                        refused -> assertThat(refused.reason()).isEqualTo("TURN_RUNNING"));
        slot.free();
        slot.reserve();
    }

    @Test
    void fill_closedMeanwhile_isRefusedAndHandsNothingOver() {
        var slot = new TurnSlot<String>();
        slot.reserve();
        assertThat(slot.close()).isTrue();
        assertThatThrownBy(() -> slot.fill("turn", () -> {
                    throw new AssertionError("handed over");
                }))
                .isInstanceOf(AdedException.FailedPrecondition.class);
        assertThat(slot.running()).isNull();
        assertThat(slot.close()).isFalse();
    }

    @Test
    void slot_usedByTwoThreads_isAsIfOneAfterTheOther() {
        Interleavings.explore(Spec.class);
    }

    /** Each call is one step. The plain counter shows whether hand-overs exclude each other. */
    public static class Spec {
        private final TurnSlot<String> slot = new TurnSlot<>();
        private int handedOver;

        @Operation
        public void reserve() {
            slot.reserve();
        }

        @Operation
        public int fill() {
            int[] number = new int[1];
            slot.fill("turn", () -> number[0] = ++handedOver);
            return number[0];
        }

        @Operation
        public void free() {
            slot.free();
        }

        @Operation
        public boolean close() {
            return slot.close();
        }

        @Operation
        public boolean isRunning() {
            return slot.running() != null;
        }

        @Operation
        public boolean isClosed() {
            return slot.isClosed();
        }
    }
}
