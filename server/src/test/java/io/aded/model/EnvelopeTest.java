package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeTest {
    @TempDir
    private Path directory;

    private static byte[] sample() {
        return Envelope.of(
                        "TEST", 2, Map.of("model", "tiny", "date", "2026-01-02"), ByteBuffer.wrap(new byte[] {7, 8, 9}))
                .bytes();
    }

    private static Envelope open(byte[] bytes) {
        return Envelope.open(ByteBuffer.wrap(bytes), "the sample", "TEST", 2);
    }

    @Test
    void bytes_sample_areLaidOutAsDocumented() {
        byte[] bytes = sample();
        assertThat(new String(bytes, 0, 8, StandardCharsets.US_ASCII)).isEqualTo("ADEDTEST");
        assertThat(bytes[8]).as("version").isEqualTo((byte) 2);
        String facts = "date=2026-01-02\nmodel=tiny\n";
        assertThat(bytes[12]).as("length of the facts").isEqualTo((byte) facts.length());
        assertThat(bytes[16]).as("length of the body").isEqualTo((byte) 3);
        assertThat(new String(bytes, 32, facts.length(), StandardCharsets.UTF_8))
                .isEqualTo(facts);
        assertThat(bytes).hasSize(32 + facts.length() + 3).endsWith(7, 8, 9);
    }

    @Test
    void open_sample_givesWhatWasWritten() {
        Envelope envelope = open(sample());
        assertThat(envelope.version()).isEqualTo(2);
        assertThat(envelope.facts()).isEqualTo(Map.of("model", "tiny", "date", "2026-01-02"));
        assertThat(envelope.fact("library")).isEqualTo("unknown");
        assertThat(envelope.body()).isEqualTo(ByteBuffer.wrap(new byte[] {7, 8, 9}));
    }

    @Test
    void open_anyByteChanged_isRefused() {
        byte[] good = sample();
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 0x10;
            assertThatThrownBy(() -> open(bad)).as("byte " + i).isInstanceOf(AdedException.InvalidArtifact.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 7, 31, 32, 40, 60})
    void open_truncated_isRefused(int length) {
        assertThatThrownBy(() -> open(Arrays.copyOf(sample(), length)))
                .isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void open_anotherKindOrANewerVersion_saysWhatIsWanted() {
        assertThatThrownBy(() -> Envelope.open(ByteBuffer.wrap(sample()), "the sample", "RECO", 2))
                .hasMessage("the sample is of the kind TEST; wanted: RECO");
        assertThatThrownBy(() -> Envelope.open(ByteBuffer.wrap(sample()), "the sample", "TEST", 1))
                .hasMessage("the sample has version 2; supported: 1 to 1");
    }

    @Test
    void writeTo_existingFile_replacesItAndLeavesNothingElse() throws IOException {
        Path file = Files.writeString(directory.resolve("a.bin"), "old");
        open(sample()).writeTo(file);
        assertThat(Envelope.open(file, "the file", "TEST", 2).facts()).containsEntry("model", "tiny");
        try (var files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void new_partsThatCannotBeWritten_areRefused() {
        ByteBuffer empty = ByteBuffer.allocate(0);
        assertThatThrownBy(() -> Envelope.of("test", 1, Map.of(), empty)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Envelope.of("TEST", 0, Map.of(), empty)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Envelope.of("TEST", 1, Map.of("a b", "c"), empty))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Envelope.of("TEST", 1, Map.of("a", "b\nc"), empty))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void open_factsThatCannotHaveBeenWritten_areRefusedWithTheFact() {
        for (String facts : ForgedEnvelopes.FACTS) {
            ByteBuffer forged = ForgedEnvelopes.withFacts(sample(), facts);
            assertThatThrownBy(() -> Envelope.open(forged, "the sample", "TEST", 2))
                    .as(facts)
                    .isInstanceOfSatisfying(
                            AdedException.InvalidArtifact.class,
                            e -> assertThat(e.reason()).isEqualTo("FILE_CORRUPT"));
        }
        assertThatThrownBy(() ->
                        Envelope.open(ForgedEnvelopes.withFacts(sample(), "BAD NAME=1\n"), "the sample", "TEST", 2))
                .hasMessage(
                        "the sample is damaged: its fact \"BAD NAME=1\" is none; allowed: name=value, names of lower"
                                + " case letters, digits and underscores");
        assertThatThrownBy(
                        () -> Envelope.open(ForgedEnvelopes.withFacts(sample(), "a=1\na=1\n"), "the sample", "TEST", 2))
                .hasMessage("the sample is damaged: it has the fact a twice");
    }

    @Test
    void open_valueWithACarriageReturn_givesWhatWasWritten() {
        byte[] bytes = Envelope.of("TEST", 2, Map.of("a", "b\rc", "d", "=e"), ByteBuffer.allocate(0))
                .bytes();
        assertThat(open(bytes).facts()).isEqualTo(Map.of("a", "b\rc", "d", "=e"));
    }

    @Test
    void open_whatIsNoRegularFile_isRefusedBeforeItIsRead() {
        for (Path file : List.of(directory, Path.of("/dev/zero"))) {
            Assumptions.assumeTrue(Files.exists(file));
            assertThatThrownBy(() -> Envelope.open(file, "the sample " + file, "TEST", 2))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("the sample " + file + " cannot be read: it is a d")
                    .hasMessageEndingWith("allowed: a regular file");
        }
    }
}
