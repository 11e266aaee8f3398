package io.aded.llama;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Lowers what can be lowered, in a process of its own, and prints the nice values of its threads by their names. */
final class LowersPriorities {
    private LowersPriorities() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        int ours = nice(Path.of("/proc/thread-self"));
        boolean compilers = ThreadPriority.lowerCompilers() > 0;
        int again = ThreadPriority.lowerCompilers();
        boolean[] lowered = new boolean[2];
        int[] nice = new int[1];
        Thread thread = new Thread(() -> {
            lowered[0] = ThreadPriority.lower();
            nice[0] = nice(Path.of("/proc/thread-self"));
        });
        thread.start();
        thread.join();
        Thread.ofVirtual().start(() -> lowered[1] = ThreadPriority.lower()).join();
        System.out.println("lowered: " + lowered[0] + ", by " + (nice[0] - ours) + "; virtual: " + lowered[1]
                + "; this one by " + (nice(Path.of("/proc/thread-self")) - ours));
        System.out.println("compilers: " + compilers + ", again " + again + ", " + compilers(ours));
    }

    private static Map<String, Integer> compilers(int ours) throws IOException {
        Map<String, Integer> lower = new TreeMap<>();
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
            for (Path thread : threads) {
                String name = Files.readString(thread.resolve("comm")).strip();
                if (name.contains("Compiler")) {
                    lower.put(name.substring(0, 2), nice(thread) - ours);
                }
            }
        }
        return lower;
    }

    /** The 19th field of proc_pid_stat(5); the second is a name in brackets. */
    private static int nice(Path thread) {
        try {
            String stat = Files.readString(thread.resolve("stat"));
            return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
