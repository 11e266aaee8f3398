package io.aded.llama;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Lets the process end while native code runs, with the status that it is to have. Thread-safe.
 *
 * <p>However a JVM ends (a signal, {@link System#exit}, {@link Runtime#halt}, a return from main), C's {@code exit()}
 * comes last, and that runs the destructors of all native libraries while their threads still compute: they then read
 * tables that are gone, and the process dies of SIGSEGV instead. Nothing that those destructors do is needed by a
 * process that ends, and asking passes to stop first would wait for code that may hang.
 *
 * <p>So {@code _exit}, which ends the process and runs nothing, is registered as what {@code exit()} is to call:
 * {@code on_exit} hands it the status, and what was registered last is called first (glibc's manual, "Cleanups on
 * Exit"). Libraries register destructors when they are opened and some when a function is first called; hence it is
 * registered anew whenever the JVM begins to end.
 *
 * <p>Where C's library has no {@code on_exit} (macOS, musl), only {@link #halt} is safe.
 */
public final class ProcessEnd {
    private static final AtomicBoolean PREPARED = new AtomicBoolean();

    private ProcessEnd() {}

    /** To be called before native code can run, and again when libraries were opened. */
    static void prepare() {
        if (PREPARED.compareAndSet(false, true)) {
            try {
                Runtime.getRuntime().addShutdownHook(new Thread(ProcessEnd::skipDestructors, "aded-end"));
            } catch (IllegalStateException ending) {
                // The hooks have begun to run; then this registration is the last.
            }
        }
        skipDestructors();
    }

    /**
     * Ends the process at once, as {@link Runtime#halt} does: shutdown hooks do not run, and output that was not
     * flushed is lost.
     *
     * @param status the exit status, 0 to 255
     */
    public static void halt(int status) {
        if (PREPARED.get() && !skipDestructors()) {
            exitNow(status);
        }
        Runtime.getRuntime().halt(status);
    }

    private static boolean skipDestructors() {
        try {
            return C.ON_EXIT != null && (int) C.ON_EXIT.invokeExact(C.EXIT, 0L) == 0;
        } catch (Throwable noMemory) {
            return false; // the process ends; it may still do so well
        }
    }

    private static void exitNow(int status) {
        try {
            if (C.EXIT_NOW != null) {
                C.EXIT_NOW.invokeExact(status);
            }
        } catch (Throwable noMemory) {
            // The caller has another way.
        }
    }

    /** Functions of C's library, looked up when they are first needed: a program without native code pays nothing. */
    private static final class C {
        private static final Linker LINKER = Linker.nativeLinker();
        private static final SymbolLookup LIBRARY = LINKER.defaultLookup();

        static final long EXIT =
                LIBRARY.find("_exit").map(MemorySegment::address).orElse(0L);

        /** {@code int on_exit(void (*function)(int status, void *argument), void *argument)}. */
        static final @Nullable MethodHandle ON_EXIT = EXIT == 0
                ? null
                : function(
                        "on_exit",
                        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

        static final @Nullable MethodHandle EXIT_NOW =
                function("_exit", FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));

        private static @Nullable MethodHandle function(String name, FunctionDescriptor descriptor) {
            return LIBRARY.find(name)
                    .map(address -> LINKER.downcallHandle(address, descriptor))
                    .orElse(null);
        }
    }
}
