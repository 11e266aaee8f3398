package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * Fetches files over HTTP so that nothing is fetched twice and nothing wrong is kept. Thread-safe; two downloads to the
 * same destination must be kept apart by a {@link FileLease}.
 */
public final class Downloader implements AutoCloseable {
    /*
     * Resuming:
     *
     * Bytes are appended to DESTINATION.part. An attempt begins with what is there ("Range: bytes=N-"), guarded by the
     * validator of the first answer ("If-Range: ETAG", kept in DESTINATION.part.tag), so that a file that has changed
     * on the server is fetched anew instead of being sewn together from two. A connection that breaks, or delivers
     * nothing for the stall limit, is tried again; only attempts that bring no byte count towards the limit.
     *
     * Trust:
     *
     * The file moves to its destination by one rename, after its checksum was verified. If a resumed file turns out
     * wrong, its older half may be at fault: it is fetched once more from the start. If a file is wrong that came in
     * one piece, the server's copy is wrong, and that is said.
     */
    private static final int MAX_FRUITLESS_ATTEMPTS = 5;

    private static final int MAX_TEXT_BYTES = 32 << 20;

    /** Which part of a file an answer has: its first and last byte, and the file's length if the server knows it. */
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    /** How a server says that there is nothing behind the part that was asked for, and how long the file is. */
    private static final Pattern NOTHING_LEFT = Pattern.compile("bytes \\*/(\\d{1,18})");

    /** Bytes that a file of which nobody said how long it is leaves free on the disk. */
    private static final long SPARE = 256L << 20;

    /** After how many bytes more it is looked whether they are. */
    private static final long LOOK_AT_SPACE = 64L << 20;

    private final Supplier<HttpClient> connector;
    private final Limits limits;
    private final HttpRequests requests;
    private final Object lock = new Object();
    private @Nullable HttpClient client;

    private Downloader(Supplier<HttpClient> connector, Limits limits) {
        this.connector = connector;
        this.limits = limits;
        requests = new HttpRequests(this::client, limits.stall());
    }

    /**
     * What a test sets otherwise.
     *
     * @param stall how long a connection may deliver nothing
     * @param firstPause how long to wait before the second attempt; doubles with each fruitless one
     * @param freeSpace bytes that can still be written to a directory
     */
    record Limits(Duration stall, Duration firstPause, FreeSpace freeSpace) {
        static final Limits DEFAULT = new Limits(Duration.ofSeconds(60), Duration.ofMillis(500), directory -> {
            FileStore store = Files.getFileStore(directory);
            return store.getUsableSpace();
        });
    }

    @FunctionalInterface
    interface FreeSpace {
        long in(Path directory) throws IOException;
    }

    /** A downloader that uses the proxies and certificates that the environment names. */
    public static Downloader of(ProcessEnvironment environment) {
        return of(environment, Limits.DEFAULT);
    }

    static Downloader of(ProcessEnvironment environment, Limits limits) {
        return new Downloader(
                () -> HttpConnector.connect(environment, NpmSettings.of(environment), Duration.ofSeconds(20)), limits);
    }

    /**
     * Makes sure that the file is there: fetches it, or the rest of it. A file that is at the destination already is
     * believed to be whole, because only whole files get there.
     *
     * @throws AdedException.NotFound if the server has no such file
     * @throws AdedException.Unavailable if the server cannot be reached, or keeps failing; what has arrived is kept
     * @throws AdedException.FailedPrecondition if the server refuses the caller
     * @throws AdedException.ResourceExhausted if the disk is too full
     * @throws AdedException.InvalidArtifact if what arrived is not what was announced; it is deleted
     */
    public void fetch(Download download, TransferListener listener) {
        fetch(download, listener, _ -> {});
    }

    /** What a file must be besides complete. */
    @FunctionalInterface
    interface Acceptance {
        /** Throws {@link AdedException.InvalidArtifact} if the file is to be deleted. */
        void require(Path file);
    }

    /** The same for a file that is looked at before it is kept. */
    void fetch(Download download, TransferListener listener, Acceptance acceptance) {
        Path destination = download.destination();
        if (Files.isRegularFile(destination)) {
            return;
        }
        Path part = destination.resolveSibling(destination.getFileName() + ".part");
        try {
            Files.createDirectories(Objects.requireNonNull(part.toAbsolutePath().getParent()));
            boolean resumed = Files.exists(part);
            receive(download, part, listener);
            if (!isSound(download, part, listener)) {
                discard(part);
                if (resumed) {
                    listener.note(download.label() + ": what an earlier attempt left was damaged; starting again");
                    receive(download, part, listener);
                    resumed = false;
                }
                if (!Files.exists(part) || !isSound(download, part, listener)) {
                    discard(part);
                    throw new AdedException.InvalidArtifact(
                            "CHECKSUM_MISMATCH",
                            download.label() + ": what " + download.source().getHost()
                                    + " sent does not have the checksum that was published for it; it was deleted."
                                    + " Try again; if it happens again, the copy on that server is damaged");
                }
            }
            try {
                acceptance.require(part);
            } catch (AdedException.InvalidArtifact e) {
                discard(part);
                throw e;
            }
            Files.deleteIfExists(tagOf(part));
            Files.move(part, destination, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw TransferFailures.ofDisk(download.label(), part, e);
        }
    }

    /**
     * The answer to a GET request as text, at most 32 MiB.
     *
     * @throws AdedException as {@link #fetch} does
     */
    public String text(URI address, Map<String, String> headers) {
        IOException last = null;
        for (int attempt = 0; attempt < MAX_FRUITLESS_ATTEMPTS; attempt++) {
            pause(attempt);
            try {
                return read(address, requests.get(address, headers));
            } catch (HttpRequests.Busy | IOException e) {
                last = e instanceof IOException io ? io : new IOException(e.getMessage(), e);
                if (TransferFailures.isHopeless(last)) {
                    break;
                }
            }
        }
        throw unreachable(address, last, "");
    }

    private String read(URI address, HttpResponse<InputStream> answer) throws IOException {
        try (InputStream body = answer.body();
                StallGuard guard = new StallGuard(body, limits.stall());
                InputStream plain = isZipped(answer) ? new GZIPInputStream(body) : body) {
            byte[] bytes = plain.readNBytes(MAX_TEXT_BYTES + 1);
            guard.progressed();
            if (bytes.length > MAX_TEXT_BYTES) {
                throw new AdedException.InvalidArtifact(
                        "TOO_LONG",
                        address.getHost() + " answers with more than " + MAX_TEXT_BYTES + " bytes for "
                                + address.getPath());
            }
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** Nobody asks for it; some servers do it all the same. */
    private static boolean isZipped(HttpResponse<?> answer) {
        return answer.headers().firstValue("Content-Encoding").orElse("").equalsIgnoreCase("gzip");
    }

    private void receive(Download download, Path part, TransferListener listener) throws IOException {
        int fruitless = 0;
        while (true) {
            long before = Files.exists(part) ? Files.size(part) : 0;
            if (download.size() >= 0 && before > download.size()) {
                discard(part);
                before = 0;
            }
            if (before == download.size()) {
                return;
            }
            IOException failure;
            try {
                receiveOnce(download, part, before, listener);
                return;
            } catch (BrokenOff e) {
                failure = e.reason;
            }
            long gained = (Files.exists(part) ? Files.size(part) : 0) - before;
            fruitless = gained > 0 ? 1 : fruitless + 1;
            if (fruitless >= MAX_FRUITLESS_ATTEMPTS || TransferFailures.isHopeless(failure)) {
                throw unreachable(
                        download.source(),
                        failure,
                        before + gained > 0 ? " What has arrived is kept: the same command goes on from there." : "");
            }
            listener.note(download.label() + ": " + TransferFailures.plain(failure) + "; going on");
            pause(fruitless);
        }
    }

    /** Minus one if the server says none, or none that is a number. */
    private static long contentLength(HttpResponse<?> answer) {
        String stated = answer.headers().firstValue("Content-Length").orElse("");
        return stated.matches("\\d{1,18}") ? Long.parseLong(stated) : -1;
    }

    /**
     * One attempt: asks for what is not there yet, and writes what comes of it.
     *
     * @param from bytes that are there
     */
    private void receiveOnce(Download download, Path part, long from, TransferListener listener)
            throws IOException, BrokenOff {
        HttpResponse<InputStream> answer = ask(download, part, from);
        try (InputStream body = answer.body()) {
            long start = 0;
            long stated = contentLength(answer);
            if (answer.statusCode() == 206) {
                start = from;
                stated = lengthByRange(answer, part, from);
            } else if (answer.statusCode() == 416) {
                if (download.size() < 0 && from > 0 && saysThatNothingIsLeft(answer, from)) {
                    return; // It was complete.
                }
                discard(part);
                throw new BrokenOff(new IOException("the file has changed on the server"));
            }
            requirePlain(download, answer);
            long total = download.size() >= 0 ? download.size() : stated;
            requireNoMore(download, part, total);
            if (start == 0) {
                rememberTag(answer.headers(), tagOf(part));
            }
            write(body, download, part, start, total, listener);
        }
    }

    private HttpResponse<InputStream> ask(Download download, Path part, long from) throws IOException, BrokenOff {
        Map<String, String> headers = new HashMap<>(download.headers());
        if (from > 0) {
            headers.put("Range", "bytes=" + from + "-");
            Path tagFile = tagOf(part);
            if (Files.exists(tagFile)) {
                headers.put("If-Range", Files.readString(tagFile));
            }
        }
        try {
            return requests.get(download.source(), headers);
        } catch (HttpRequests.Busy | IOException e) {
            throw new BrokenOff(e instanceof IOException io ? io : new IOException(e.getMessage(), e));
        }
    }

    /** How long the file is by an answer with a part of it; without a statement, as long as up to that part's end. */
    private static long lengthByRange(HttpResponse<?> answer, Path part, long from) throws IOException, BrokenOff {
        Matcher range = CONTENT_RANGE.matcher(
                answer.headers().firstValue("Content-Range").orElse(""));
        if (!range.matches() || Long.parseLong(range.group(1)) != from || Long.parseLong(range.group(2)) < from) {
            discard(part);
            throw new BrokenOff(new IOException("the server answered with another part of the file than asked for"));
        }
        // It may send less than all that is left, and is asked again then.
        return range.group(3).equals("*") ? Long.parseLong(range.group(2)) + 1 : Long.parseLong(range.group(3));
    }

    private static boolean saysThatNothingIsLeft(HttpResponse<?> answer, long from) {
        Matcher nothing = NOTHING_LEFT.matcher(
                answer.headers().firstValue("Content-Range").orElse(""));
        return nothing.matches() && Long.parseLong(nothing.group(1)) == from;
    }

    /**
     * Writes what arrives behind what is there.
     *
     * @param start bytes of the file that stay
     * @param total the file's length; -1 where nobody said it
     */
    private void write(
            InputStream body, Download download, Path part, long start, long total, TransferListener listener)
            throws IOException, BrokenOff {
        try (StallGuard guard = new StallGuard(body, limits.stall());
                FileChannel out = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.truncate(start);
            out.position(start);
            requireSpace(download.label(), part, total - start);
            long done = start;
            listener.progress(download.label(), done, total);
            byte[] buffer = new byte[1 << 17];
            long looked = done;
            for (int got = readSome(body, buffer, guard); got >= 0; got = readSome(body, buffer, guard)) {
                if (total >= 0 && done + got > total) {
                    discard(part);
                    throw tooLong(download, total, "should have");
                }
                if (total < 0 && done + got - looked > LOOK_AT_SPACE) {
                    looked = done + got;
                    requireNoMore(download, part, looked);
                    requireSpace(download.label(), part, SPARE);
                }
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, got);
                while (bytes.hasRemaining()) {
                    out.write(bytes);
                }
                done += got;
                listener.progress(download.label(), done, total);
            }
            if (total >= 0 && done < total) {
                throw new BrokenOff(new IOException("the connection ended after " + done + " of " + total + " bytes"));
            }
        }
    }

    private int readSome(InputStream body, byte[] buffer, StallGuard guard) throws BrokenOff {
        try {
            int got = body.read(buffer);
            guard.progressed();
            return got;
        } catch (IOException e) {
            throw new BrokenOff(guard.hasFired() ? new IOException("nothing arrived for " + limits.stall(), e) : e);
        }
    }

    /** A file's bytes are wanted as they are: its length and its checksum are of those. */
    private static void requirePlain(Download download, HttpResponse<?> answer) {
        String encoding = answer.headers().firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity") && !encoding.isBlank()) {
            throw new AdedException.InvalidArtifact(
                    "ENCODED",
                    download.label() + ": " + download.source().getHost()
                            + " sends it compressed although that was not asked for; use another server");
        }
    }

    private static void requireNoMore(Download download, Path part, long bytes) throws IOException {
        if (download.size() < 0 && bytes > download.most()) {
            discard(part);
            throw tooLong(download, download.most(), "can have");
        }
    }

    private static AdedException tooLong(Download download, long most, String why) {
        return new AdedException.InvalidArtifact(
                "TOO_LONG",
                download.label() + ": " + download.source().getHost() + " sends more than the " + most
                        + " bytes that it " + why + "; nothing of it was kept");
    }

    private static boolean isSound(Download download, Path part, TransferListener listener) throws IOException {
        if (download.size() >= 0 && Files.size(part) != download.size()) {
            return false;
        }
        Checksum checksum = download.checksum();
        if (checksum == null) {
            return true;
        }
        listener.note(download.label() + ": verifying");
        return checksum.matches(part);
    }

    /** Refuses to begin what cannot end. */
    void requireSpace(String label, Path file, long bytes) throws IOException {
        Path directory = Objects.requireNonNull(file.toAbsolutePath().getParent());
        long free = limits.freeSpace().in(directory);
        if (bytes > free) {
            throw new AdedException.ResourceExhausted(
                    "NO_SPACE",
                    String.format(
                            Locale.ROOT,
                            "%s needs %.1f MB more in %s, where %.1f MB are free; make room there, or have it on a"
                                    + " larger disk: %s",
                            label,
                            bytes / 1e6,
                            directory,
                            free / 1e6,
                            TransferFailures.ELSEWHERE),
                    null);
        }
    }

    private AdedException unreachable(URI address, @Nullable IOException failure, String kept) {
        Proxy proxy = client().proxy()
                .map(proxies -> proxies.select(address).getFirst())
                .orElse(Proxy.NO_PROXY);
        return TransferFailures.unreachable(address, proxy, failure, kept);
    }

    private void pause(int attempt) {
        if (attempt > 0) {
            long nanos = limits.firstPause().toNanos() << Math.min(attempt - 1, 4);
            long until = System.nanoTime() + nanos;
            for (long left = nanos; left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
                if (Thread.currentThread().isInterrupted()) {
                    throw new AdedException.Cancelled("the transfer was interrupted");
                }
            }
        }
    }

    private static void rememberTag(HttpHeaders headers, Path tagFile) throws IOException {
        // A weak tag says that two files mean the same, not that their bytes are the same.
        String tag = headers.firstValue("ETag")
                .filter(value -> !value.startsWith("W/"))
                .or(() -> headers.firstValue("Last-Modified"))
                .orElse("");
        if (tag.isEmpty()) {
            Files.deleteIfExists(tagFile);
        } else {
            Files.writeString(tagFile, tag);
        }
    }

    private static Path tagOf(Path part) {
        return part.resolveSibling(part.getFileName() + ".tag");
    }

    private static void discard(Path part) throws IOException {
        Files.deleteIfExists(part);
        Files.deleteIfExists(tagOf(part));
    }

    /** Closes idle connections. */
    @Override
    public void close() {
        synchronized (lock) {
            if (client != null) {
                client.shutdownNow();
            }
        }
    }

    /** Made when it is first needed: most starts download nothing, and reading the certificates takes a while. */
    private HttpClient client() {
        synchronized (lock) {
            if (client == null) {
                client = connector.get();
            }
            return client;
        }
    }

    /** An attempt that failed in a way that another one may mend. */
    private static final class BrokenOff extends Exception {
        private static final long serialVersionUID = 1;
        final transient IOException reason;

        BrokenOff(IOException reason) {
            super(reason);
            this.reason = reason;
        }
    }

    /** Closes a stream that delivers nothing for too long, which ends the read that waits on it. */
    private static final class StallGuard implements AutoCloseable {
        private final Thread watcher;
        private volatile long lastProgress = System.nanoTime();
        private volatile boolean fired;
        private volatile boolean done;

        StallGuard(InputStream stream, Duration limit) {
            watcher = Thread.ofVirtual().name("stall-guard").start(() -> {
                while (!done) {
                    long left = limit.toNanos() - (System.nanoTime() - lastProgress);
                    if (left <= 0) {
                        fired = true;
                        try {
                            stream.close();
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                        return;
                    }
                    LockSupport.parkNanos(Math.max(left, TimeUnit.MILLISECONDS.toNanos(1)));
                }
            });
        }

        void progressed() {
            lastProgress = System.nanoTime();
        }

        boolean hasFired() {
            return fired;
        }

        @Override
        public void close() {
            done = true;
            LockSupport.unpark(watcher);
        }
    }
}
