package io.aded.llama.abi;

import io.aded.model.AdedException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The functions that an opened library exports, by their C names. */
public final class Exports {
    /** All of memory, for reading what native code points at without making an object a pointer. */
    public static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final Linker LINKER = Linker.nativeLinker();

    private final SymbolLookup symbols;

    /** Of a library and of what it needs. */
    public Exports(SymbolLookup symbols) {
        this.symbols = symbols;
    }

    /** Whether there is a function of that name. */
    public boolean has(String name) {
        return symbols.find(name).isPresent();
    }

    /**
     * A function, to be called with {@code invokeExact}. Pointers are {@code long}s: they are opaque here, and passing
     * them so costs neither an object nor a liveness check a call.
     *
     * @throws AdedException.InvalidArtifact if the library has none of that name
     */
    public MethodHandle bind(String name, FunctionDescriptor descriptor) {
        MemorySegment address = symbols.find(name)
                .orElseThrow(() -> new AdedException.InvalidArtifact(
                        "UNSUPPORTED_LIBRARY",
                        "the library has no function " + name + "; " + LibraryLines.supported()));
        return LINKER.downcallHandle(address, descriptor);
    }

    /** What a function without parameters that gives a C string says. */
    public String text(String name) {
        try {
            long text = (long)
                    bind(name, FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
            return text == 0 ? "" : MEMORY.getString(text);
        } catch (Throwable thrown) {
            throw unexpected(thrown);
        }
    }

    /** For what {@code invokeExact} declares: nothing is thrown by native code itself. */
    public static RuntimeException unexpected(Throwable thrown) {
        if (thrown instanceof RuntimeException exception) {
            return exception;
        }
        if (thrown instanceof Error error) {
            throw error;
        }
        return new AdedException.Internal("NATIVE_CALL", "a call into llama.cpp failed", thrown);
    }
}
