package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class ThreadPriorityTest {
    /** The 19th field of proc_pid_stat(5); the second is a name in brackets. */
    private static int nice() {
        try {
            String stat = Files.readString(Path.of("/proc/thread-self/stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void lower_onLinux_isAboutTheCallingThreadOnly() throws InterruptedException {
        int before = nice();
        assumeThat(before).as("a process that is as low as can be").isLessThan(19);
        boolean[] lowered = new boolean[1];
        int[] nice = new int[1];
        Thread thread = new Thread(() -> {
            lowered[0] = ThreadPriority.lower();
            nice[0] = nice();
        });

        thread.start();
        thread.join();

        assertThat(lowered[0]).isTrue();
        assertThat(nice[0]).isEqualTo(Math.min(before + 10, 19));
        assertThat(nice()).isEqualTo(before);
    }

    @Test
    void lower_virtualThread_changesNothing() throws InterruptedException {
        boolean[] lowered = {true};

        Thread.ofVirtual().start(() -> lowered[0] = ThreadPriority.lower()).join();

        assertThat(lowered[0]).isFalse();
    }
}
