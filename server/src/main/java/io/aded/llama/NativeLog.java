package io.aded.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Routes llama.cpp's log to the logger {@code llama.cpp}, a line at a time, and remembers each thread's last
 * errors so that a failure can say why.
 *
 * <p>Native code prints pieces of lines, in the thread that called it or in one of its own, whose lines are logged and
 * not remembered for anybody. Nothing may be thrown back at it.
 */
final class NativeLog {
    private static final Logger LOG = LoggerFactory.getLogger("llama.cpp");

    private static final int INFO = 2;
    private static final int WARN = 3;
    private static final int ERROR = 4;
    private static final int CONTINUE = 5;

    /** Longer lines are cut: native code may print a whole grammar. */
    private static final int LONGEST = 2_000;

    /**
     * What is printed as an error when a pass is aborted, or it or a saved sequence finds no room: callers are told.
     */
    private static final Pattern EXPECTED =
            Pattern.compile("failed to decode, ret = (1|2|-3)$|compute status: 1$|compute_async failed with error 1$"
                    + "|failed to prepare ubatch|failed to find (a memory|KV cache) slot"
                    + "|failed to find (\\d+ )?available cells in kv cache|failed to restore kv cache$");

    private final MemorySegment callback = newCallback();

    /** Of each thread its own: two models may be loaded at once. */
    private final ThreadLocal<Lines> lines = ThreadLocal.withInitial(Lines::new);

    /** Installs itself; the callback stays for the life of the process. */
    void install(Native natives) {
        natives.library.logSet(callback.address(), 0);
    }

    private MemorySegment newCallback() {
        try {
            MethodHandle target = MethodHandles.lookup()
                    .bind(this, "print", MethodType.methodType(void.class, int.class, MemorySegment.class, long.class));
            return Linker.nativeLinker()
                    .upcallStub(
                            target,
                            FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG),
                            Arena.global());
        } catch (ReflectiveOperationException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** The lines at level error that calls of this thread printed since it last asked, or empty. */
    String takeLastError() {
        return lines.get().takeLastError();
    }

    @SuppressWarnings("UnusedMethod") // bound by name above
    private void print(int newLevel, MemorySegment text, long data) {
        try {
            lines.get().print(newLevel, text.address() == 0 ? "" : Native.MEMORY.getString(text.address()));
        } catch (RuntimeException | Error ignored) {
            // An exception that crossed into native code would end the process; a lost log line does not matter.
        }
    }

    /** What one thread printed. */
    static final class Lines {
        private final StringBuilder line = new StringBuilder();
        private int level = INFO;
        private String lastError = "";

        String takeLastError() {
            String taken = lastError;
            lastError = "";
            return taken;
        }

        void print(int newLevel, String piece) {
            if (newLevel != CONTINUE && newLevel != level) {
                flush();
            }
            if (newLevel != CONTINUE) {
                level = newLevel;
            }
            if (line.length() < LONGEST) {
                line.append(piece, 0, Math.min(piece.length(), LONGEST));
            }
            if (piece.endsWith("\n")) {
                flush();
            }
        }

        private void flush() {
            String text = line.toString().strip();
            line.setLength(0);
            if (text.isEmpty() || text.chars().allMatch(c -> c == '.')) {
                return;
            }
            switch (level) {
                case ERROR -> {
                    lastError = lastError.isEmpty() ? text : lastError + "; " + text;
                    if (lastError.length() > LONGEST) {
                        lastError = text;
                    }
                    if (EXPECTED.matcher(text).find()) {
                        LOG.debug("{}", text);
                    } else {
                        LOG.error("{}", text);
                    }
                }
                case WARN -> LOG.warn("{}", text);
                // A load prints some hundred lines at "info" that only someone who looks for a fault wants.
                case INFO -> LOG.debug("{}", text);
                default -> LOG.trace("{}", text);
            }
        }
    }
}
