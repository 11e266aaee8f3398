package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TarballTest {

    @Test
    void next_filesDirectoriesAndLinks_inOrderWithTheirContent() throws IOException {
        byte[] archive = new TarballBuilder()
                .entry("package/", '5', new byte[0])
                .file("package/a.txt", "hello")
                .entry("package/link", '2', new byte[0])
                .file("package/b.bin", new byte[1300])
                .build();

        assertThat(read(archive))
                .containsExactly(
                        "package/ DIRECTORY 0",
                        "package/a.txt FILE 5",
                        "package/link OTHER 0",
                        "package/b.bin FILE 1300");
    }

    @Test
    void next_contentUnread_isSkipped() throws IOException {
        byte[] archive = new TarballBuilder()
                .file("one", new byte[5000])
                .file("two", "second")
                .build();
        try (Tarball tarball = Tarball.open(new ByteArrayInputStream(archive))) {
            tarball.next();
            assertThat(tarball.content().read()).isZero();
            tarball.next();
            assertThat(new String(tarball.content().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("second");
            assertThat(tarball.next()).isNull();
        }
    }

    @Test
    void next_longNames_comeFromPaxAndGnuHeaders() throws IOException {
        String name = "package/" + "long/".repeat(40) + "name.so";
        String record = " path=" + name + "\n";
        String pax = (record.length() + 3) + record;
        byte[] archive = new TarballBuilder()
                .entry("PaxHeader", 'x', pax.getBytes(StandardCharsets.UTF_8))
                .file("short", "1")
                .entry("././@LongLink", 'L', (name + "2\0").getBytes(StandardCharsets.UTF_8))
                .file("short", "2")
                .file("plain", "3")
                .build();

        assertThat(read(archive)).containsExactly(name + " FILE 1", name + "2 FILE 1", "plain FILE 1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/etc/passwd", "../x", "package/../../x", "package/..", "a\\..\\b", "C:evil", "a\nb"})
    void next_pathThatMayLeaveTheTarget_isRefused(String name) {
        byte[] archive = new TarballBuilder().file(name, "x").build();

        assertThatThrownBy(() -> read(archive))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("outside");
    }

    @Test
    void next_paxPathThatClimbs_isRefused() {
        String record = " path=../../x\n";
        byte[] pax = ((record.length() + 2) + record).getBytes(StandardCharsets.UTF_8);
        byte[] archive =
                new TarballBuilder().entry("h", 'x', pax).file("fine", "x").build();

        assertThatThrownBy(() -> read(archive)).hasMessageContaining("outside");
    }

    @Test
    void open_notGzip_isRefused() {
        assertThatThrownBy(() -> read("<html>not found</html>".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("gzip");
        assertThatThrownBy(() -> read(new byte[0])).isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void next_cutAnywhere_isRefused() {
        byte[] random = new byte[3000];
        new SplittableRandom(1).nextBytes(random);
        byte[] whole = new TarballBuilder().file("a", random).file("b", "x").build();
        for (int length = 0; length < whole.length - 8; length += 37) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> read(cut))
                    .as("cut to %d of %d bytes", length, whole.length)
                    .isInstanceOf(AdedException.InvalidArtifact.class);
        }
    }

    @Test
    void next_withoutTheEndBlocks_isRefused() {
        byte[] archive = TarballBuilder.gzip(new TarballBuilder().file("a", "x").raw());

        assertThatThrownBy(() -> read(archive)).hasMessageContaining("ends too early");
    }

    @Test
    void next_headerDamaged_isRefused() {
        byte[] raw = new TarballBuilder().file("a", "x").raw();
        raw[0] ^= 1;

        assertThatThrownBy(() -> read(TarballBuilder.gzip(raw))).hasMessageContaining("checksum");
    }

    private static List<String> read(byte[] archive) throws IOException {
        List<String> entries = new ArrayList<>();
        try (Tarball tarball = Tarball.open(new ByteArrayInputStream(archive))) {
            for (Tarball.Entry entry = tarball.next(); entry != null; entry = tarball.next()) {
                int length = tarball.content().readAllBytes().length;
                assertThat((long) length).isEqualTo(entry.size());
                entries.add(entry.name() + " " + entry.kind() + " " + length);
            }
        }
        return entries;
    }
}
