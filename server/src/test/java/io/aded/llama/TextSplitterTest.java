package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.Vocabulary;
import io.aded.testing.ForkedJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TextSplitterTest {
    @TempDir
    private static Path directory;

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void tokenize_longRunsUnderEveryPreTokeniser_neverEndTheProcess(LlamaLibrary library) throws Exception {
        ForkedJvm.Result result = ForkedJvm.run(
                LongRuns.class,
                directory,
                List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                library.isBundled() ? "bundled" : library.path().toString(),
                Files.createTempDirectory(directory, "run").toString(),
                System.getProperty("aded.longRuns", "3500"));
        String output = result.output();
        assertThat(result.exitCode())
                .as(output.substring(Math.max(0, output.length() - 2_000)))
                .isZero();
        assertThat(output)
                .contains("done")
                .contains("longest: ")
                .doesNotContain("not refused")
                .doesNotContain("lost");
        assertThat(output.lines().filter(line -> line.startsWith("refused: ")))
                .hasSize(library.isBundled() ? 2 : 3)
                .anySatisfy(line ->
                        assertThat(line).contains("a line of 262145 characters").contains("up to 262144"));
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void tokenizeContinuation_unigrams_putsNoBlankBefore(LlamaLibrary library) {
        try (LlamaModel model =
                LlamaModel.load(library, OtherVocabularies.write(directory, "t5"), ModelParameters.DEFAULT)) {
            Vocabulary vocabulary = model.vocabulary();
            for (String text : List.of("the", "the cat", " the", "~the", "caught")) {
                assertThat(vocabulary.detokenize(vocabulary.tokenizeContinuation(text, false), true))
                        .isEqualTo(text);
            }
            assertThat(vocabulary.detokenize(vocabulary.tokenize("the", false, false), true))
                    .isEqualTo(" the");
        }
    }

    @Test
    void longestLine_countsTheBlanksThatFollowALineToItsEnd() {
        assertThat(TextSplitter.longestLine("")).isZero();
        assertThat(TextSplitter.longestLine("abc")).isEqualTo(3);
        assertThat(TextSplitter.longestLine("abc\nde")).isEqualTo(4);
        assertThat(TextSplitter.longestLine("a\n \n\tbcd\ne")).isEqualTo(9);
        assertThat(TextSplitter.longestLine("\n\n\n")).isEqualTo(3);
    }

    @Test
    void run_waiterIsInterrupted_workIsToldAndAnotherCanFollow() throws Exception {
        CompletableFuture<Boolean> told = new CompletableFuture<>();
        CompletableFuture<Void> begun = new CompletableFuture<>();
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread waiter = Thread.ofPlatform().start(() -> {
            try {
                TextThread.run(10_000, 10, abandoned -> {
                    begun.complete(null);
                    while (!abandoned.get()) {
                        Thread.onSpinWait();
                    }
                    told.complete(true);
                    return 1;
                });
            } catch (RuntimeException e) {
                thrown.complete(e);
            }
        });
        begun.join();
        waiter.interrupt();
        assertThat(thrown.join()).isInstanceOf(AdedException.Cancelled.class);
        assertThat(told.join()).isTrue();
        int next = TextThread.run(10_000, 10, _ -> 2);
        assertThat(next).isEqualTo(2);
    }

    /** The engine's thread splits what a grammar dictates. */
    @Test
    @Timeout(60)
    void run_shortTextWhileEveryPlaceIsTaken_isSplitAtOnce() throws Exception {
        int places = Math.max(2, Runtime.getRuntime().availableProcessors());
        CountDownLatch begun = new CountDownLatch(places);
        CompletableFuture<Integer> release = new CompletableFuture<>();
        for (int i = 0; i < places; i++) {
            Thread.ofPlatform()
                    .start(() -> TextThread.run(10_000, 10, _ -> {
                        begun.countDown();
                        return release.join();
                    }));
        }
        begun.await();

        int done = TextThread.run(TextSplitter.SMALL_PIECE, TextThread.FIT_ANYWHERE, _ -> 2);

        assertThat(done).isEqualTo(2);
        release.complete(1);
    }

    @Test
    void run_workFails_throwsWhatItThrew() {
        assertThatThrownBy(() -> TextThread.run(10_000, 10, _ -> {
                    throw new AdedException.InvalidRequest("text", "is bad");
                }))
                .isInstanceOf(AdedException.InvalidRequest.class);
    }
}
