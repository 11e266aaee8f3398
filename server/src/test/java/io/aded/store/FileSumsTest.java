package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileSumsTest {
    /** SHA-256 of "abc", FIPS 180-2, appendix B.1. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @TempDir
    Path directory;

    private FileSums sums() {
        return new FileSums(directory.resolve("sums"));
    }

    private Path abc() throws IOException {
        return Files.writeString(directory.resolve("a.gguf"), "abc");
    }

    @Test
    void of_sameFile_isKnownUntilItChanges() throws IOException {
        Path file = abc();
        assertThat(sums().of(file)).isEqualTo(ABC);
        try (Stream<Path> kept = Files.list(directory.resolve("sums"))) {
            Path known = kept.findFirst().orElseThrow();
            Files.writeString(known, Files.readString(known).replace(ABC, "kept"));
        }
        assertThat(sums().of(file)).isEqualTo("kept");

        FileTime time = Files.getLastModifiedTime(file);
        Files.writeString(file, "abd");
        Files.setLastModifiedTime(file, time); // as touch -r does
        assertThat(sums().of(file)).isNotEqualTo("kept").isNotEqualTo(ABC);
    }

    @Test
    void of_nothing_isNotFound() {
        assertThatThrownBy(() -> sums().of(directory.resolve("no"))).isInstanceOf(AdedException.NotFound.class);
    }

    @Test
    void of_sumsThatCannotBeKept_isRightAllTheSame() throws IOException {
        Files.writeString(directory.resolve("sums"), "no directory");
        assertThat(sums().of(abc())).isEqualTo(ABC);
    }

    @Test
    void seal_fileThatIsReplaced_isNotIntact() throws IOException {
        Path file = abc();
        assertThat(FileSums.isSealed(file)).isFalse();
        sums().seal(file);
        assertThat(FileSums.isSealed(file)).isTrue();
        assertThat(directory.resolve("a.gguf.sha256")).hasContent(ABC + "  a.gguf");
        assertThat(sums().isIntact(file)).isTrue();

        Files.delete(file);
        Files.writeString(file, "abd");
        assertThat(sums().isIntact(file)).isFalse();

        FileSums.delete(file);
        assertThat(file).doesNotExist();
        assertThat(FileSums.isSealed(file)).isFalse();
    }

    @Test
    void isIntact_fileWithoutASeal_isSealedNow() throws IOException {
        Path file = abc();
        assertThat(sums().isIntact(file)).isTrue();
        assertThat(FileSums.isSealed(file)).isTrue();
    }
}
