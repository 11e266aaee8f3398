package io.aded.lab.alignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.lab.prompts.Scenario;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.Recording;
import io.aded.lab.report.Progress;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AlignmentExportTest {
    private static final ContextParameters CONTEXT = ContextParameters.ofCells(512);
    private static final List<Scenario> PROMPTS = IntStream.range(0, 12)
            .mapToObj(i -> new Scenario("p" + i, "task" + i % 2, "c", List.of("prompt " + i)))
            .toList();

    @TempDir
    private Path directory;

    private final TargetModel target = new ScriptedModel(ScriptedModel.babble(2, 3));

    private AlignmentFacts facts(int samples, double heldOut, @Nullable String draft) {
        return new AlignmentFacts(
                "2026-01-02T03:04:05Z",
                "1.2.3",
                AlignmentExport.describe("scripted", target),
                "a test",
                true,
                20,
                samples,
                0.7,
                1,
                heldOut,
                true,
                draft);
    }

    private AlignmentExport.Outcome export(Path folder, AlignmentFacts facts, List<Scenario> prompts) {
        try (AlignmentExport export = new AlignmentExport(folder, facts, null, CONTEXT)) {
            return export.play(target, CONTEXT, 3, prompts, Progress.NONE);
        }
    }

    private static List<AlignedAnswer> all(Path folder) {
        return Stream.concat(AlignmentFolder.read(folder, true).stream(), AlignmentFolder.read(folder, false).stream())
                .toList();
    }

    private static AlignedAnswer named(List<AlignedAnswer> answers, String id, int sample) {
        return answers.stream()
                .filter(answer -> answer.key().id().equals(id) && answer.key().sample() == sample)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void play_severalAtOnce_saysWhatOneAtATimeSays() {
        export(directory.resolve("many"), facts(1, 0.3, null), PROMPTS);
        Path alone = directory.resolve("alone");
        try (AlignmentExport export = new AlignmentExport(alone, facts(1, 0.3, null), null, CONTEXT)) {
            export.play(target, CONTEXT, 1, PROMPTS, Progress.NONE);
        }
        for (Scenario prompt : PROMPTS) {
            AlignedAnswer many = named(all(directory.resolve("many")), prompt.id(), 0);
            assertThat(many.said().answer())
                    .isEqualTo(named(all(alone), prompt.id(), 0).said().answer())
                    .hasSize(20);
            assertThat(many.said().topTokens()[0]).isEqualTo(many.said().answer()[0]);
            assertThat(many.key().task()).isEqualTo(prompt.task());
        }
    }

    @Test
    void play_samples_greedyForAllAndDrawnForTrainingOnly() {
        AlignmentExport.Outcome outcome = export(directory, facts(3, 0.3, null), PROMPTS);
        List<AlignedAnswer> heldOut = AlignmentFolder.read(directory, true);
        List<AlignedAnswer> training = AlignmentFolder.read(directory, false);
        assertThat(heldOut).isNotEmpty().allMatch(answer -> answer.temperature() == 0);
        assertThat(training).hasSize(3 * (12 - heldOut.size()));
        assertThat(outcome)
                .isEqualTo(new AlignmentExport.Outcome(
                        training.size() + heldOut.size(),
                        heldOut.size(),
                        all(directory).stream()
                                .mapToLong(answer -> answer.said().answer().length)
                                .sum(),
                        0));
        AlignedAnswer greedy = training.stream()
                .filter(answer -> answer.key().sample() == 0)
                .findFirst()
                .orElseThrow();
        AlignedAnswer drawn = named(training, greedy.key().id(), 1);
        assertThat(drawn.temperature()).isEqualTo(0.7f);
        assertThat(drawn.said().answer()).isNotEqualTo(greedy.said().answer());
    }

    @Test
    void play_killedExport_goesOnWhereItStopped() throws IOException {
        AlignmentFacts facts = facts(1, 0.3, null);
        export(directory, facts, PROMPTS.subList(0, 5));
        long whole = Files.size(directory.resolve("answers.bin"));
        // What a kill leaves: a record without its line, then half a line.
        Files.write(directory.resolve("answers.bin"), new byte[77], StandardOpenOption.APPEND);
        Files.writeString(directory.resolve("answers.jsonl"), "{\"id\": \"p5\", \"ta", StandardOpenOption.APPEND);
        assertThat(all(directory)).hasSize(5);

        assertThat(export(directory, facts, PROMPTS).answers()).isEqualTo(12);
        assertThat(all(directory)).extracting(answer -> answer.key().id()).doesNotHaveDuplicates();
        Path fresh = directory.resolve("fresh");
        export(fresh, facts, PROMPTS);
        for (Scenario prompt : PROMPTS) {
            assertThat(named(all(directory), prompt.id(), 0).said().answer())
                    .isEqualTo(named(all(fresh), prompt.id(), 0).said().answer());
        }
        assertThat(Files.size(directory.resolve("answers.bin"))).isGreaterThan(whole);
    }

    @Test
    void play_otherSettings_namesWhatDiffers() {
        export(directory, facts(1, 0.3, null), PROMPTS.subList(0, 1));
        assertThatThrownBy(() -> export(directory, facts(2, 0.5, null), PROMPTS))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("samples: is 2; the export was begun with 1")
                .hasMessageContaining("held_out: is 0.5")
                .hasMessageContaining("name another folder");
    }

    @Test
    void append_twoAtOnce_secondIsRefused() {
        AlignmentFacts facts = facts(1, 0.3, null);
        try (AlignmentFolder first = AlignmentFolder.append(directory, facts)) {
            assertThat(first.size()).isZero();
            assertThatThrownBy(() -> AlignmentFolder.append(directory, facts))
                    .isInstanceOf(AdedException.FailedPrecondition.class)
                    .hasMessageContaining("another export writes");
        }
    }

    @Test
    void read_changedByte_isRefused() throws IOException {
        AlignmentFacts facts = facts(1, 0, null);
        export(directory, facts, PROMPTS);
        try (FileChannel file =
                FileChannel.open(directory.resolve("answers.bin"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, 90);
            one.put(0, (byte) (one.get(0) ^ 4)).flip();
            file.write(one, 90);
        }
        assertThatThrownBy(() -> AlignmentFolder.read(directory, false))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("the record of line 1 in answers.bin does not match its checksum");
        assertThatThrownBy(() -> export(directory, facts, PROMPTS))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("the record of line 1 in answers.bin does not match its checksum");
    }

    @Test
    void read_cutAnswers_namesTheFileThatIsCut() throws IOException {
        AlignmentFacts facts = facts(1, 0, null);
        export(directory, facts, PROMPTS);
        try (FileChannel file = FileChannel.open(directory.resolve("answers.bin"), StandardOpenOption.WRITE)) {
            file.truncate(70);
        }
        assertThatThrownBy(() -> AlignmentFolder.read(directory, false))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("answers.bin ends at byte 70, before the end of the record of line 1");
        assertThatThrownBy(() -> export(directory, facts, PROMPTS))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("answers.bin ends at byte 70, before the end of the record of line 1");
    }

    @Test
    void read_changedLine_namesTheIndex() throws IOException {
        AlignmentFacts facts = facts(1, 0, null);
        export(directory, facts, PROMPTS);
        Path index = directory.resolve("answers.jsonl");
        Files.writeString(index, Files.readString(index).replaceFirst("\"offset\":0", "\"offset\":x"));
        assertThatThrownBy(() -> AlignmentFolder.read(directory, false))
                .hasMessageContaining("line 1 of answers.jsonl does not fit");
        assertThatThrownBy(() -> export(directory, facts, PROMPTS))
                .hasMessageContaining("line 1 of answers.jsonl does not fit");
    }

    @Test
    void read_noExport_saysWhatMakesOne() {
        assertThatThrownBy(() -> AlignmentFolder.read(directory, true))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("aded align export");
    }

    @Test
    void record_bytes_areAsTheyAreDescribed() {
        int[] top = IntStream.range(0, 32).toArray();
        float[] probabilities = new float[32];
        Arrays.fill(probabilities, 0.25f);
        AlignedAnswer answer = new AlignedAnswer(
                new AlignedAnswer.Key("a", "t", 0),
                0f,
                true,
                new RecordedAnswer("a", new int[] {7, 8, 9}, new int[] {10, 11}, top, probabilities),
                new int[] {10, AlignedAnswer.NOT_ASKED});
        ByteBuffer record = answer.record().order(ByteOrder.LITTLE_ENDIAN);
        assertThat(record.remaining()).isEqualTo(4 * (3 + 2 + 32 + 32 + 2));
        assertThat(record.getInt(0)).isEqualTo(7);
        assertThat(record.getInt(4 * 4)).isEqualTo(11);
        assertThat(record.getInt(4 * (5 + 31))).isEqualTo(31);
        assertThat(record.getFloat(4 * (5 + 32))).isEqualTo(0.25f);
        assertThat(record.getInt(4 * (5 + 64 + 1))).isEqualTo(-1);
        assertThat(answer.rejected()).isZero();
        assertThat(answer.withGuesses(new int[] {10, 12}).rejected()).isEqualTo(1);
    }

    @Test
    void isHeldOut_samePrompt_alwaysTheSame_andAboutTheShare() {
        int held = 0;
        for (int i = 0; i < 2000; i++) {
            held += AlignedAnswer.isHeldOut(new int[] {1, i}, 0.15) ? 1 : 0;
        }
        assertThat(held).isBetween(230, 370);
        assertThat(AlignedAnswer.isHeldOut(new int[] {1, 2, 3}, 0)).isFalse();
    }

    @Test
    void play_withDrafter_writesItsGuesses() {
        TargetModel poor = new ScriptedModel(ScriptedModel.babble(2, 2));
        try (AlignmentExport export = new AlignmentExport(directory, facts(1, 0.3, "itself"), target, CONTEXT)) {
            export.play(target, CONTEXT, 3, PROMPTS, Progress.NONE);
        }
        assertThat(all(directory)).allSatisfy(answer -> {
            assertThat(answer.guesses()).isEqualTo(answer.said().answer());
            assertThat(answer.rejected()).isZero();
        });
        Path other = directory.resolve("poor");
        try (AlignmentExport export = new AlignmentExport(other, facts(1, 0.3, "poor"), poor, CONTEXT)) {
            export.play(target, CONTEXT, 3, PROMPTS, Progress.NONE);
        }
        assertThat(all(other).stream().mapToInt(AlignedAnswer::rejected).sum()).isGreaterThan(100);
    }

    @Test
    void take_recording_isTakenOverOnce_andForeignTokensAreRefused() {
        Recording recording = new Recording(
                Map.of(), List.of(new RecordedAnswer("7", new int[] {1, 70}, new int[] {71}, new int[16], halves(16))));
        for (int i = 0; i < 2; i++) {
            try (AlignmentExport export = new AlignmentExport(directory, facts(1, 0, null), null, CONTEXT)) {
                assertThat(export.take(Map.of("set", recording), Progress.NONE).answers())
                        .isEqualTo(1);
            }
        }
        assertThat(AlignmentFolder.read(directory, false).getFirst().key())
                .isEqualTo(new AlignedAnswer.Key("set/7", "set", 0));
        Recording foreign = new Recording(
                Map.of(), List.of(new RecordedAnswer("8", new int[] {1}, new int[] {259}, new int[16], halves(16))));
        try (AlignmentExport export = new AlignmentExport(directory, facts(1, 0, null), null, CONTEXT)) {
            assertThatThrownBy(() -> export.take(Map.of("set", foreign), Progress.NONE))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("token 259");
        }
    }

    private static float[] halves(int count) {
        float[] values = new float[count];
        Arrays.fill(values, 0.5f / count);
        return values;
    }
}
