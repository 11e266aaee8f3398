package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.store.StandInServer.Misbehaviour;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DownloaderTest {
    private static final byte[] CONTENT = randomBytes(700_000, 1);

    @TempDir
    Path directory;

    private final StandInServer server = new StandInServer();
    private final List<String> notes = new ArrayList<>();
    private final TransferListener listener = new TransferListener() {
        @Override
        public void note(String line) {
            notes.add(line);
        }
    };
    private long free = Long.MAX_VALUE;
    private Downloader downloader;
    private Path destination;

    static byte[] randomBytes(int count, long seed) {
        byte[] bytes = new byte[count];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    static Checksum sha256(byte[] content) {
        try {
            return Checksum.sha256(HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(content)));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void start() {
        destination = directory.resolve("model.bin");
        server.file("/file", CONTENT);
        downloader = downloader(Duration.ofSeconds(60), Map.of());
    }

    @AfterEach
    void stop() {
        downloader.close();
        server.close();
    }

    private Downloader downloader(Duration stall, Map<String, String> environment) {
        return Downloader.of(
                new ProcessEnvironment(environment, directory, directory),
                new Downloader.Limits(stall, Duration.ofMillis(1), where -> free));
    }

    private Download download() {
        return new Download(server.uri("/file"), Map.of(), destination, sha256(CONTENT), CONTENT.length, "model");
    }

    private void assertNothingLeftBehind() throws IOException {
        try (var files = Files.list(directory)) {
            assertThat(files.filter(Files::isRegularFile)).isEmpty();
        }
    }

    @Test
    void fetch_fileThere_arrivesWhole() {
        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(directory).isDirectoryNotContaining("glob:**.part*");
    }

    @Test
    void fetch_secondTime_asksNobody() {
        downloader.fetch(download(), listener);
        downloader.fetch(download(), listener);

        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void fetch_connectionBreaksTwice_goesOnWhereItEnded() {
        server.misbehave(new Misbehaviour.BreakAfter(300_000), new Misbehaviour.BreakAfter(200_000));

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(server.requests()).hasSize(3);
        assertThat(server.requests().get(0).header("Range")).isEmpty();
        assertThat(server.requests().get(2).header("Range")).matches("bytes=[1-9]\\d*-");
    }

    @Test
    void fetch_partLeftByEarlierRun_fetchesOnlyTheRest() throws IOException {
        Files.write(directory.resolve("model.bin.part"), Arrays.copyOf(CONTENT, 650_000));

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(server.requests())
                .singleElement()
                .satisfies(request -> assertThat(request.header("Range")).isEqualTo("bytes=650000-"));
    }

    @Test
    void fetch_partCompleteButNotYetRenamed_asksNobody() throws IOException {
        Files.write(directory.resolve("model.bin.part"), CONTENT);

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(server.requests()).isEmpty();
    }

    @Test
    void fetch_damagedPart_startsAgainOnce() throws IOException {
        Files.write(directory.resolve("model.bin.part"), randomBytes(650_000, 2));

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(server.requests()).hasSize(2);
        assertThat(notes).anyMatch(note -> note.contains("damaged"));
    }

    @Test
    void fetch_fileChangedOnServerBetweenAttempts_takesNewOneWhole() {
        byte[] changed = randomBytes(CONTENT.length, 3);
        Download unchecked = new Download(server.uri("/file"), Map.of(), destination, null, -1, "model");
        server.misbehave(new Misbehaviour.BreakAfter(300_000), new Misbehaviour.Status(404));
        assertThatThrownBy(() -> downloader.fetch(unchecked, listener)).isInstanceOf(AdedException.NotFound.class);
        assertThat(directory.resolve("model.bin.part")).exists();

        server.file("/file", changed);
        downloader.fetch(unchecked, listener);

        assertThat(destination).hasBinaryContent(changed);
    }

    @Test
    void fetch_serverIgnoresRange_startsAgain() throws IOException {
        Files.write(directory.resolve("model.bin.part"), Arrays.copyOf(CONTENT, 650_000));
        server.misbehave(new Misbehaviour.IgnoreRange());

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_serverBusy_triesAgain() {
        server.misbehave(new Misbehaviour.Status(503), new Misbehaviour.Status(429));

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_serverKeepsFailing_givesUpAndKeepsWhatArrived() {
        server.misbehave(new Misbehaviour.BreakAfter(300_000));
        for (int i = 0; i < 10; i++) {
            server.misbehave(new Misbehaviour.Status(500));
        }

        assertThatThrownBy(() -> downloader.fetch(download(), listener))
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessageContaining("HTTP 500")
                .hasMessageContaining("kept");

        assertThat(destination).doesNotExist();
        assertThat(directory.resolve("model.bin.part")).exists();
    }

    @Test
    void fetch_connectionStalls_hangsUpAndGoesOn() {
        downloader.close();
        downloader = downloader(Duration.ofMillis(300), Map.of());
        server.misbehave(new Misbehaviour.StallAfter(300_000));

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(notes).anyMatch(note -> note.contains("nothing arrived"));
    }

    @Test
    void fetch_wrongChecksum_deletesAndSaysSo() throws IOException {
        Download wrong =
                new Download(server.uri("/file"), Map.of(), destination, sha256(new byte[1]), CONTENT.length, "model");

        assertThatThrownBy(() -> downloader.fetch(wrong, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("checksum");

        assertNothingLeftBehind();
    }

    @Test
    void fetch_moreBytesThanAnnounced_refused() throws IOException {
        Download small = new Download(server.uri("/file"), Map.of(), destination, null, 1000, "model");

        assertThatThrownBy(() -> downloader.fetch(small, listener)).isInstanceOf(AdedException.InvalidArtifact.class);

        assertNothingLeftBehind();
    }

    @Test
    void fetch_noSuchFile_notFound() {
        Download missing = new Download(server.uri("/other"), Map.of(), destination, null, -1, "model");

        assertThatThrownBy(() -> downloader.fetch(missing, listener))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("/other");
    }

    @Test
    void fetch_accessDenied_saysThatATokenMayBeNeeded() {
        server.misbehave(new Misbehaviour.Status(401));

        assertThatThrownBy(() -> downloader.fetch(download(), listener))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("HF_TOKEN");
    }

    private static int portWithoutListener() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void fetch_proxyDoesNotAnswer_namesTheProxy() throws IOException {
        String proxy = "127.0.0.1:" + portWithoutListener();
        try (Downloader behind = downloader(Duration.ofSeconds(60), Map.of("http_proxy", "http://" + proxy))) {
            Download wanted =
                    new Download(URI.create("http://models.invalid/x"), Map.of(), destination, null, -1, "model");

            assertThatThrownBy(() -> behind.fetch(wanted, listener))
                    .isInstanceOf(AdedException.Unavailable.class)
                    .hasMessageStartingWith("cannot download from models.invalid through the proxy " + proxy + ": ")
                    .hasMessageContaining("HTTPS_PROXY");
        }
    }

    @Test
    void fetch_directoryCannotBeMade_saysWhyAndWhatNamesAnother() throws IOException {
        Path file = Files.writeString(directory.resolve("taken"), "a file");
        Download wanted = new Download(server.uri("/file"), Map.of(), file.resolve("model.bin"), null, -1, "model");

        assertThatThrownBy(() -> downloader.fetch(wanted, listener))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining(file + " is no directory")
                .hasMessageContaining("XDG_CACHE_HOME");
    }

    @Test
    void fetch_nobodyListens_unavailableAtOnce() throws IOException {
        Download nowhere = new Download(
                URI.create("http://127.0.0.1:" + portWithoutListener() + "/x"),
                Map.of(),
                destination,
                null,
                -1,
                "model");

        assertThatThrownBy(() -> downloader.fetch(nowhere, listener))
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessageContaining("network");
        assertNothingLeftBehind();
    }

    @Test
    void fetch_diskTooSmall_refusedBeforeWriting() {
        free = CONTENT.length - 1;

        assertThatThrownBy(() -> downloader.fetch(download(), listener))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("XDG_CACHE_HOME");

        free = Long.MAX_VALUE;
        downloader.fetch(download(), listener);
        assertThat(destination).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_redirectToAnotherHost_tokenStaysBehindRangeGoesAlong() throws IOException {
        try (StandInServer elsewhere = new StandInServer()) {
            elsewhere.file("/blob", CONTENT);
            server.redirect("/file", elsewhere.address() + "blob");
            Files.write(directory.resolve("model.bin.part"), Arrays.copyOf(CONTENT, 10));
            Download secret = new Download(
                    server.uri("/file"),
                    Map.of("Authorization", "Bearer secret"),
                    destination,
                    sha256(CONTENT),
                    CONTENT.length,
                    "model");

            downloader.fetch(secret, listener);

            assertThat(destination).hasBinaryContent(CONTENT);
            assertThat(server.requests().getFirst().header("Authorization")).isEqualTo("Bearer secret");
            assertThat(elsewhere.requests().getFirst().header("Authorization")).isEmpty();
            assertThat(elsewhere.requests().getFirst().header("Range")).isEqualTo("bytes=10-");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "mailto:a@b",
                "http://[x",
                "ftp://localhost/x",
                "file:///etc/passwd",
                "http:///x",
                "ht!tp:x",
                "//"
            })
    void fetch_redirectToNoAddress_unavailable(String to) {
        server.redirect("/odd", to);
        Download odd = new Download(server.uri("/odd"), Map.of(), destination, null, -1, "model");

        assertThatThrownBy(() -> downloader.fetch(odd, listener))
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessage("127.0.0.1 redirects to what is no http or https address");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytes 7-3/10", "bytes 5-9/700000", "bytes 0-9", "10-20", "bytes 0-99/1e9", ""})
    void fetch_rangesThatAreNone_startAgain(String range) throws IOException {
        server.misbehave(new Misbehaviour.Answer(206, Map.of("Content-Range", range), 10, new byte[10]));

        downloader.fetch(download(), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_partsSmallerThanAskedFor_areAllFetched() {
        byte[] first = Arrays.copyOf(CONTENT, 100);
        server.misbehave(new Misbehaviour.Answer(206, Map.of("Content-Range", "bytes 0-99/700000"), 100, first));

        downloader.fetch(new Download(server.uri("/file"), Map.of(), destination, null, -1, "model"), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_nothingLeft_isComplete() throws IOException {
        Files.write(directory.resolve("model.bin.part"), CONTENT);
        server.misbehave(new Misbehaviour.Answer(416, Map.of("Content-Range", "bytes */700000"), 0, new byte[0]));

        downloader.fetch(
                new Download(server.uri("/file"), Map.of(), destination, sha256(CONTENT), -1, "model"), listener);

        assertThat(destination).hasBinaryContent(CONTENT);
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void fetch_moreThanItCanHave_isRefusedWhetherItSaysSoOrNot() throws IOException {
        byte[] endless = new byte[70 << 20];
        server.file("/endless", endless);
        server.misbehave(new Misbehaviour.Answer(200, Map.of(), -1, endless));
        Download small = new Download(server.uri("/endless"), Map.of(), destination, null, -1, 60 << 20, "model");
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> downloader.fetch(small, listener))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("more than the 62914560 bytes that it can have");
            assertNothingLeftBehind();
        }
    }

    @Test
    void fetch_lengthNotSaid_leavesRoomOnTheDisk() {
        server.misbehave(new Misbehaviour.Answer(200, Map.of(), -1, new byte[70 << 20]));
        free = 100 << 20;

        assertThatThrownBy(() -> downloader.fetch(
                        new Download(server.uri("/file"), Map.of(), destination, null, -1, "model"), listener))
                .isInstanceOf(AdedException.ResourceExhausted.class);
    }

    @Test
    void fetch_compressedAnswer_isRefusedAndATextIsUnfolded() throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write("{}".getBytes(StandardCharsets.UTF_8));
        }
        Misbehaviour encoded =
                new Misbehaviour.Answer(200, Map.of("Content-Encoding", "gzip"), zipped.size(), zipped.toByteArray());
        server.misbehave(encoded, encoded);

        assertThat(downloader.text(server.uri("/file"), Map.of())).isEqualTo("{}");
        assertThatThrownBy(() -> downloader.fetch(download(), listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("compressed although that was not asked for");
    }

    @Test
    void text_bombOfZeros_isRefused() throws IOException {
        ByteArrayOutputStream zipped = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(zipped)) {
            out.write(new byte[33 << 20]);
        }
        server.misbehave(
                new Misbehaviour.Answer(200, Map.of("Content-Encoding", "gzip"), zipped.size(), zipped.toByteArray()));

        assertThatThrownBy(() -> downloader.text(server.uri("/file"), Map.of()))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("more than 33554432 bytes");
    }

    @Test
    void fetch_headerThatCannotBeSent_isToldWithoutItsValue() {
        Download secret = new Download(
                server.uri("/file"), Map.of("Authorization", "Bearer se\ncret"), destination, null, -1, "model");

        assertThatThrownBy(() -> downloader.fetch(secret, listener))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("Authorization for 127.0.0.1")
                .hasMessageNotContaining("cret");
    }

    @Test
    void fetch_redirectLoop_unavailable() {
        server.redirect("/loop", server.address() + "loop");
        Download loop = new Download(server.uri("/loop"), Map.of(), destination, null, -1, "model");

        assertThatThrownBy(() -> downloader.fetch(loop, listener)).isInstanceOf(AdedException.Unavailable.class);
    }

    @Test
    void fetch_proxyInEnvironment_isUsed() {
        // The server stands in for the proxy: it is asked for a host that does not exist.
        downloader.close();
        downloader = downloader(Duration.ofSeconds(60), Map.of("HTTP_PROXY", server.address()));
        Download far = new Download(
                URI.create("http://models.invalid/file"), Map.of(), destination, sha256(CONTENT), -1, "model");

        downloader.fetch(far, listener);

        assertThat(destination).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_unreadableCertificateFile_saysWhichVariables() throws IOException {
        Path file = Files.writeString(directory.resolve("ca.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n");

        downloader.close();
        downloader = downloader(Duration.ofSeconds(1), Map.of("SSL_CERT_FILE", file.toString()));

        assertThatThrownBy(() -> downloader.fetch(download(), listener))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("SSL_CERT_FILE");
    }
}
