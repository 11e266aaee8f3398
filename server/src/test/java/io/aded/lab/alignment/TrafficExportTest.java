package io.aded.lab.alignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.engine.RecordedTurn;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrafficExportTest {
    private static final long PLENTY = 1 << 20;

    @TempDir
    private Path directory;

    private final ScriptedModel target = new ScriptedModel(ScriptedModel.babble(2, 3));
    private final List<String> told = new CopyOnWriteArrayList<>();

    private Path folder() {
        return directory.resolve("kept");
    }

    private TrafficExport open(long mostBytes) {
        return (TrafficExport) TrafficExport.opener(folder(), mostBytes, "2026-01-02T03:04:05Z", "1.2.3", told::add)
                .open("scripted", target);
    }

    /** An answer of so many tokens to a prompt of its own. */
    private static RecordedTurn turn(int number, int tokens) {
        int[] answer = new int[tokens];
        int[] guesses = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            answer[i] = 10 + 7 * i % 64;
            guesses[i] = i % 2 == 0 ? answer[i] : 3;
        }
        guesses[0] = RecordedTurn.NOT_ASKED;
        float[] probabilities = new float[16 * tokens];
        Arrays.fill(probabilities, 1 / 32f);
        return new RecordedTurn(new int[] {1, number}, answer, new int[16 * tokens], probabilities, guesses, 0f, true);
    }

    private List<AlignedAnswer> all() {
        return Stream.concat(
                        AlignmentFolder.read(folder(), false).stream(), AlignmentFolder.read(folder(), true).stream())
                .toList();
    }

    @Test
    void record_turns_areReadAsAnyExport_andAServerThatStartsAgainGoesOn() throws Exception {
        try (TrafficExport export = open(PLENTY)) {
            export.record(turn(1, 5));
            export.record(turn(2, 6));
        }
        try (TrafficExport export = open(PLENTY)) {
            export.record(turn(3, 7));
        }
        assertThat(all()).extracting(answer -> answer.key().id()).containsExactlyInAnyOrder("1", "2", "3");
        AlignedAnswer first = all().stream()
                .filter(answer -> answer.key().id().equals("1"))
                .findFirst()
                .orElseThrow();
        assertThat(first.key().task()).isEqualTo("traffic");
        assertThat(first.said().prompt()).containsExactly(1, 1);
        assertThat(first.said().answer()).containsExactly(10, 17, 24, 31, 38);
        assertThat(first.guesses()).containsExactly(-1, 3, 24, 3, 38);
        assertThat(first.rejected()).isEqualTo(2);
        assertThat(first.finished()).isTrue();
        assertThat(told)
                .containsExactly(
                        "Answers are kept in " + folder()
                                + " of callers who allow it: 0 answers so far, 0.0 of at most 1.0 MB.",
                        "2 answers of consenting callers kept in " + folder() + ", 0 left out.",
                        "Answers are kept in " + folder()
                                + " of callers who allow it: 2 answers so far, 0.0 of at most 1.0 MB.",
                        "1 answer of consenting callers kept in " + folder() + ", 0 left out.");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder())))
                .isEqualTo("rwx------");
    }

    @Test
    void record_loopAtTheEnd_isCutOff() {
        int[] answer = new int[40];
        Arrays.fill(answer, 9);
        answer[0] = 8;
        try (TrafficExport export = open(PLENTY)) {
            export.record(new RecordedTurn(
                    new int[] {1}, answer, new int[640], new float[640], AlignedAnswer.notAsked(40), 0f, true));
        }
        assertThat(all()).singleElement().satisfies(kept -> {
            assertThat(kept.said().answer()).containsExactly(8, 9);
            assertThat(kept.finished()).isFalse();
        });
    }

    @Test
    void record_limitReached_stopsAndSaysSoOnce() {
        long one = AlignedAnswer.bytes(2, 100);
        try (TrafficExport export = open(2 * one + 1200)) {
            for (int i = 0; i < 5; i++) {
                export.record(turn(i, 100));
            }
            await().until(() -> export.leftOut() == 3);
        }
        assertThat(all()).hasSize(2);
        assertThat(told).hasSize(3);
        assertThat(told.get(1)).contains("holds 0.0 MB and is as large as it may be");
        assertThat(told.getLast()).contains("2 answers", "3 left out");
    }

    @Test
    void record_writerThatIsSlow_neverWaits_andCountsWhatDidNotFit() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch slow = new CountDownLatch(1);
        List<String> lines = new ArrayList<>();
        TrafficExport.Teller teller = line -> {
            lines.add(line);
            if (lines.size() == 1) {
                return; // it begins
            }
            held.countDown();
            try {
                slow.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        TrafficExport export = (TrafficExport)
                TrafficExport.opener(folder(), 1, "today", "1", teller).open("scripted", target);
        export.record(turn(0, 5)); // too much for the folder: the writer tells, and is held there
        held.await();
        for (int i = 0; i < TrafficExport.MOST_WAITING + 10; i++) {
            export.record(turn(i, 5)); // would never come back if it waited
        }
        assertThat(export.leftOut()).isGreaterThanOrEqualTo(11);
        slow.countDown();
        export.close();
        assertThat(export.leftOut()).isEqualTo(TrafficExport.MOST_WAITING + 11);
        assertThat(all()).isEmpty();
    }

    @Test
    void open_folderOfAnotherModelOrDamaged_isRefused() throws Exception {
        try (TrafficExport export = open(PLENTY)) {
            export.record(turn(1, 5));
            export.record(turn(2, 5));
        }
        assertThatThrownBy(() -> TrafficExport.opener(folder(), PLENTY, "later", "1", told::add)
                        .open("another", target))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("align_record")
                .hasMessageContaining("is another; the export was begun with scripted");
        Path answers = folder().resolve("answers.bin");
        Files.write(answers, Arrays.copyOf(Files.readAllBytes(answers), 30));
        assertThatThrownBy(() -> open(PLENTY))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("answers.bin ends at byte 30");
    }

    @Test
    void open_whileAnotherServerWrites_isRefused() {
        try (TrafficExport first = open(PLENTY)) {
            assertThat(first.leftOut()).isZero();
            assertThatThrownBy(() -> open(PLENTY))
                    .isInstanceOf(AdedException.FailedPrecondition.class)
                    .hasMessageContaining("another export writes");
        }
    }
}
