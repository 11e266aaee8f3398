package io.aded.lab.recording;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.aded.model.AdedException;
import io.aded.model.Envelope;
import io.aded.model.ForgedEnvelopes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordingTest {
    private static final int TOP = RecordedAnswer.TOP;

    @TempDir
    private Path directory;

    /** Two tokens whose best ones are numbered on from {@code first}, with probabilities 1/2, 1/4, 1/8, …. */
    private static RecordedAnswer answer(String id, int first) {
        int[] top = new int[2 * TOP];
        float[] probabilities = new float[2 * TOP];
        for (int i = 0; i < top.length; i++) {
            top[i] = first + i;
            probabilities[i] = (float) Math.scalb(1.0, -1 - i % TOP);
        }
        return new RecordedAnswer(id, new int[] {1, 151_935, 127}, new int[] {first, first + TOP}, top, probabilities);
    }

    private static void assertSame(RecordedAnswer actual, RecordedAnswer expected) {
        assertThat(actual.id()).isEqualTo(expected.id());
        assertThat(actual.prompt()).isEqualTo(expected.prompt());
        assertThat(actual.answer()).isEqualTo(expected.answer());
        assertThat(actual.topTokens()).isEqualTo(expected.topTokens());
        assertThat(actual.topProbabilities()).containsExactly(expected.topProbabilities(), within(1e-7f));
    }

    @Test
    void read_whatWasWritten_isTheSameWithItsFacts() throws IOException {
        Path file = directory.resolve("set.bin");
        RecordedAnswer first = answer("81", 5);
        RecordedAnswer second = answer("HumanEval/3", 31_000);
        new Recording(Map.of("model", "tiny", "date", "2026-11-26"), List.of(first, second)).writeTo(file);

        Recording read = Recording.read(file);
        assertThat(read.facts())
                .isEqualTo(Map.of("model", "tiny", "date", "2026-11-26", "answers", "2", "tokens", "4"));
        assertThat(read.answers()).hasSize(2);
        assertSame(read.answers().get(0), first);
        assertSame(read.answers().get(1), second);
        assertThat(Files.size(file)).as("less than a third of version 0").isLessThan((2 * 2 * TOP * 8) / 3 + 120);
    }

    @Test
    void read_probabilities_keepElevenBits() throws IOException {
        float[] probabilities = new float[TOP];
        Arrays.fill(probabilities, 1e-5f);
        probabilities[0] = 0.7321f;
        Path file = directory.resolve("set.bin");
        new Recording(
                        Map.of(),
                        List.of(new RecordedAnswer("a", new int[] {1}, new int[] {9}, new int[TOP], probabilities)))
                .writeTo(file);
        float[] read = Recording.read(file).answers().getFirst().topProbabilities();
        assertThat(read[0]).isCloseTo(0.7321f, within(0.7321f / 2048));
        assertThat(read[1]).isCloseTo(1e-5f, within(6e-8f));
    }

    @Test
    void read_fileWithoutHeader_isRefusedUnlessNamedSo() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(4 + 8 + 4 + 4 + TOP * 8);
        bytes.putInt(2).putInt(1).putInt(7).putInt(1).putInt(9);
        for (int i = 0; i < TOP; i++) {
            bytes.putInt(9 + i).putFloat(0.5f);
        }
        Path file = Files.write(directory.resolve("old.bin"), bytes.array());

        assertThatThrownBy(() -> Recordings.read(List.of(directory), false))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("does not begin with ADED");
        Recording old = Recordings.read(List.of(directory), true).get("old");
        assertThat(old).isNotNull();
        RecordedAnswer answer = old.answers().getFirst();
        assertThat(answer.prompt()).containsExactly(1, 7);
        assertThat(answer.answer()).containsExactly(9);
        assertThat(answer.topTokens()).hasSize(TOP).startsWith(9, 10);
        assertThat(answer.topProbabilities()).hasSize(TOP).containsOnly(0.5f);

        Path cut = Files.write(directory.resolve("cut.bin"), Arrays.copyOf(bytes.array(), 40));
        assertThatThrownBy(() -> Recording.readHeaderless(cut)).isInstanceOf(AdedException.InvalidArtifact.class);
    }

    @Test
    void read_bodyOfNonsense_isRefused() {
        byte[] zeros = Envelope.of(Recording.KIND, Recording.VERSION, Map.of(), ByteBuffer.allocate(20))
                .bytes();
        assertThatThrownBy(() -> Recording.read(ByteBuffer.wrap(zeros), "the nonsense"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessage("the nonsense cannot be understood");
    }

    @Test
    void read_placeWithoutRecordings_saysSo() {
        assertThatThrownBy(() -> Recordings.read(List.of(directory), false))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("there is no recording at");
    }

    @Test
    void withoutLoop_periodToTheEnd_keepsItsFirstOccurrence() {
        int[] tokens = {1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6};
        RecordedAnswer looped = new RecordedAnswer(
                "a", new int[] {0}, tokens, new int[tokens.length * TOP], new float[tokens.length * TOP]);
        RecordedAnswer cut = looped.withoutLoop();
        assertThat(cut.answer()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(cut.topTokens()).hasSize(6 * TOP);
    }

    @Test
    void read_factsThatCannotHaveBeenWritten_areRefused() throws IOException {
        Path file = directory.resolve("set.bin");
        new Recording(Map.of("model", "tiny"), List.of(answer("81", 5))).writeTo(file);
        byte[] good = Files.readAllBytes(file);
        for (String facts : ForgedEnvelopes.FACTS) {
            ByteBuffer forged = ForgedEnvelopes.withFacts(good, facts);
            assertThatThrownBy(() -> Recording.read(forged, "it"))
                    .as(facts)
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("fact");
        }
    }

    @Test
    void read_device_isRefusedBeforeItIsRead() {
        Path device = Path.of("/dev/zero");
        Assumptions.assumeTrue(Files.exists(device));
        assertThatThrownBy(() -> Recording.read(device))
                .hasMessageContaining("/dev/zero cannot be read: it is a device");
        assertThatThrownBy(() -> Recording.readHeaderless(device))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("/dev/zero cannot be read: it is a device");
    }
}
