package io.aded.llama;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Locale;
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

    private static final int LOWEST = 19;
    /** Of {@code setpriority} and {@code getpriority}: one process, or, on Linux, one thread. */
    private static final int PRIO_PROCESS = 0;

    private static final int CALLING = 0;

    private ThreadPriority() {}

    /** Lowers that of the calling thread, for as long as it lives. False if it was not: it can only be tried. */
    public static boolean lower() {
        MethodHandle get = C.GET;
        MethodHandle set = C.SET;
        if (get == null || set == null || Thread.currentThread().isVirtual()) {
            return false;
        }
        try {
            int now = (int) get.invokeExact(PRIO_PROCESS, CALLING);
            return (int) set.invokeExact(PRIO_PROCESS, CALLING, Math.min(LOWEST, now + STEP)) == 0;
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
