package io.aded.llama.abi;

import io.aded.model.AdedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** All lines that the binding knows, and which of them a library is of. */
public final class LibraryLines {
    private static final List<LibraryLine> ALL = List.of(new B4916(), new V0_4_0(), new V0_5_0());

    private LibraryLines() {}

    /** All of them, the oldest first. */
    public static List<LibraryLine> all() {
        return ALL;
    }

    /** For messages that refuse something: what would have been accepted. */
    public static String supported() {
        return ALL.stream()
                .map(line -> line.version() + " (" + line.origin() + ")")
                .collect(Collectors.joining(", ", "supported are llama.cpp ", ""));
    }

    /**
     * The line that a library is of. Nothing is written before its own defaults were found where that line has them.
     *
     * @param path for messages
     * @throws AdedException.InvalidArtifact if it is of none
     */
    public static LibraryLine recognise(Exports exports, Path path) {
        if (!exports.has("llama_decode")) {
            throw refused(path + " does not export llama.cpp's C API");
        }
        for (LibraryLine line : ALL) {
            if (line.recognises(exports)) {
                checkDefaults(line, exports, path);
                return line;
            }
        }
        throw refused(
                exports.has("llama_version")
                        ? path + " is llama.cpp " + exports.text("llama_version")
                        : path + " is a llama.cpp build of an unknown version");
    }

    private static void checkDefaults(LibraryLine line, Exports exports, Path path) {
        List<String> mismatches = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            FunctionDescriptor room = FunctionDescriptor.of(CStruct.ROOM);
            mismatches.addAll(line.modelParams().mismatches((MemorySegment)
                    exports.bind("llama_model_default_params", room).invoke(arena)));
            mismatches.addAll(line.contextParams().mismatches((MemorySegment)
                    exports.bind("llama_context_default_params", room).invoke(arena)));
        } catch (Throwable thrown) {
            throw Exports.unexpected(thrown);
        }
        if (!mismatches.isEmpty()) {
            throw refused(path + " looks like llama.cpp " + line.version() + " but its structs differ ("
                    + String.join(", ", mismatches.subList(0, Math.min(3, mismatches.size()))) + ")");
        }
    }

    private static AdedException.InvalidArtifact refused(String why) {
        return new AdedException.InvalidArtifact("UNSUPPORTED_LIBRARY", why + "; " + supported());
    }
}
