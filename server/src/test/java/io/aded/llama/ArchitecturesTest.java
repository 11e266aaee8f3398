package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import io.aded.gguf.EditableGguf;
import io.aded.llama.abi.LibraryLine;
import io.aded.llama.abi.LibraryLines;
import io.aded.model.AdedException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** The tables of architectures, held against what the libraries answer when they are asked. */
class ArchitecturesTest {
    /** The last of llama.cpp's names; those before it stand before it in the library, too. */
    private static final String LAST = "\0(unknown)\0";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_.-]+");

    @TempDir
    private static Path directory;

    @BeforeAll
    static void silence() {
        log(Level.OFF); // hundreds of loads are refused
    }

    @AfterAll
    static void speak() {
        log(Level.ERROR);
    }

    private static void log(Level level) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            context.getLogger("llama.cpp").setLevel(level);
        }
    }

    /** Of all lines' names, and of all that stand in the library where its own stand, it knows those of its table. */
    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void architectures_ofALine_areThoseThatTheLibraryKnows(LlamaLibrary library) throws IOException {
        Set<String> asked = new TreeSet<>(namesIn(library));
        LibraryLines.all().forEach(line -> asked.addAll(line.architectures()));
        asked.removeAll(Set.of("clip", "unknown")); // it knows both, to refuse them

        Set<String> known = new TreeSet<>();
        for (String name : asked) {
            String error = errorOfLoading(library, name);
            assertThat(error).contains(name); // it came as far as to say what is missing, or that it is unknown
            if (!error.contains("unknown model architecture")) {
                known.add(name);
            }
        }

        assertThat(known).isEqualTo(new TreeSet<>(library.natives().line.architectures()));
        assertThat(errorOfLoading(library, "nosuch")).contains("unknown model architecture");
    }

    /** What a line does not know is worth a newer one, never an older one. */
    @Test
    void architectures_ofALaterLine_containThoseOfTheEarlier() {
        List<LibraryLine> lines = LibraryLines.all();
        for (int i = 1; i < lines.size(); i++) {
            assertThat(lines.get(i).architectures())
                    .containsAll(lines.get(i - 1).architectures());
        }
        assertThat(LlamaLibrary.versionsFor("llama")).isEqualTo(LlamaLibrary.supportedVersions());
        assertThat(LlamaLibrary.versionsFor("gemma4")).containsExactly("v0.4.0", "v0.5.0");
        assertThat(LlamaLibrary.versionsFor("hy_v4")).containsExactly("v0.5.0");
        assertThat(LlamaLibrary.versionsFor("nosuch")).isEmpty();
    }

    @Test
    void load_architectureOfANewerLibrary_saysWhich() throws IOException {
        Path file = named("gemma4");
        assertThatThrownBy(() -> LlamaModel.load(LlamaLibrary.bundled(), file, ModelParameters.DEFAULT))
                .isInstanceOfSatisfying(
                        AdedException.InvalidArtifact.class,
                        refused -> assertThat(refused.reason()).isEqualTo("ARCHITECTURE_OF_A_NEWER_LIBRARY"))
                .hasMessage("llama.cpp (b4916) does not know the architecture gemma4 of " + file + "; v0.5.0 does");
    }

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void load_architectureThatNobodyKnows_saysSo(LlamaLibrary library) throws IOException {
        Path file = named("nosuch");
        assertThatThrownBy(() -> LlamaModel.load(library, file, ModelParameters.DEFAULT))
                .isInstanceOfSatisfying(
                        AdedException.InvalidArtifact.class,
                        refused -> assertThat(refused.reason()).isEqualTo("ARCHITECTURE_UNKNOWN"))
                .hasMessage("llama.cpp (" + library.version() + ") does not know the architecture nosuch of " + file
                        + ", and no other that can be used here does (b4916, v0.4.0, v0.5.0)");
    }

    /** A sound model that says it is of another architecture. */
    private static Path named(String architecture) throws IOException {
        byte[] whole = Files.readAllBytes(TinyModels.f32(directory));
        return Files.write(
                directory.resolve(architecture + ".gguf"),
                EditableGguf.parse(whole)
                        .text("general.architecture", architecture)
                        .integer(architecture + ".block_count", 2)
                        .integer(architecture + ".embedding_length", 64)
                        .integer(architecture + ".context_length", 64)
                        .integer(architecture + ".attention.head_count", 4)
                        .toBytes());
    }

    /** A file that says nothing but its architecture: the first number that it lacks ends the loading. */
    private static String errorOfLoading(LlamaLibrary library, String architecture) throws IOException {
        Path file = new GgufWriter()
                .text("general.architecture", architecture)
                .tensor("t", new float[1], 1)
                .write(directory.resolve("bare.gguf"));
        library.log().takeLastError();
        assertThat(load(library, file)).isZero();
        return library.log().takeLastError();
    }

    /** Has the library itself load a file; 0 if it fails. */
    private static long load(LlamaLibrary library, Path file) {
        Native natives = library.natives();
        try (Arena arena = Arena.ofConfined()) {
            return natives.models.loadModel(
                    arena.allocateFrom(file.toString()).address(), natives.library.modelDefaults(arena));
        }
    }

    @Test
    void load_failsInAnotherThread_isNotWhatIsSaidInThisOne() throws Exception {
        LlamaLibrary library = LlamaLibrary.bundled();
        library.log().takeLastError();
        try (ExecutorService other = Executors.newSingleThreadExecutor()) {
            assertThat(other.submit(() -> errorOfLoading(library, "llama")).get())
                    .isNotEmpty();
            Path file = named("nosuch");
            other.submit(() -> load(library, file)).get(); // and nobody asks there why
            assertThat(library.log().takeLastError()).isEmpty();
            assertThat(other.submit(library.log()::takeLastError).get()).contains("nosuch");
        }
    }

    private static Set<String> namesIn(LlamaLibrary library) throws IOException {
        Set<String> names = new TreeSet<>();
        try (Stream<Path> files =
                Files.isDirectory(library.path()) ? Files.list(library.path()) : Stream.of(library.path())) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String content = Files.readString(file, StandardCharsets.ISO_8859_1);
                int end = content.indexOf(LAST);
                if (end >= 0) {
                    Stream.of(content.substring(Math.max(0, end - 4096), end).split("\0"))
                            .filter(name -> NAME.matcher(name).matches())
                            .forEach(names::add);
                }
            }
        }
        assertThat(names).contains("llama", "gemma3", "mamba");
        return names;
    }
}
