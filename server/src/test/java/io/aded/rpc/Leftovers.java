package io.aded.rpc;

import io.grpc.netty.shaded.io.netty.buffer.PoolArenaMetric;
import io.grpc.netty.shaded.io.netty.buffer.PooledByteBufAllocator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * What a server may leave behind in its process, counted. Two counts, one before it started and one after it was
 * closed, are the same if it left nothing.
 *
 * @param files what open file descriptors stand for, class path aside; empty where the system does not tell
 * @param directBytes direct buffers that the JDK allocated
 * @param nettyBytes direct memory that netty's pool has handed out and not got back
 */
record Leftovers(List<String> files, long directBytes, long nettyBytes) {
    /** One of each is made for a stream, a session or a turn. */
    private static final List<String> OF_STREAMS = List.of(
            "io.aded.rpc.ConverseCall",
            "io.aded.rpc.GenerateCall",
            "io.aded.rpc.Outbox",
            "io.aded.rpc.Conversation",
            "io.aded.engine.LocalSession",
            "io.aded.engine.LocalTurn",
            "io.aded.draft.adaptive.AdedDrafter",
            "io.aded.draft.mcts.MctsDrafter",
            "io.aded.llama.LlamaSampler",
            "io.grpc.internal.ServerCallImpl",
            "io.grpc.internal.ClientCallImpl");

    static Leftovers now() {
        System.gc(); // direct buffers go with the objects that own them
        return new Leftovers(openFiles(), directMemory(), nettyMemory());
    }

    /** The threads of ours and of gRPC's that live. */
    static Set<Thread> liveThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("aded-")
                        || thread.getName().startsWith("grpc-")
                                // The destroyer closes what idle channels shared; it lives as long as the process.
                                && !thread.getName().startsWith("grpc-shared-destroyer"))
                .collect(Collectors.toSet());
    }

    private static List<String> openFiles() {
        List<String> files = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path descriptor : descriptors) {
                try {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (!target.endsWith(".jar")) {
                        files.add(target);
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    // It is not left.
                }
            }
        } catch (NoSuchFileException | NotDirectoryException notLinux) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Collections.sort(files);
        return files;
    }

    private static long directMemory() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    private static long nettyMemory() {
        try {
            // gRPC has pools of its own, which it shows to nobody.
            Method pool = Class.forName("io.grpc.netty.shaded.io.grpc.netty.Utils")
                    .getDeclaredMethod("getByteBufAllocator", boolean.class);
            pool.setAccessible(true);
            return ((PooledByteBufAllocator) pool.invoke(null, false))
                    .metric().directArenas().stream()
                            .mapToLong(PoolArenaMetric::numActiveBytes)
                            .sum();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError("gRPC keeps its buffers elsewhere now", e);
        }
    }

    /** Collects garbage, and counts what is left of each class. */
    static Map<String, Integer> streamObjects() {
        String histogram;
        try {
            histogram = (String) ManagementFactory.getPlatformMBeanServer()
                    .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcClassHistogram",
                            new Object[] {new String[0]},
                            new String[] {String[].class.getName()});
        } catch (JMException e) {
            throw new AssertionError("the JVM makes no histogram", e);
        }
        Map<String, Integer> counts = new TreeMap<>();
        for (String line : histogram.split("\n")) {
            // "  12:     34     1632  io.aded.rpc.Outbox"
            String[] parts = line.strip().split("\\s+");
            if (parts.length >= 4 && OF_STREAMS.contains(parts[3])) {
                counts.put(parts[3], Integer.parseInt(parts[1]));
            }
        }
        return counts;
    }
}
