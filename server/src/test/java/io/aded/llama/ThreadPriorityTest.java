package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.aded.testing.ForkedJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ThreadPriorityTest {
    @TempDir
    private Path directory;

    @Test
    @EnabledOnOs(OS.LINUX)
    void lower_onLinux_isAboutTheCallingThreadAndTheCompilersOnly() throws Exception {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        int nice = Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
        assumeThat(nice).as("a process that is as low as can be").isLessThan(19);
        int step = Math.min(10, 19 - nice);
        int compilers = Math.min(3, 19 - nice);

        ForkedJvm.Result result =
                ForkedJvm.run(LowersPriorities.class, directory, List.of("-Xmx64m", "-XX:+UseSerialGC"));

        assertThat(result.output().lines())
                .containsExactly(
                        "lowered: true, by " + step + "; virtual: false; this one by 0",
                        "compilers: true, again 0, {C1=" + compilers + ", C2=" + compilers + "}");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void lower_virtualThread_changesNothing() throws InterruptedException {
        boolean[] lowered = {true};

        Thread.ofVirtual().start(() -> lowered[0] = ThreadPriority.lower()).join();

        assertThat(lowered[0]).isFalse();
    }
}
