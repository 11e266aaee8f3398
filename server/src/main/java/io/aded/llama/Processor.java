package io.aded.llama;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** What is known about the processor without asking native code. */
public final class Processor {
    private Processor() {}

    /**
     * Compute threads that do not get in each other's way: one a physical core, and no more than this process may use.
     * Two threads on one core share its vector units, which is all that a forward pass needs.
     */
    public static int physicalCores() {
        int available = Runtime.getRuntime().availableProcessors();
        Path root = Path.of("/sys/devices/system/cpu");
        Set<String> cores = new HashSet<>();
        try (DirectoryStream<Path> processors = Files.newDirectoryStream(root, "cpu[0-9]*")) {
            for (Path processor : processors) {
                Path siblings = processor.resolve("topology/thread_siblings_list");
                if (Files.isReadable(siblings)) {
                    cores.add(Files.readString(siblings).strip());
                }
            }
        } catch (IOException notLinux) {
            return available;
        }
        return cores.isEmpty() ? available : Math.max(1, Math.min(available, cores.size()));
    }
}
