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
        try (ModelStore store = ModelStore.of(new ProcessEnvironment(environment, home, home))) {
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
    void fetch_splitModel_fetchesAllPartsAndNamesTheFirst() {
        repository("m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf", "mmproj-model-Q8_0.gguf");

        Path first = fetch("owner/repo:Q8_0");

        assertThat(first).hasFileName("m-Q8_0-00001-of-00002.gguf");
        assertThat(first.resolveSibling("m-Q8_0-00002-of-00002.gguf")).hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_splitModelWithoutAPart_saysSo() {
        repository("model-00001-of-00003.gguf");

        assertThatThrownBy(() -> fetch("owner/repo"))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("there are only 1");
    }

    @Test
    void fetch_tagOfItsOwn_winsOverLongerOnes() {
        repository("model-Q6_K.gguf", "model-Q6_K_L.gguf", "model-IQ4_XS.gguf");

        assertThat(fetch("owner/repo:Q6_K")).hasFileName("model-Q6_K.gguf");
        assertThat(fetch("owner/repo:q6_k_l")).hasFileName("model-Q6_K_L.gguf");
    }

    @Test
    void fetch_secondTimeByAPartOfTheNameOrNone_asksNobody() {
        repository("model-Q8_0.gguf", "mmproj-model.gguf");
        Path first = fetch("owner/repo:Q8_0");
        Path other = fetch("owner/repo");
        int asked = server.requests().size();

        assertThat(fetch("owner/repo:Q8_0")).isEqualTo(first);
        assertThat(fetch("owner/repo")).isEqualTo(other);
        assertThat(server.requests()).hasSize(asked);
    }

    @Test
    void fetch_namesThatCommandATerminal_areNoFiles() {
        repository("good.gguf", "bad\\u001b[31m.gguf");

        assertThat(fetch("owner/repo")).hasFileName("good.gguf");
    }

    @Test
    void fetch_whatLiesBesideModels_isNoneOfThem() {
        repository(
                "model-Q4_K_M.gguf",
                "imatrix_unsloth.gguf",
                "model.imatrix.gguf",
                "x/imatrix.gguf",
                "mmproj-F16.gguf",
                "MMPROJ/model-Q4_K_M.gguf");

        assertThat(fetch("owner/repo")).hasFileName("model-Q4_K_M.gguf");
        assertThat(fetch("owner/repo:q4_k_m")).hasFileName("model-Q4_K_M.gguf");
        assertThat(fetch("owner/repo:gguf")).hasFileName("model-Q4_K_M.gguf");
    }

    @Test
    void fetch_tagsOfMixtures_areOthersThanThoseTheyContain() {
        repository(
                "model-Q4_K_M.gguf",
                "model-UD-Q4_K_M.gguf",
                "model-Q4_K_S.gguf",
                "model-IQ4_XS.gguf",
                "model-UD-Q4_K_XL.gguf",
                "model-UD-IQ1_S.gguf",
                "model.Q6_K.gguf",
                "model.Q6_K_L.GGUF");

        assertThat(fetch("owner/repo")).hasFileName("model-Q4_K_M.gguf");
        assertThat(fetch("owner/repo:Q4_K_M")).hasFileName("model-Q4_K_M.gguf");
        assertThat(fetch("owner/repo:ud-q4_k_m")).hasFileName("model-UD-Q4_K_M.gguf");
        assertThat(fetch("owner/repo:UD-Q4_K_XL")).hasFileName("model-UD-Q4_K_XL.gguf");
        assertThat(fetch("owner/repo:Q4_K_XL")).hasFileName("model-UD-Q4_K_XL.gguf");
        assertThat(fetch("owner/repo:IQ1_S")).hasFileName("model-UD-IQ1_S.gguf");
        assertThat(fetch("owner/repo:Q6_K")).hasFileName("model.Q6_K.gguf");
        assertThat(fetch("owner/repo:q6_k_l")).hasFileName("model.Q6_K_L.GGUF");
        assertThatThrownBy(() -> fetch("owner/repo:Q4_K")).hasMessageContaining("more than one file");
        assertThatThrownBy(() -> fetch("owner/repo:Q3_K_M")).hasMessageContaining("no file of owner/repo matches");
    }

    @Test
    void fetch_splitModelsWhoseNamesBeginAlike_takesTheirOwnParts() {
        repository(
                "Q4/m-00001-of-00002.gguf",
                "Q4/m-00002-of-00002.gguf",
                "Q4/m-00002-of-00002.gguf",
                "Q4/m-x-00001-of-00002.gguf",
                "Q4/m-x-00002-of-00002.gguf",
                "Q8/m-00001-of-00002.gguf",
                "Q8/m-00002-of-00002.gguf");

        Path first = fetch("owner/repo:Q4/m-00001-of-00002.gguf");

        assertThat(first).hasFileName("m-00001-of-00002.gguf").hasParent(home.resolve(first.getParent()));
        assertThat(first.resolveSibling("m-00002-of-00002.gguf")).exists();
        assertThat(first.resolveSibling("m-x-00001-of-00002.gguf")).doesNotExist();
    }

    @Test
    void fetch_namesWithSignsThatAddressesDoWithout_areFetched() {
        repository("models/a b[1]=@c+d,e~.gguf");
        server.file("/owner/repo/resolve/main/models/a%20b%5B1%5D%3D%40c%2Bd%2Ce~.gguf", CONTENT);

        assertThat(fetch("owner/repo")).hasFileName("a b[1]=@c+d,e~.gguf").hasBinaryContent(CONTENT);
    }

    @Test
    void fetch_tokenWithALinesEnd_isSentWithout() {
        environment.put("HF_TOKEN", "hf_secret\n");
        repository("model.gguf");

        assertThat(fetch("owner/repo")).exists();
        assertThat(server.requests().getFirst().header("Authorization")).isEqualTo("Bearer hf_secret");
    }

    @Test
    void fetch_endpointThatIsNone_isRefused() {
        for (String address : new String[] {"not an address", "ftp://x/", "http://", "://"}) {
            environment.put("HF_ENDPOINT", address);
            try (ModelStore store = ModelStore.of(new ProcessEnvironment(environment, home, home))) {
                assertThatThrownBy(() -> store.resolveHub("owner/repo", TransferListener.NONE))
                        .as(address)
                        .isInstanceOf(AdedException.InvalidRequest.class)
                        .hasMessageContaining("HF_ENDPOINT");
            }
        }
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
