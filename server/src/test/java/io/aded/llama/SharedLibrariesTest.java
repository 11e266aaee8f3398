package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedLibrariesTest {
    @TempDir
    private Path directory;

    @Test
    void needed_ofALibrary_areItsNeededEntries() throws IOException {
        Path library = Files.write(directory.resolve("libx.so"), elf("libc.so.6", "libcudart.so.13"));

        assertThat(SharedLibraries.needed(library)).containsExactly("libc.so.6", "libcudart.so.13");
    }

    @Test
    void needed_ofTheBundledLibrary_holdTheCLibrary() {
        Path library = LlamaLibrary.bundled().path();
        assumeTrue(library.toString().endsWith(".so"), "not an ELF system");

        assertThat(SharedLibraries.needed(library)).contains("libc.so.6");
    }

    @Test
    void needed_ofSomethingElse_isNothing() throws IOException {
        assertThat(SharedLibraries.needed(directory.resolve("absent.so"))).isEmpty();
        assertThat(SharedLibraries.needed(Files.writeString(directory.resolve("text.so"), "text")))
                .isEmpty();
        byte[] whole = elf("libc.so.6");
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(directory.resolve("cut.so"), Arrays.copyOf(whole, length));
            assertThat(SharedLibraries.needed(cut)).allMatch("libc.so.6"::startsWith);
        }
        for (int at = 0; at < whole.length; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) 0x80;
            SharedLibraries.needed(Files.write(directory.resolve("flipped.so"), flipped));
        }
    }

    @Test
    void missing_namesEachThatIsNowhere() throws IOException {
        assumeTrue(LlamaLibrary.bundled().path().toString().endsWith(".so"), "not an ELF system");
        Files.write(
                directory.resolve("libggml-cuda.so"),
                elf("libc.so.6", "libno-such-b.so.13", "libno-such-a.so.13", "libggml-base.so"));
        Files.write(directory.resolve("libggml-base.so"), elf("libc.so.6"));

        assertThat(SharedLibraries.missing(directory, Map.of()))
                .isEqualTo(List.of("libno-such-a.so.13", "libno-such-b.so.13"));
    }

    @Test
    void missing_libraryInAToolkitsDirectory_isLoadedFromThere() throws IOException {
        Path bundled = LlamaLibrary.bundled().path();
        assumeTrue(bundled.toString().endsWith(".so"), "not an ELF system");
        Path toolkit = Files.createDirectories(directory.resolve("toolkit/lib64"));
        Path link = Files.createSymbolicLink(toolkit.resolve("libonly-in-the-toolkit.so.13"), bundled);
        Files.write(directory.resolve("libggml-cuda.so"), elf("libonly-in-the-toolkit.so.13"));

        assertThat(SharedLibraries.missing(directory, Map.of())).hasSize(1);
        assertThat(SharedLibraries.missing(
                        directory,
                        Map.of("CUDA_HOME", directory.resolve("toolkit").toString())))
                .isEmpty();
        Files.delete(link);
    }

    /** A library that holds nothing but its needs: header, two program headers, dynamic section, strings. */
    private static byte[] elf(String... needed) {
        byte[] strings = ("\0" + String.join("\0", needed) + "\0").getBytes(StandardCharsets.UTF_8);
        int dynamicAt = 64 + 2 * 56;
        int dynamicLength = (needed.length + 2) * 16;
        int stringsAt = dynamicAt + dynamicLength;
        long base = 0x10000;
        ByteBuffer file = ByteBuffer.allocate(stringsAt + strings.length).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1);
        file.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 2);
        segment(file, 64, 1, 0, base, file.capacity());
        segment(file, 64 + 56, 2, dynamicAt, base + dynamicAt, dynamicLength);
        int at = dynamicAt;
        int name = 1;
        for (String library : needed) {
            file.putLong(at, 1).putLong(at + 8, name);
            name += library.length() + 1;
            at += 16;
        }
        file.putLong(at, 5).putLong(at + 8, base + stringsAt);
        file.put(stringsAt, strings);
        return file.array();
    }

    private static void segment(ByteBuffer file, int at, int type, long offset, long address, long length) {
        file.putInt(at, type).putLong(at + 8, offset).putLong(at + 16, address).putLong(at + 32, length);
    }
}
