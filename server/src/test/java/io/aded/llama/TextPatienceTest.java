package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.model.AdedException;
import io.aded.model.Patience;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TextPatienceTest {
    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void tokenize_callerLeavesMeanwhile_stopsAtTheNextPiece(LlamaLibrary library) {
        try (Tiny tiny = new Tiny(library, directory)) {
            AtomicInteger asked = new AtomicInteger();

            assertThatThrownBy(() -> Patience.during(
                            () -> {
                                if (asked.incrementAndGet() == 3) {
                                    throw new AdedException.Cancelled("the caller has left");
                                }
                            },
                            () -> tiny.model.vocabulary().tokenize("the cat and\n".repeat(50_000), true, false)))
                    .isInstanceOf(AdedException.Cancelled.class);

            assertThat(asked).hasValue(3);
        }
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void close_textWhoseCallerWasInterrupted_waitsUntilNothingReadsTheModel(LlamaLibrary library) throws Exception {
        CountDownLatch reads = new CountDownLatch(1);
        CountDownLatch goesOn = new CountDownLatch(1);
        Tiny tiny = new Tiny(library, directory);
        Thread caller = Thread.ofPlatform().start(() -> {
            try {
                Patience.during(
                        () -> {
                            reads.countDown();
                            pass(goesOn);
                        },
                        () -> tiny.model.vocabulary().tokenize("the cat and\n".repeat(50_000), true, false));
            } catch (AdedException.Cancelled left) {
                // As it was asked to.
            }
        });
        reads.await();
        caller.interrupt();
        caller.join();

        Thread owner = Thread.ofPlatform().start(tiny::close);

        try {
            await().until(() -> owner.getState() == Thread.State.WAITING);
        } finally {
            goesOn.countDown();
        }
        owner.join();
    }

    private static void pass(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
