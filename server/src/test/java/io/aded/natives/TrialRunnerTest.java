package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.llama.LlamaLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrialRunnerTest {
    @TempDir
    private Path directory;

    @Test
    void run_theBundledLibrary_works() {
        Verdict verdict = TrialRunner.create().run(LlamaLibrary.bundled().path(), false);

        assertThat(verdict.problem()).isNull();
        assertThat(verdict.devices()).isNotEmpty();
    }

    @Test
    void run_noLibrary_isAVerdictNotAFailure() {
        assertThat(TrialRunner.create().run(directory, false).problem()).contains("cannot be loaded");
    }

    @Test
    void run_verdictAmongChatter_isFound() {
        Verdict verdict =
                runner(Children.Talkative.class, Duration.ofMinutes(2)).run(Path.of("/x"), true);

        assertThat(verdict.works()).isTrue();
        assertThat(verdict.gpus())
                .singleElement()
                .satisfies(device -> assertThat(device.description()).isEqualTo("arguments: [/x, gpu]"));
    }

    @Test
    void run_processAborts_saysWhyAndThisOneLives() {
        assertThat(runner(Children.Aborting.class, Duration.ofMinutes(2))
                        .run(directory, true)
                        .problem())
                .isEqualTo("aborted when it was tried: ggml.c:77: GGML_ASSERT(no kernel image) failed");
    }

    @Test
    void run_driverIsTooOld_saysWhatToDo() {
        assertThat(runner(Children.Outdated.class, Duration.ofMinutes(2))
                        .run(directory, true)
                        .problem())
                .startsWith("aborted when it was tried: ERROR cpp: CUDA error: the provided PTX was compiled with an"
                        + " unsupported toolchain.")
                .endsWith("update the driver, or install cuda12)");
    }

    @Test
    void run_processEndsWithoutAVerdict_doesNotCountAsWorking() {
        assertThat(runner(Children.Silent.class, Duration.ofMinutes(2))
                        .run(directory, true)
                        .works())
                .isFalse();
    }

    @Test
    void run_processDiesWithTemporaryFiles_leavesNone() throws IOException {
        runner(Children.Littering.class, Duration.ofMinutes(2)).run(directory, true);

        Path file = Path.of(Files.readString(directory.resolve("where")));
        assertThat(file).doesNotExist();
        assertThat(file.getParent()).doesNotExist();
    }

    @Test
    void run_processHangs_isEnded() {
        assertThat(runner(Children.Hanging.class, Duration.ofSeconds(1))
                        .run(directory, true)
                        .problem())
                .contains("did not answer within 1 seconds");
    }

    private static TrialRunner runner(Class<?> child, Duration limit) {
        return new TrialRunner(child.getName(), Map.of(), limit);
    }
}
