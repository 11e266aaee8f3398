package io.aded.lab.alignment;

import io.aded.lab.report.Figures;
import io.aded.model.AdedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Answers of one target on disk: what an export writes and a training reads.
 *
 * <h2>The files</h2>
 *
 * <ul>
 *   <li>{@value #FACTS}: {@link AlignmentFacts}, written first.
 *   <li>{@value #ANSWERS}: records one behind the other, nothing between them. Little-endian, all of four bytes, for a
 *       prompt of P and an answer of G tokens:
 *       <pre>
 *   P      × u32   the prompt's tokens
 *   G      × u32   the answer's tokens
 *   G × 16 × u32   the target's best tokens at each position, best first
 *   G × 16 × f32   their probabilities at temperature 1
 *   G      × i32   what the drafter guessed, −1 where none was asked
 * </pre>
 *   <li>{@value #INDEX}: a JSON object a line for each record, in order: {@code id}, {@code task}, {@code sample},
 *       {@code temperature}, {@code split} ({@code train} or {@code held_out}), {@code finished}, {@code prompt} (P),
 *       {@code answer} (G), {@code offset} and {@code bytes} of the record, {@code crc32} of it (zlib's, eight
 *       hexadecimal digits), {@code rejected} (guesses that are not the answer's token; null where nobody was asked).
 * </ul>
 *
 * A line is written without its end, then the record, then the line feed. So what a killed export leaves is a line
 * without an end and at most its record; both are cut off when the folder is opened for writing again.
 * Anything else that does not fit is damage, and refused before anything is changed: an index that was lost takes no
 * answers with it.
 */
final class AlignmentFolder implements AutoCloseable {
    static final String FACTS = "export.json";
    static final String INDEX = "answers.jsonl";
    static final String ANSWERS = "answers.bin";

    /** Fewer bytes hold no answer. */
    private static final long SMALLEST = AlignedAnswer.bytes(1, 1);

    /** How each line of the index begins. */
    private static final String BEGINNING = "{\"id\"";

    private static final JsonMapper MAPPER = JsonMapper.shared();

    private final Path folder;
    private final AlignmentFacts facts;
    private final FileChannel index;
    private final FileChannel answers;
    private final @Nullable Object indexKey;
    private final @Nullable Object answersKey;
    private final Set<AlignedAnswer.Key> written = new HashSet<>();
    private int heldOut;
    private long tokens;
    private long indexEnd;
    private long answersEnd;
    private boolean torn; // an answer is being written, or could not be

    /** A line of the index. */
    private record Entry(
            AlignedAnswer.Key key,
            float temperature,
            boolean finished,
            boolean heldOut,
            int prompt,
            int answer,
            long offset,
            int bytes,
            int checksum) {}

    private AlignmentFolder(Path folder, AlignmentFacts facts, FileChannel index, FileChannel answers)
            throws IOException {
        this.folder = folder;
        this.facts = facts;
        this.index = index;
        this.answers = answers;
        indexKey = key(folder.resolve(INDEX));
        answersKey = key(folder.resolve(ANSWERS));
    }

    /**
     * Opens a folder to add answers; makes it if it is not there. Files that it makes are for their owner's eyes only.
     * Where it fails because of what is there, nothing was made or changed.
     *
     * @param wanted what the answers are; an export that was begun must have been begun with the same
     * @throws AdedException.InvalidRequest if it was begun with other settings
     * @throws AdedException.FailedPrecondition if another process writes there
     * @throws AdedException.InvalidArtifact if what is there is damaged or somebody else's, or cannot be written
     */
    static AlignmentFolder append(Path folder, AlignmentFacts wanted) {
        FileChannel index = null;
        FileChannel answers = null;
        try {
            Files.createDirectories(folder);
            requireOurs(folder, wanted);
            answers = open(folder, ANSWERS);
            requireAlone(answers, folder);
            requireOurs(folder, wanted); // another process may have begun an export in between
            if (!Files.exists(folder.resolve(INDEX)) && answers.size() >= SMALLEST) {
                throw damaged(folder, "it has answers, but no " + INDEX);
            }
            if (!Files.exists(folder.resolve(FACTS))) {
                wanted.writeTo(folder.resolve(FACTS), ownersOnly(folder));
            }
            index = open(folder, INDEX);
            AlignmentFolder opened = new AlignmentFolder(folder, wanted, index, answers);
            opened.recover();
            return opened;
        } catch (IOException e) {
            close(index, answers);
            throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot write in " + folder, e);
        } catch (RuntimeException e) {
            close(index, answers);
            throw e;
        }
    }

    /** Refuses files that are called like an export's and are none, and an export of something else. */
    private static void requireOurs(Path folder, AlignmentFacts wanted) throws IOException {
        for (String name : List.of(FACTS, AlignmentFacts.partial(FACTS), ANSWERS, INDEX)) {
            Path file = folder.resolve(name);
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw damaged(folder, name + " is no file");
            }
        }
        Path file = folder.resolve(FACTS);
        if (Files.exists(file)) {
            AlignmentFacts.read(file).requireSame(wanted, folder);
            if (holdsSomething(folder, INDEX) && !Files.exists(folder.resolve(ANSWERS))) {
                throw damaged(folder, "it has " + INDEX + ", but no " + ANSWERS);
            }
            return;
        }
        if (holdsSomething(folder, ANSWERS)) {
            throw damaged(folder, "it has answers, but no " + FACTS);
        }
        if (holdsSomething(folder, INDEX)) {
            throw damaged(folder, "it has " + INDEX + ", but no " + FACTS + "; name another folder");
        }
        if (!AlignmentFacts.isBeginning(folder.resolve(AlignmentFacts.partial(FACTS)))) {
            throw damaged(folder, AlignmentFacts.partial(FACTS) + " is somebody else's; name another folder");
        }
    }

    private static boolean holdsSomething(Path folder, String name) throws IOException {
        Path file = folder.resolve(name);
        return Files.exists(file) && Files.size(file) > 0;
    }

    private static FileChannel open(Path folder, String name) throws IOException {
        return FileChannel.open(
                folder.resolve(name),
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                ownersOnly(folder));
    }

    /** With what a file is made so that nobody but its owner reads it; nothing where rights are not POSIX's. */
    private static FileAttribute<?>[] ownersOnly(Path folder) {
        return Files.getFileAttributeView(folder, PosixFileAttributeView.class) == null
                ? new FileAttribute<?>[0]
                : new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
                };
    }

    /** What tells a file from others that come to be called so; null where the system has no such thing. */
    private static @Nullable Object key(Path file) throws IOException {
        return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    }

    /**
     * What is no longer as it was opened: a file that was deleted, moved, replaced, cut or changed by others. Answers
     * that are added then would be lost.
     *
     * @return in words; null if all is as it should be
     */
    @Nullable
    String disturbance() {
        try {
            if (!Files.exists(folder.resolve(FACTS))) {
                return FACTS + " is no longer there";
            }
            for (String name : List.of(ANSWERS, INDEX)) {
                Object opened = name.equals(ANSWERS) ? answersKey : indexKey;
                if (!Objects.equals(key(folder.resolve(name)), opened)) {
                    return name + " is no longer the file that was opened";
                }
            }
            if (torn) {
                return null;
            }
            if (answers.size() != answersEnd || index.size() != indexEnd) {
                return (answers.size() == answersEnd ? INDEX : ANSWERS) + " was changed by somebody else";
            }
            return null;
        } catch (NoSuchFileException e) {
            return folder.relativize(Path.of(e.getFile())) + " is no longer there";
        } catch (IOException e) {
            return "its files can no longer be looked at: " + e;
        }
    }

    private static void requireAlone(FileChannel answers, Path folder) throws IOException {
        boolean alone;
        try {
            alone = answers.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            alone = false;
        }
        if (!alone) {
            throw new AdedException.FailedPrecondition(
                    "EXPORT_RUNNING", "another export writes in " + folder + "; wait for it, or name another folder");
        }
    }

    /** Checks what is there, and cuts off what a killed export left half written. */
    private void recover() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(index.size()));
        readFully(index, bytes, 0);
        byte[] text = bytes.array();
        int kept = 0;
        long end = 0;
        long begun = 0; // bytes of a record that may not be whole
        while (kept < text.length) {
            int stop = kept;
            while (stop < text.length && text[stop] != '\n') {
                stop++;
            }
            int line = written.size() + 1;
            Entry entry = entry(text, kept, stop);
            boolean whole = stop < text.length;
            if (entry == null && !whole && isBeginning(text, kept)) {
                break;
            }
            if (entry == null || entry.offset != end) {
                throw damaged(folder, "line " + line + " of " + INDEX + " does not fit");
            }
            String damage = whole ? damage(entry, line) : null;
            if (damage != null && stop + 1 < text.length) {
                throw damaged(folder, damage);
            }
            if (!whole || damage != null) {
                begun = entry.bytes;
                break;
            }
            count(entry);
            end += entry.bytes;
            kept = stop + 1;
        }
        if (answers.size() - end > Math.max(begun, SMALLEST - 1)) {
            throw damaged(
                    folder,
                    ANSWERS + " has " + answers.size() + " bytes, but " + INDEX + " lists "
                            + Figures.count(written.size(), "answer") + ", up to byte " + end
                            + ". Bring back the index, or cut " + ANSWERS + " there to do without the others");
        }
        index.truncate(kept);
        answers.truncate(end);
        indexEnd = kept;
        answersEnd = end;
    }

    /** Whether text is how a line of an index begins, as far as it goes. */
    private static boolean isBeginning(byte[] text, int from) {
        String there = new String(text, from, Math.min(BEGINNING.length(), text.length - from), StandardCharsets.UTF_8);
        return BEGINNING.startsWith(there);
    }

    /** What is wrong with the record of a good line; null if it is whole. */
    private @Nullable String damage(Entry entry, int line) throws IOException {
        if (entry.offset + entry.bytes > answers.size()) {
            return cut(entry, answers, line);
        }
        ByteBuffer record = ByteBuffer.allocate(entry.bytes);
        readFully(answers, record, entry.offset);
        return checksum(record.flip()) == entry.checksum ? null : changed(line);
    }

    private static String cut(Entry entry, FileChannel answers, int line) throws IOException {
        return ANSWERS + " ends at byte " + answers.size() + ", before the end of the record of line " + line + " of "
                + INDEX + " at byte " + (entry.offset + entry.bytes);
    }

    private static String changed(int line) {
        return "the record of line " + line + " in " + ANSWERS + " does not match its checksum in " + INDEX;
    }

    private void count(Entry entry) {
        written.add(entry.key);
        heldOut += entry.heldOut ? 1 : 0;
        tokens += entry.answer;
    }

    /** Whether this was answered before. */
    boolean contains(AlignedAnswer.Key key) {
        return written.contains(key);
    }

    /** Answers in the folder. */
    int size() {
        return written.size();
    }

    /** Of them, those that no training may see. */
    int heldOut() {
        return heldOut;
    }

    /** What the files take. */
    long bytes() {
        return indexEnd + answersEnd;
    }

    /** Tokens of all answers. */
    long tokens() {
        return tokens;
    }

    /** Adds an answer, if it is not there yet. */
    void add(AlignedAnswer answer) {
        if (contains(answer.key())) {
            return;
        }
        try {
            ByteBuffer record = answer.record();
            Entry entry = new Entry(
                    answer.key(),
                    answer.temperature(),
                    answer.finished(),
                    AlignedAnswer.isHeldOut(answer.said().prompt(), facts.heldOut()),
                    answer.said().prompt().length,
                    answer.said().answer().length,
                    answersEnd,
                    record.remaining(),
                    checksum(record.duplicate()));
            byte[] line = line(entry, answer).getBytes(StandardCharsets.UTF_8);
            torn = true;
            writeFully(index, ByteBuffer.wrap(line, 0, line.length - 1), indexEnd);
            writeFully(answers, record, answersEnd);
            writeFully(index, ByteBuffer.wrap(line, line.length - 1, 1), indexEnd + line.length - 1);
            indexEnd += line.length;
            answersEnd += entry.bytes;
            torn = false;
            count(entry);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot write an answer: " + e.getMessage(), e);
        }
    }

    private String line(Entry entry, AlignedAnswer answer) {
        ObjectNode node = MAPPER.createObjectNode();
        node.put("id", entry.key.id());
        node.put("task", entry.key.task());
        node.put("sample", entry.key.sample());
        node.put("temperature", entry.temperature);
        node.put("split", entry.heldOut ? "held_out" : "train");
        node.put("finished", entry.finished);
        node.put("prompt", entry.prompt);
        node.put("answer", entry.answer);
        node.put("offset", entry.offset);
        node.put("bytes", entry.bytes);
        node.put("crc32", String.format(Locale.ROOT, "%08x", entry.checksum));
        if (facts.draft() == null) {
            node.putNull("rejected");
        } else {
            node.put("rejected", answer.rejected());
        }
        return node + "\n";
    }

    /** Where the answers of a folder come from. */
    static AlignmentFacts facts(Path folder) {
        Path file = folder.resolve(FACTS);
        if (!Files.isRegularFile(file)) {
            throw new AdedException.NotFound(
                    "ALIGNMENT_NOT_FOUND",
                    "there is no export for alignment in " + folder + " (" + FACTS
                            + "); \"aded align export\" makes one");
        }
        return AlignmentFacts.read(file);
    }

    /**
     * All answers that no training may see, or all others. What a running or killed export left behind the last whole
     * line is not looked at.
     *
     * @throws AdedException.NotFound if there is no export
     * @throws AdedException.InvalidArtifact if it is damaged
     */
    static List<AlignedAnswer> read(Path folder, boolean heldOut) {
        facts(folder);
        List<AlignedAnswer> read = new ArrayList<>();
        try (FileChannel answers = FileChannel.open(folder.resolve(ANSWERS), StandardOpenOption.READ)) {
            byte[] text = Files.readAllBytes(folder.resolve(INDEX));
            int number = 0;
            int from = 0;
            for (int i = 0; i < text.length; i++) {
                if (text[i] == '\n') {
                    number++;
                    Entry entry = entry(text, from, i);
                    from = i + 1;
                    if (entry == null) {
                        throw damaged(folder, "line " + number + " of " + INDEX + " does not fit");
                    }
                    if (entry.offset + entry.bytes > answers.size()) {
                        throw damaged(folder, cut(entry, answers, number));
                    }
                    if (entry.heldOut == heldOut) {
                        read.add(answer(folder, answers, entry, number));
                    }
                }
            }
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("ALIGNMENT_UNREADABLE", "cannot read " + folder, e);
        }
        return read;
    }

    private static AlignedAnswer answer(Path folder, FileChannel answers, Entry entry, int number) throws IOException {
        ByteBuffer record = ByteBuffer.allocate(entry.bytes);
        readFully(answers, record, entry.offset);
        record.flip();
        if (checksum(record.duplicate()) != entry.checksum) {
            throw damaged(folder, changed(number));
        }
        return AlignedAnswer.of(entry.key, entry.temperature, entry.finished, record, entry.prompt, entry.answer);
    }

    /** A line; null if it is none. */
    private static @Nullable Entry entry(byte[] text, int from, int to) {
        try {
            JsonNode node = MAPPER.readTree(text, from, to - from);
            int prompt = node.path("prompt").asInt(-1);
            int answer = node.path("answer").asInt(-1);
            long bytes = node.path("bytes").asLong(-1);
            long offset = node.path("offset").asLong(-1);
            String split = node.path("split").asString("");
            if (prompt < 1
                    || answer < 1
                    || offset < 0
                    || bytes > Integer.MAX_VALUE
                    || bytes != AlignedAnswer.bytes(prompt, answer)
                    || !(split.equals("train") || split.equals("held_out"))) {
                return null;
            }
            return new Entry(
                    new AlignedAnswer.Key(
                            node.path("id").asString(),
                            node.path("task").asString(),
                            node.path("sample").asInt()),
                    (float) node.path("temperature").asDouble(),
                    node.path("finished").asBoolean(),
                    split.equals("held_out"),
                    prompt,
                    answer,
                    offset,
                    (int) bytes,
                    Integer.parseUnsignedInt(node.path("crc32").asString(), 16));
        } catch (JacksonException | NumberFormatException e) {
            return null;
        }
    }

    private static int checksum(ByteBuffer record) {
        CRC32 checksum = new CRC32();
        checksum.update(record);
        return (int) checksum.getValue();
    }

    private static void readFully(FileChannel file, ByteBuffer into, long position) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            int count = file.read(into, at);
            if (count < 0) {
                throw new IOException("the file ends before byte " + (position + into.capacity()));
            }
            at += count;
        }
    }

    private static void writeFully(FileChannel file, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += file.write(bytes, at);
        }
    }

    private static AdedException.InvalidArtifact damaged(Path folder, String why) {
        return new AdedException.InvalidArtifact(
                "ALIGNMENT_DAMAGED", "the export in " + folder + " is damaged: " + why);
    }

    private static void close(@Nullable FileChannel... channels) {
        for (FileChannel channel : channels) {
            if (channel != null) {
                try {
                    channel.close();
                } catch (IOException e) {
                    // What was written is checked when it is read.
                }
            }
        }
    }

    @Override
    public void close() {
        close(index, answers);
    }
}
