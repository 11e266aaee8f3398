package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WritableFileTest {
    @TempDir
    Path directory;

    private void refused(Path file, String why) {
        assertThatThrownBy(() -> WritableFile.require(file, "the copy"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageStartingWith("the copy cannot be written to " + file)
                .hasMessageContaining(why);
    }

    @Test
    void require_newOrOldFile_makesItsDirectoryAndLeavesNothing() throws IOException {
        Path file = directory.resolve("a/b/x.gguf");
        WritableFile.require(file, "the copy");
        try (Stream<Path> left = Files.list(directory.resolve("a/b"))) {
            assertThat(left).isEmpty();
        }
        WritableFile.require(Files.writeString(file, "old"), "the copy");
        assertThat(file).hasContent("old");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        WritableFile.require(link, "the copy");
    }

    @Test
    void require_noFileInItsPlace_isRefused() throws IOException {
        refused(Files.createDirectory(directory.resolve("d")), "a directory is in its place");
        Path circle = directory.resolve("circle");
        refused(Files.createSymbolicLink(circle, circle), "something that is no file");
        Path nowhere = Files.createSymbolicLink(directory.resolve("nowhere"), directory.resolve("no"));
        refused(nowhere, "something that is no file");
    }

    @Test
    void require_noDirectoryOnItsWay_isRefused() throws IOException {
        Path file = Files.writeString(directory.resolve("f"), "");
        refused(file.resolve("x.gguf"), "f");
        refused(file.resolve("y/x.gguf"), "f");
        Path circle = directory.resolve("circle");
        Files.createSymbolicLink(circle, circle);
        refused(circle.resolve("x.gguf"), "circle");
    }

    @Test
    void require_fullDisk_isRefusedWithWhatItTakes() {
        Path file = directory.resolve("x.gguf");
        WritableFile.require(file, "the copy", 1000, _ -> 1000);
        assertThatThrownBy(() -> WritableFile.require(file, "the copy", 2_000_000, _ -> 1_500_000))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessage("the copy would take about 2.0 MB of " + directory + ", where 1.5 MB are free");
    }
}
