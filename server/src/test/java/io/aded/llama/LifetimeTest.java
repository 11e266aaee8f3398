package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.testing.Interleavings;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.Assertions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class LifetimeTest {

    @Test
    void end_withSomethingAcquired_isRefusedUntilItIsReleased() {
        var freed = new AtomicInteger();
        var life = new Lifetime("the thing");
        life.acquire();
        assertThatThrownBy(() -> life.end(freed::incrementAndGet))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("close them first");
        life.release();
        life.end(freed::incrementAndGet);
        life.end(freed::incrementAndGet);
        Assertions.assertThat(freed).hasValue(1);
        assertThatThrownBy(life::enter).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(life::acquire).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void life_usedAndEndedByTwoThreads_isNeverFreedInUse() {
        Interleavings.explore(Spec.class);
    }

    /** The flag stands for native memory: reading it freed is what must not happen. */
    public static class Spec {
        private final Lifetime life = new Lifetime("the thing");
        private volatile boolean freed;

        @Operation
        public void use() {
            life.enter();
            try {
                if (freed) {
                    throw new AssertionError("used after it was freed");
                }
            } finally {
                life.exit();
            }
        }

        @Operation
        public void acquire() {
            life.acquire();
        }

        @Operation
        public void release() {
            life.release();
        }

        @Operation
        public void end() {
            life.end(() -> freed = true);
        }
    }
}
