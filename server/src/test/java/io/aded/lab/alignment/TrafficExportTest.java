package io.aded.lab.alignment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.aded.engine.RecordedTurn;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
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

    private void keep(int... tokens) {
        try (TrafficExport export = open(PLENTY)) {
            for (int i = 0; i < tokens.length; i++) {
                export.record(turn(i, tokens[i]));
            }
        }
    }

    /** All files of the folder with what is in them. */
    private Map<String, String> contents() throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder())) {
            for (Path file : files.toList()) {
                contents.put(
                        file.getFileName().toString(),
                        Files.isDirectory(file) ? "" : Files.readString(file, StandardCharsets.ISO_8859_1));
            }
        }
        return contents;
    }

    private void assertRefusedUntouched(String message) throws IOException {
        Map<String, String> before = contents();
        assertThatThrownBy(() -> open(PLENTY))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(folder().toString())
                .hasMessageContaining(message);
        assertThat(contents()).isEqualTo(before);
    }

    @Test
    void open_indexLostOrCut_isRefused_andTakesNoAnswersWithIt() throws IOException {
        keep(100, 5, 5, 5);
        Path index = folder().resolve("answers.jsonl");
        List<String> lines = Files.readAllLines(index);
        // Shorter than one long answer, but three short ones; then two, one and all of them.
        for (int left = 3; left >= 0; left--) {
            Files.write(index, lines.subList(0, left));
            assertRefusedUntouched("answers.bin has 15672 bytes, but answers.jsonl lists "
                    + (left == 1 ? "1 answer," : left + " answers,"));
        }
        Files.writeString(index, lines.getFirst() + "\n" + lines.get(1)); // without its end
        assertRefusedUntouched("lists 1 answer, up to byte 13608");
        Files.delete(index);
        assertRefusedUntouched("it has answers, but no answers.jsonl");
        Files.write(index, lines);
        keep(5);
        assertThat(all()).hasSize(5);
        Files.delete(folder().resolve("answers.bin"));
        assertRefusedUntouched("it has answers.jsonl, but no answers.bin");
        Files.write(index, lines.subList(0, 1));
        assertRefusedUntouched("it has answers.jsonl, but no answers.bin");
    }

    @Test
    void open_afterAKill_wherever_goesOnBehindTheLastWholeAnswer() throws IOException {
        keep(5, 6, 7);
        Path index = folder().resolve("answers.jsonl");
        Path answers = folder().resolve("answers.bin");
        byte[] lines = Files.readAllBytes(index);
        byte[] records = Files.readAllBytes(answers);
        int line = Files.readAllLines(index).get(2).length();
        // Written are the line, then the record, then the line feed; a kill may come anywhere.
        int[][] left = {{1 + line, 960}, {line - 1, 960}, {7, 960}, {1, 960}, {1, 700}, {1, 1}, {1, 0}};
        for (int[] cut : left) {
            Files.write(index, Arrays.copyOf(lines, lines.length - cut[0]));
            Files.write(answers, Arrays.copyOf(records, records.length - cut[1]));
            keep(7);
            assertThat(all())
                    .extracting(answer -> answer.said().answer().length)
                    .containsExactlyInAnyOrder(5, 6, 7);
            assertThat(Files.size(answers)).isEqualTo(records.length);
        }
    }

    @Test
    void open_filesOfSomebodyElse_areRefusedUntouched() throws IOException {
        Files.createDirectory(folder());
        for (String name : List.of("answers.jsonl", "answers.bin", "export.json", "export.json.part")) {
            Path file = Files.writeString(folder().resolve(name), "{\"question\":\"mine\"}\n");
            assertRefusedUntouched(name.equals("answers.bin") ? "answers, but no export.json" : name);
            Files.delete(file);
            Files.createDirectory(file);
            assertRefusedUntouched(name + " is no file");
            Files.delete(file);
        }
        // What a start that was killed leaves is nobody's.
        Files.createFile(folder().resolve("answers.bin"));
        Files.writeString(folder().resolve("export.json.part"), "{");
        keep(5);
        assertThat(all()).hasSize(1);
        // Nor is a line of somebody else cut off, in a folder of ours.
        for (String foreign : List.of("{\"question\":\"mine\"}\n", "mine")) {
            Path index = folder().resolve("answers.jsonl");
            String ours = Files.readString(index);
            Files.writeString(index, ours + foreign);
            assertRefusedUntouched("line 2 of answers.jsonl does not fit");
            Files.writeString(index, ours);
        }
    }

    @Test
    void open_folderThatIsThere_makesFilesForTheirOwnerAlone() throws IOException {
        Files.createDirectory(
                folder(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        keep(5);
        for (String name : contents().keySet()) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder().resolve(name))))
                    .describedAs(name)
                    .isEqualTo("rw-------");
        }
        assertThat(contents()).containsOnlyKeys("answers.bin", "answers.jsonl", "export.json");
    }

    private void deleteAll() throws IOException {
        if (Files.exists(folder())) {
            for (String name : contents().keySet()) {
                Files.delete(folder().resolve(name));
            }
            Files.delete(folder());
        }
    }

    /** Takes a folder from under a server. */
    private interface Thief {
        void take(Path folder) throws IOException;
    }

    @Test
    void record_filesTakenAwayMeanwhile_endsKeeping_andSaysSoOnce() throws IOException {
        Map<String, Thief> thieves = Map.of(
                "export.json is no longer there", at -> Files.move(at, directory.resolve("elsewhere")),
                "answers.bin is no longer there", at -> Files.delete(at.resolve("answers.bin")),
                "answers.jsonl is no longer the file that was opened",
                        at -> {
                            Files.delete(at.resolve("answers.jsonl"));
                            Files.createFile(at.resolve("answers.jsonl"));
                        },
                "answers.bin was changed by somebody else", at -> Files.write(at.resolve("answers.bin"), new byte[0]));
        for (Map.Entry<String, Thief> thief : thieves.entrySet()) {
            told.clear();
            try (TrafficExport export = open(PLENTY)) {
                export.record(turn(1, 5));
                await().until(() -> Files.size(folder().resolve("answers.bin")) == 688
                        && Files.readString(folder().resolve("answers.jsonl")).endsWith("\n"));
                thief.getValue().take(folder());
                export.record(turn(2, 5));
                export.record(turn(3, 5));
                await().until(() -> export.leftOut() == 2);
            }
            assertThat(told.subList(1, told.size()))
                    .containsExactly(
                            "No more answers are kept in " + folder() + ": " + thief.getKey() + ".",
                            "1 answer of consenting callers written to " + folder() + ", but " + thief.getKey()
                                    + ": do not count on them; 2 left out.");
            deleteAll();
        }
    }

    @Test
    void close_filesTakenAwayBehindTheLastAnswer_isNotToldAsKept() throws IOException {
        TrafficExport export = open(PLENTY);
        export.record(turn(1, 5));
        await().until(() -> Files.readString(folder().resolve("answers.jsonl")).endsWith("\n"));
        deleteAll();
        export.close();
        assertThat(told.getLast()).contains("1 answer", "export.json is no longer there", "do not count on them");
    }

    @Test
    void record_whateverTheWriterThrows_endsKeeping_andNoMore() {
        TrafficExport export = (TrafficExport) TrafficExport.opener(folder(), PLENTY, "today", "1", line -> {
                    told.add(line);
                    throw new AssertionError("nobody reads the log");
                })
                .open("scripted", target);
        export.record(turn(1, 5));
        RecordedTurn whole = turn(2, 5);
        export.record(new RecordedTurn(
                whole.prompt(), whole.answer(), whole.topTokens(), whole.topProbabilities(), new int[2], 0f, true));
        for (int i = 0; i < 3; i++) {
            export.record(turn(i, 5));
        }
        await().until(() -> export.leftOut() == 4);
        export.close();
        export.record(turn(9, 5));
        assertThat(export.leftOut()).isEqualTo(5);
        assertThat(told).hasSize(3);
        assertThat(told.get(1))
                .startsWith("No more answers are kept in " + folder() + ": java.lang.ArrayIndexOutOfBoundsException");
        assertThat(told.get(2)).isEqualTo("1 answer of consenting callers kept in " + folder() + ", 4 left out.");
        assertThat(all()).hasSize(1);
    }

    @Test
    void close_queueFullAndWriterDead_doesNotWaitForIt() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        AtomicReference<Thread> writer = new AtomicReference<>();
        TrafficExport.Teller teller = line -> {
            told.add(line);
            if (line.contains("as large as it may be")) {
                writer.set(Thread.currentThread());
                held.countDown();
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt(); // the writer ends at it
                }
            }
        };
        TrafficExport export = (TrafficExport)
                TrafficExport.opener(folder(), 1, "today", "1", teller).open("scripted", target);
        for (int i = 0; i <= TrafficExport.MOST_WAITING; i++) {
            export.record(turn(i, 5));
            held.await();
        }
        writer.get().interrupt();
        writer.get().join();
        export.close();
        assertThat(told.getLast()).isEqualTo("0 answers of consenting callers kept in " + folder() + ", 33 left out.");
    }
}
