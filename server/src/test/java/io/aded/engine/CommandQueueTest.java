package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Interleavings;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class CommandQueueTest {

    @Test
    void close_withCommandsLeft_givesThemAndRefusesMore() {
        var queue = new CommandQueue();
        Runnable first = () -> {};
        Runnable second = () -> {};
        assertThat(queue.offer(first)).isTrue();
        assertThat(queue.offer(second)).isTrue();
        assertThat(queue.close()).containsExactly(first, second);
        assertThat(queue.offer(first)).isFalse();
        assertThat(queue.poll()).isNull();
    }

    @Test
    void queue_filledEmptiedAndClosedByTwoThreads_losesNothing() {
        Interleavings.explore(Spec.class);
    }

    /** Commands are numbers, so that their order shows. */
    @Param(name = "command", gen = IntGen.class, conf = "1:3")
    public static class Spec {
        private record Numbered(int number) implements Runnable {
            @Override
            public void run() {}
        }

        private final CommandQueue queue = new CommandQueue();

        @Operation
        public boolean offer(@Param(name = "command") int number) {
            return queue.offer(new Numbered(number));
        }

        @Operation
        public int poll() {
            return queue.poll() instanceof Numbered(int number) ? number : 0;
        }

        @Operation
        public String close() {
            return queue.close().toString();
        }

        @Operation
        public boolean isEmpty() {
            return queue.isEmpty();
        }
    }
}
