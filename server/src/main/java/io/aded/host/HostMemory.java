package io.aded.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much memory of the machine, or of the container, could be had now: what is free and what is only kept of files.
 *
 * <p>From {@code /proc/meminfo} (MemAvailable) and cgroups of version 2 (memory.max, memory.current, and {@code file}
 * in memory.stat, which is given up when it is needed). Where none of it is there, memory counts as endless.
 */
public final class HostMemory {
    private static final Pattern AVAILABLE = Pattern.compile("(?m)^MemAvailable:\\s+(\\d+) kB$");
    private static final Pattern OF_FILES = Pattern.compile("(?m)^file (\\d+)$");

    private final Path processes;
    private final Path groups;

    HostMemory(Path processes, Path groups) {
        this.processes = processes;
        this.groups = groups;
    }

    /** Of the machine that this process runs on. */
    public static HostMemory ofMachine() {
        return new HostMemory(Path.of("/proc/meminfo"), Path.of("/sys/fs/cgroup"));
    }

    /** In bytes; {@link Long#MAX_VALUE} if that cannot be found out. */
    public long availableBytes() {
        long machine = number(AVAILABLE, processes);
        long ofMachine = machine < 0 ? Long.MAX_VALUE : machine << 10;
        try {
            String limit = Files.readString(groups.resolve("memory.max")).strip();
            if (!limit.equals("max")) {
                long used = Long.parseLong(
                        Files.readString(groups.resolve("memory.current")).strip());
                long files = Math.max(0, number(OF_FILES, groups.resolve("memory.stat")));
                return Math.min(ofMachine, Math.max(0, Long.parseLong(limit) - used + files));
            }
        } catch (IOException | NumberFormatException none) {
            // No such group: the machine's memory is what there is.
        }
        return ofMachine;
    }

    private static long number(Pattern pattern, Path file) {
        try {
            Matcher matcher = pattern.matcher(Files.readString(file));
            return matcher.find() ? Long.parseLong(matcher.group(1)) : -1;
        } catch (IOException | NumberFormatException none) {
            return -1;
        }
    }
}
