package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HostMemoryTest {
    @TempDir
    private Path directory;

    private long available(String machine) throws IOException {
        Path file = Files.writeString(directory.resolve("meminfo"), machine);
        return new HostMemory(file, directory).availableBytes();
    }

    @Test
    void availableBytes_machine_isWhatItSays() throws IOException {
        assertThat(available("MemTotal:  9 kB\nMemAvailable:     2048 kB\nBuffers: 1 kB\n"))
                .isEqualTo(2L << 20);
    }

    @Test
    void availableBytes_group_countsWhatIsOnlyKeptOfFiles() throws IOException {
        Files.writeString(directory.resolve("memory.max"), "1000000\n");
        Files.writeString(directory.resolve("memory.current"), "900000\n");
        Files.writeString(directory.resolve("memory.stat"), "anon 1\nfile 300000\nfile_mapped 7\n");
        assertThat(available("MemAvailable:     2048 kB\n")).isEqualTo(400_000);
        assertThat(available("MemAvailable:     100 kB\n")).isEqualTo(100 << 10);

        Files.writeString(directory.resolve("memory.max"), "max\n");
        assertThat(available("MemAvailable:     2048 kB\n")).isEqualTo(2L << 20);
    }

    @Test
    void availableBytes_nothingToRead_isEndless() {
        assertThat(new HostMemory(directory.resolve("no"), directory).availableBytes())
                .isEqualTo(Long.MAX_VALUE);
    }
}
