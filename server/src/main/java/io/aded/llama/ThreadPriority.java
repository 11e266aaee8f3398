package io.aded.llama;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Lowers the priorities that threads have for the operating system, so that they compute with what others leave, and
 * stop at once when another thread wakes up. Thread-safe.
 *
 * <p>Linux schedules each thread for itself and lets anybody lower the priority of a thread of his own, which raises
 * its "nice" value; to raise the priority again takes a privilege (setpriority(2), sched(7)). So it is for good. The
 * JVM's own priorities do nothing there unless it was started with options. Elsewhere nothing is changed: on macOS
 * {@code setpriority} is about the whole process.
 */
public final class ThreadPriority {
    /** A tenth of the share of a thread that was not lowered. */
    private static final int STEP = 10;

    /** Half of it: where both cores are taken by code that is not compiled yet, compilers are what helps. */
    private static final int COMPILERS_STEP = 3;

    private static final int LOWEST = 19;
    /** Of {@code setpriority} and {@code getpriority}: one process, or, on Linux, one thread. */
    private static final int PRIO_PROCESS = 0;

    private static final int CALLING = 0;

    private static final AtomicBoolean COMPILERS_LOWERED = new AtomicBoolean();

    private ThreadPriority() {}

    /** Lowers that of the calling thread, for as long as it lives. False if it was not: it can only be tried. */
    public static boolean lower() {
        return !Thread.currentThread().isVirtual() && lower(CALLING, STEP);
    }

    /**
     * Lowers those of the JVM's compilers, once for the process; further threads that they start inherit it. Code that
     * is new runs somewhat longer before it is compiled, and what is answered meanwhile is not kept waiting by it.
     *
     * @return how many threads that were
     */
    public static int lowerCompilers() {
        int lowered = 0;
        if (C.SET != null && COMPILERS_LOWERED.compareAndSet(false, true)) {
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
                for (Path thread : threads) {
                    if (isCompiler(thread)
                            && lower(Integer.parseInt(thread.getFileName().toString()), COMPILERS_STEP)) {
                        lowered++;
                    }
                }
            } catch (IOException | RuntimeException unreadable) {
                return lowered; // as it was
            }
        }
        return lowered;
    }

    private static boolean isCompiler(Path thread) throws IOException {
        String name = Files.readString(thread.resolve("comm"));
        return name.startsWith("C1 Compiler") || name.startsWith("C2 Compiler");
    }

    private static boolean lower(int thread, int step) {
        MethodHandle get = C.GET;
        MethodHandle set = C.SET;
        if (get == null || set == null) {
            return false;
        }
        try {
            int now = (int) get.invokeExact(PRIO_PROCESS, thread);
            return (int) set.invokeExact(PRIO_PROCESS, thread, Math.min(LOWEST, now + step)) == 0;
        } catch (Throwable noMemory) {
            return false;
        }
    }

    /** Functions of C's library, where they mean threads. */
    private static final class C {
        private static final boolean BY_THREAD =
                System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux");

        /** {@code int getpriority(int which, id_t who)}. */
        static final @Nullable MethodHandle GET = function(
                "getpriority", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

        /** {@code int setpriority(int which, id_t who, int value)}. */
        static final @Nullable MethodHandle SET = function(
                "setpriority",
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

        private static @Nullable MethodHandle function(String name, FunctionDescriptor descriptor) {
            Linker linker = Linker.nativeLinker();
            return BY_THREAD
                    ? linker.defaultLookup()
                            .find(name)
                            .map(address -> linker.downcallHandle(address, descriptor))
                            .orElse(null)
                    : null;
        }
    }
}
