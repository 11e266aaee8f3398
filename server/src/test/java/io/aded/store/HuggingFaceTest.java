package io.aded.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.store.StandInServer.Misbehaviour;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HuggingFaceTest {
    private static final byte[] CONTENT = DownloaderTest.randomBytes(300_000, 21);

    @TempDir
    Path home;

    private final StandInServer server = new StandInServer();
    private final Map<String, String> environment = new HashMap<>();

    @AfterEach
    void stop() {
        server.close();
    }

    private Path fetch(String specification) {
        environment.put("HF_ENDPOINT", server.address());
        try (ModelStore store = ModelStore.of(new Surroundings(environment, home, home))) {
            return store.resolveHub(specification, TransferListener.NONE);
        }
    }

    private void repository(String... files) {
        repositoryWithChecksum(DownloaderTest.sha256(CONTENT).hex(), files);
    }

    private void repositoryWithChecksum(String sha256, String... files) {
        String siblings = Stream.of(files)
                .map(file -> "{\"rfilename\": \"" + file + "\", \"size\": " + CONTENT.length
                        + ", \"lfs\": {\"sha256\": \"" + sha256 + "\"}}")
                .collect(Collectors.joining(","));
        server.file(
                "/api/models/owner/repo?blobs=true",
                ("{\"siblings\": [" + siblings + "]}").getBytes(StandardCharsets.UTF_8));
        for (String file : files) {
            server.file("/owner/repo/resolve/main/" + file, CONTENT);
        }
    }

    @Test
    void fetch_onlyOneModel_takesIt() {
        repository("model-f16.gguf");

        assertThat(fetch("owner/repo")).hasFileName("model-f16.gguf").hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_severalModels_takesTheUsualQuantisation() {
        repository("model-Q2_K.gguf", "model-Q4_K_M.gguf", "model-Q8_0.gguf");

        assertThat(fetch("owner/repo")).hasFileName("model-Q4_K_M.gguf");
    }

    @Test
    void fetch_partOfAName_takesTheOneThatHasIt() {
        repository("model-Q2_K.gguf", "model-Q4_K_M.gguf", "model-Q8_0.gguf");

        assertThat(fetch("owner/repo:q8_0")).hasFileName("model-Q8_0.gguf");
    }

    @Test
    void fetch_severalAndNoneUsual_listsThem() {
        repository("a.gguf", "b.gguf");

        assertThatThrownBy(() -> fetch("owner/repo"))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("a.gguf, b.gguf");
    }

    @Test
    void fetch_noSuchFile_listsThem() {
        repository("a.gguf", "b.gguf");

        assertThatThrownBy(() -> fetch("owner/repo:c.gguf"))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("a.gguf, b.gguf");
    }

    @Test
    void fetch_noModels_notFound() {
        server.file(
                "/api/models/owner/repo?blobs=true",
                "{\"siblings\": [{\"rfilename\": \"README.md\"}]}".getBytes(StandardCharsets.UTF_8));

        assertThatThrownBy(() -> fetch("owner/repo")).isInstanceOf(AdedException.NotFound.class);
    }

    @Test
    void fetch_unknownRepository_mentionsTheToken() {
        assertThatThrownBy(() -> fetch("owner/other"))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("HF_TOKEN");
    }

    @Test
    void fetch_token_isSentToTheHubButNotToItsStorage() {
        environment.put("HF_TOKEN", "hf_secret");
        try (StandInServer storage = new StandInServer()) {
            repository("model.gguf");
            storage.file("/blob", CONTENT);
            server.redirect("/owner/repo/resolve/main/model.gguf", storage.address() + "blob");

            assertThat(fetch("owner/repo")).hasBinaryContent(CONTENT);

            assertThat(server.requests())
                    .allSatisfy(request ->
                            assertThat(request.header("Authorization")).isEqualTo("Bearer hf_secret"));
            assertThat(storage.requests())
                    .singleElement()
                    .satisfies(request ->
                            assertThat(request.header("Authorization")).isEmpty());
        }
    }

    @Test
    void fetch_brokenOff_goesOn() {
        repository("model.gguf");
        server.misbehave(new Misbehaviour.BreakAfter(Integer.MAX_VALUE / 2), new Misbehaviour.BreakAfter(150_000));

        assertThat(fetch("owner/repo")).hasBinaryContent(CONTENT);

        assertThat(server.requests().getLast().header("Range")).matches("bytes=[1-9]\\d*-");
    }

    @Test
    void fetch_namedFileSecondTime_asksNobody() {
        repository("model.gguf");
        fetch("owner/repo:model.gguf");
        int asked = server.requests().size();

        fetch("owner/repo:model.gguf");

        assertThat(server.requests()).hasSize(asked);
    }

    @Test
    void fetch_wrongChecksum_refused() {
        repositoryWithChecksum("0".repeat(64), "model.gguf");

        assertThatThrownBy(() -> fetch("owner/repo"))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("checksum");
        assertThat(home.resolve(".cache/aded/models/hf/owner/repo")).isDirectoryNotContaining("glob:**");
    }

    @Test
    void fetch_splitModel_saysWhatToDo() {
        repository("model-00001-of-00003.gguf");

        assertThatThrownBy(() -> fetch("owner/repo"))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("split");
    }

    @Test
    void fetch_hostileSpecification_refused() {
        for (String specification : new String[] {"owner", "../x", "owner/repo:../../x.gguf", "a/b/c", "", "owner/"}) {
            assertThatThrownBy(() -> fetch(specification))
                    .describedAs(specification)
                    .isInstanceOf(AdedException.InvalidRequest.class);
        }
    }
}
