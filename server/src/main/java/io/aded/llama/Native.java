package io.aded.llama;

import io.aded.llama.abi.Exports;
import io.aded.llama.abi.LibraryLine;
import io.aded.llama.abi.LineCalls;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The C functions of a recognised library, each as a method with its own types, by what they are about. Pointers are
 * {@code long}s, which never leave this package.
 */
final class Native {
    /** All of memory, for reading what native code points at without making an object a pointer. */
    static final MemorySegment MEMORY = Exports.MEMORY;

    final LibraryLine line;
    /** What the lines name or shape differently. */
    final LineCalls calls;

    final LibraryFunctions library;
    final ModelFunctions models;
    final VocabularyFunctions vocabularies;
    final ContextFunctions contexts;
    final SamplerFunctions samplers;
    final SamplerChains chains;
    final RowFunctions rows;

    Native(Exports exports, LibraryLine line) {
        this.line = line;
        calls = line.calls(exports);
        library = new LibraryFunctions(exports);
        models = new ModelFunctions(exports, line);
        vocabularies = new VocabularyFunctions(exports);
        contexts = new ContextFunctions(exports, line);
        samplers = new SamplerFunctions(exports);
        chains = new SamplerChains(exports, calls);
        rows = new RowFunctions(exports);
    }

    /** A C string that native code owns, or null for a null pointer. */
    static @Nullable String string(long pointer) {
        return pointer == 0 ? null : MEMORY.getString(pointer, StandardCharsets.UTF_8);
    }
}
