package io.aded.lab.alignment;

import io.aded.engine.AnswerRecorder;
import io.aded.engine.RecordedTurn;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.report.Figures;
import io.aded.model.AdedException;
import io.aded.model.TargetModel;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Writes what a server's consenting callers were answered, in the format of {@link AlignmentFolder}, as it comes.
 *
 * <p>Engines hand turns over through a short queue and never wait: what finds it full is counted and left out. A thread
 * of its own writes. The folder has a limit, at which writing ends for good, as it does when anything fails or the
 * folder's files are taken away; it goes on where it was when a server is started with the same folder again.
 */
public final class TrafficExport implements AnswerRecorder {
    /** Turns that may wait to be written; the longest take some 600 KB each. */
    static final int MOST_WAITING = 32;

    /** Of prompts, by the rule of every export. */
    private static final double HELD_OUT = 0.15;

    /** Called so in the index, as exports from files call their benchmark. */
    private static final String TASK = "traffic";

    /** How long the end waits for the disk: for a place in the queue, and then for all that is in it. */
    private static final Duration MOST_CLOSING = Duration.ofSeconds(5);

    private static final int OFFER_MILLIS = 50;
    private static final long MOST_OFFERS = MOST_CLOSING.toMillis() / OFFER_MILLIS;

    /** What an answer's line of the index takes, at most. */
    private static final int LINE_BYTES = 512;

    private static final RecordedTurn END =
            new RecordedTurn(new int[0], new int[0], new int[0], new float[0], new int[0], 0f, false);

    private final Path path;
    private final AlignmentFolder folder;
    private final long mostBytes;
    private final Teller teller;
    private final BlockingQueue<RecordedTurn> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final AtomicLong kept = new AtomicLong();
    private final AtomicLong leftOut = new AtomicLong();
    private final Thread writer;
    private volatile boolean over;

    /** Hears what an operator should know, a line each. */
    @FunctionalInterface
    public interface Teller {
        /** A line. */
        void tell(String line);
    }

    private TrafficExport(Path path, AlignmentFolder folder, long mostBytes, Teller teller) {
        this.path = path;
        this.folder = folder;
        this.mostBytes = mostBytes;
        this.teller = teller;
        writer = Thread.ofPlatform().name("aded-align-record").unstarted(this::write);
    }

    /**
     * What opens one once a model is loaded. Opening fails with {@link AdedException.InvalidRequest} if the folder
     * holds answers of something else, with {@link AdedException.FailedPrecondition} if another process writes there,
     * and with {@link AdedException.InvalidArtifact} if what is there is damaged.
     *
     * @param path a folder; made, for its owner's eyes only, if it is not there
     * @param mostBytes that it may take
     * @param date when this server began, as ISO 8601
     * @param version of this program
     * @param teller hears at the start what is there, at the end what was kept, and that the folder is full or cannot
     *     be written
     */
    public static AnswerRecorder.Opener opener(Path path, long mostBytes, String date, String version, Teller teller) {
        return (name, target) -> open(path, mostBytes, facts(name, target, date, version), teller);
    }

    private static AlignmentFacts facts(String name, TargetModel target, String date, String version) {
        return new AlignmentFacts(
                date,
                version,
                AlignmentExport.describe(name, target),
                "consenting callers of a server",
                false,
                0,
                1,
                0,
                0,
                HELD_OUT,
                false,
                "the server's drafts");
    }

    static TrafficExport open(Path path, long mostBytes, AlignmentFacts facts, Teller teller) {
        makePrivate(path);
        AlignmentFolder folder;
        try {
            folder = AlignmentFolder.append(path, facts);
        } catch (AdedException.InvalidRequest e) {
            throw new AdedException.InvalidRequest(
                    "align_record", "is " + path + ", which holds answers of something else: " + e.getMessage());
        }
        TrafficExport export = new TrafficExport(path, folder, mostBytes, teller);
        export.tell(String.format(
                Locale.ROOT,
                "Answers are kept in %s of callers who allow it: %s so far, %,.1f of at most %,.1f MB.",
                path,
                Figures.count(folder.size(), "answer"),
                folder.bytes() / 1e6,
                mostBytes / 1e6));
        export.writer.start();
        return export;
    }

    /** What callers said is nobody's but the operator's to read. */
    private static void makePrivate(Path path) {
        if (Files.exists(path)
                || !FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
            return; // what is there is as the operator made it
        }
        try {
            Path parent = path.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Files.createDirectory(
                    path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("NOT_WRITTEN", "cannot make the folder " + path, e);
        }
    }

    @Override
    public void record(RecordedTurn turn) {
        if (over || !waiting.offer(turn)) {
            leftOut.incrementAndGet();
        }
    }

    /** Turns that were not kept: the queue was full, or the folder is. */
    long leftOut() {
        return leftOut.get();
    }

    private void write() {
        try {
            for (RecordedTurn turn = waiting.take(); turn != END; turn = waiting.take()) {
                if (over) {
                    leftOut.incrementAndGet();
                } else {
                    add(turn);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            over = true;
        }
    }

    /** Whatever goes wrong with a turn ends the keeping, and neither this thread nor a server. */
    private void add(RecordedTurn turn) {
        try {
            keep(turn);
        } catch (RuntimeException | Error e) {
            stop("No more answers are kept in " + path + ": " + (e instanceof AdedException ? e.getMessage() : e));
        }
    }

    private void stop(String line) {
        over = true;
        leftOut.incrementAndGet();
        tell(line);
    }

    private void tell(String line) {
        try {
            teller.tell(line);
        } catch (RuntimeException | Error e) {
            // Where nobody can be told, nothing is left to do about it.
        }
    }

    private void keep(RecordedTurn turn) {
        String id = String.valueOf(folder.size() + 1);
        RecordedAnswer said =
                new RecordedAnswer(id, turn.prompt(), turn.answer(), turn.topTokens(), turn.topProbabilities());
        RecordedAnswer shortened = said.withoutLoop();
        int length = shortened.answer().length;
        if (length == 0) {
            return;
        }
        String disturbance = folder.disturbance();
        if (disturbance != null) {
            stop("No more answers are kept in " + path + ": " + disturbance + ".");
            return;
        }
        if (folder.bytes() + AlignedAnswer.bytes(shortened.prompt().length, length) + LINE_BYTES > mostBytes) {
            stop(String.format(
                    Locale.ROOT,
                    "%s holds %,.1f MB and is as large as it may be: no more answers are kept.",
                    path,
                    folder.bytes() / 1e6));
            return;
        }
        int[] guesses = new int[length];
        System.arraycopy(turn.guesses(), 0, guesses, 0, length);
        folder.add(new AlignedAnswer(
                new AlignedAnswer.Key(id, TASK, 0),
                turn.temperature(),
                turn.finished() && length == turn.answer().length,
                shortened,
                guesses));
        kept.incrementAndGet();
    }

    /**
     * Writes what waits, and tells what was kept. Waits for the disk no longer than twice {@link #MOST_CLOSING}:
     * what is not written then is left out.
     */
    @Override
    public void close() {
        String disturbance = null;
        try {
            // The queue may be full, and its reader dead.
            for (int i = 0; i < MOST_OFFERS && writer.isAlive(); i++) {
                if (waiting.offer(END, OFFER_MILLIS, TimeUnit.MILLISECONDS)) {
                    break;
                }
            }
            if (writer.join(MOST_CLOSING)) {
                disturbance = folder.disturbance();
            } else {
                over = true;
            }
        } catch (InterruptedException e) {
            writer.interrupt();
            Thread.currentThread().interrupt();
        } finally {
            folder.close();
        }
        for (RecordedTurn turn = waiting.poll(); turn != null; turn = waiting.poll()) {
            if (turn != END) {
                leftOut.incrementAndGet();
            }
        }
        String answers = Figures.count(kept.intValue(), "answer") + " of consenting callers ";
        tell(answers
                + (disturbance == null
                        ? "kept in " + path + ", "
                        : "written to " + path + ", but " + disturbance + ": do not count on them; ")
                + String.format(Locale.ROOT, "%,d left out.", leftOut.get()));
    }
}
