package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LlamaLibraryTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource("io.aded.llama.Libraries#all")
    void devices_ofAnyLibrary_includeTheCpu(LlamaLibrary library) {
        assertThat(LlamaLibrary.supportedVersions()).contains(library.version());
        assertThat(library.description())
                .isEqualTo("llama.cpp " + library.version() + (library.isBundled() ? " (bundled)" : ""));
        assertThat(library.devices())
                .anySatisfy(device -> assertThat(device.kind()).isEqualTo(LlamaLibrary.Device.Kind.CPU));
        assertThat(library.systemInfo()).contains("CPU");
        assertThat(LlamaLibrary.load(library.path())).isSameAs(library);
    }

    @Test
    void bundled_freshCache_isExtractedOnceAndLeavesNothingElse() throws IOException {
        Map<String, String> environment = Map.of("XDG_CACHE_HOME", directory.toString());
        Path library = BundledNatives.extract(environment);
        assertThat(library).startsWith(directory.resolve("aded").resolve("natives"));
        long written = Files.getLastModifiedTime(library).toMillis();
        assertThat(BundledNatives.extract(environment)).isEqualTo(library);
        assertThat(Files.getLastModifiedTime(library).toMillis()).isEqualTo(written);
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.filter(Files::isRegularFile)).containsExactly(library);
        }
    }

    @Test
    void bundled_damagedCopyInCache_isReplaced() throws IOException {
        Map<String, String> environment = Map.of("XDG_CACHE_HOME", directory.toString());
        Path library = BundledNatives.extract(environment);
        byte[] whole = Files.readAllBytes(library);
        byte[] damaged = whole.clone();
        damaged[damaged.length / 2] ^= 1;
        Files.write(library, damaged);
        BundledNatives.extract(environment);
        assertThat(Files.readAllBytes(library)).isEqualTo(whole);
    }

    @Test
    void resolve_optionBeforeEnvironmentBeforeBundled() {
        LlamaLibrary bundled = LlamaLibrary.resolve(null, Map.of("XDG_CACHE_HOME", directory.toString()));
        assertThat(bundled.isBundled()).isTrue();
        Path named = directory.resolve("named");
        Path other = directory.resolve("other");
        assertThatThrownBy(() -> LlamaLibrary.resolve(named, Map.of("ADED_NATIVES", other.toString())))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("named");
        assertThatThrownBy(() -> LlamaLibrary.resolve(null, Map.of("ADED_NATIVES", other.toString())))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("other");
    }

    @Test
    void load_fileThatIsNoLibrary_isRefused() throws IOException {
        Path file = Files.writeString(directory.resolve("libllama.so"), "this is text");
        assertThatThrownBy(() -> LlamaLibrary.load(file))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("cannot be opened as a native library");
        assertThatThrownBy(() -> LlamaLibrary.load(directory)).isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void load_directoryWithoutLibrary_isNotFound() {
        assertThatThrownBy(() -> LlamaLibrary.load(directory))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("no llama.cpp library in the directory");
    }

    /** A real build whose tell-tale symbol has another name is a build of an unknown version. */
    @Test
    void load_unknownVersion_isRefusedAndNamesWhatIsSupported() throws IOException {
        Path library = renamed("llama_kv_self_clear", "llama_kv_self_cleaX");
        assertThatThrownBy(() -> LlamaLibrary.load(library))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("unknown version")
                .hasMessageContaining("b4916")
                .hasMessageContaining("v0.5.0");
    }

    @Test
    void load_anotherLibrary_isRefused() throws IOException {
        Path library = renamed("llama_decode", "llama_decodX");
        assertThatThrownBy(() -> LlamaLibrary.load(library))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("does not export llama.cpp's C API");
    }

    private Path renamed(String symbol, String other) throws IOException {
        byte[] bytes = Files.readAllBytes(LlamaLibrary.bundled().path());
        byte[] from = ("\0" + symbol + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] to = ("\0" + other + "\0").getBytes(StandardCharsets.US_ASCII);
        int replaced = 0;
        for (int i = 0; i + from.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + from.length, from, 0, from.length)) {
                System.arraycopy(to, 0, bytes, i, to.length);
                replaced++;
            }
        }
        assertThat(replaced).isPositive();
        return Files.write(directory.resolve(System.mapLibraryName("llama")), bytes);
    }
}
