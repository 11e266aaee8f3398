package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import io.aded.store.Downloader;
import io.aded.store.NpmRegistry;
import io.aded.store.ProcessEnvironment;
import io.aded.store.StandInServer;
import io.aded.store.TarballBuilder;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NativesStoreTest {
    private static final NativesPlatform LINUX = new NativesPlatform("linux", "x64");
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final String VERSION = NativesKind.SUPPORTED_VERSION;
    private static final String CPU = "@node-llama-cpp/linux-x64";
    private static final long PLENTY = 1L << 40;

    @TempDir
    private Path home;

    private final RegistryStandIn registry = new RegistryStandIn();
    private final List<String> notes = new ArrayList<>();
    private final TransferListener listener = new TransferListener() {
        @Override
        public void note(String line) {
            synchronized (notes) {
                notes.add(line);
            }
        }
    };

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void supportedRelease_isOneThatTheBindingKnows() {
        assertThat(LlamaLibrary.supportedVersions()).contains(NativesKind.SUPPORTED_RELEASE);
    }

    @Test
    void install_cpu_keepsLibrariesAndLicenceAndSaysWhatItIs() throws IOException {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so", "libggml-base.so");
        NativesStore store = store();

        InstalledNatives build = store.install(NativesKind.CPU, VERSION, listener);

        assertThat(build.id()).isEqualTo("cpu-3.22.1");
        assertThat(build.llama()).isEqualTo("v0.5.0");
        assertThat(build.installed()).isEqualTo(NOW);
        assertThat(build.packages().getFirst().integrity()).startsWith("SHA-512:");
        assertThat(names(build.directory()))
                .containsExactly("LICENSE", "aded-natives.json", "libggml-base.so", "libllama.v0.5.0.so");
        assertThat(store.installed()).containsExactly(build);
        assertThat(store.damage(build)).isNull();
        assertThat(names(store.directory().resolve(".downloads"))).isEmpty();
        assertThat(leftovers(store)).isEmpty();
    }

    @Test
    void install_again_fetchesNothing() {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        store().install(NativesKind.CPU, VERSION, listener);
        registry.server().requests().clear();

        store().install(NativesKind.CPU, VERSION, listener);

        assertThat(registry.server().requests()).isEmpty();
    }

    @Test
    void install_overADamagedOne_replacesIt() throws IOException {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        NativesStore store = store();
        InstalledNatives build = store.install(NativesKind.CPU, VERSION, listener);
        Path library = build.directory().resolve("libllama.v0.5.0.so");
        Files.writeString(library, "cut");
        assertThat(store.damage(build)).contains("libllama.v0.5.0.so has 3 bytes instead of");
        Files.delete(library);
        assertThat(store.damage(build)).contains("missing");

        assertThat(store.damage(store.install(NativesKind.CPU, VERSION, listener)))
                .isNull();
    }

    @Test
    void install_cuda12_takesTheBackEndOfTheExtension() throws IOException {
        registry.publishLibraries(CPU + "-cuda", VERSION, "libllama.cuda.v0.5.0.so", "libggml-cuda.so");
        registry.publishLibraries(CPU + "-cuda-ext", VERSION, "fallback/libggml-cuda.so", "other/libggml-cuda.so");

        InstalledNatives cuda12 = store().install(NativesKind.CUDA12, VERSION, listener);
        InstalledNatives cuda = store().install(NativesKind.CUDA, VERSION, listener);

        assertThat(cuda12.directory().resolve("libggml-cuda.so"))
                .hasContent(CPU + "-cuda-ext fallback/libggml-cuda.so");
        assertThat(cuda12.directory().resolve("libllama.cuda.v0.5.0.so")).exists();
        assertThat(cuda.directory().resolve("libggml-cuda.so")).hasContent(CPU + "-cuda libggml-cuda.so");
        assertThat(store().installed()).containsExactly(cuda, cuda12);
    }

    @Test
    void install_noNetwork_saysSoAndLeavesNothing() {
        registry.close();

        assertThatThrownBy(() -> store().install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessageContaining("127.0.0.1")
                .hasMessageContaining("network");
        assertThat(store().installed()).isEmpty();
    }

    @Test
    void install_connectionBreaksAgainAndAgain_resumesFromWhatIsThere() throws IOException {
        byte[] random = new byte[40_000];
        new SplittableRandom(1).nextBytes(random);
        registry.publish(
                CPU,
                VERSION,
                new TarballBuilder().file("package/bins/x/libllama.so", random).build());
        StandInServer.Misbehaviour hangUp = new StandInServer.Misbehaviour.BreakAfter(15_000);
        StandInServer.Misbehaviour none = new StandInServer.Misbehaviour.BreakAfter(Integer.MAX_VALUE / 2);
        // The first request is for the metadata.
        registry.server().misbehave(none, hangUp, hangUp);

        InstalledNatives build = store().install(NativesKind.CPU, VERSION, listener);

        assertThat(build.directory().resolve("libllama.so")).hasBinaryContent(random);
        assertThat(registry.archiveRequests())
                .anyMatch(request -> request.endsWith("bytes=15000-"))
                .anyMatch(request -> request.endsWith("bytes=30000-"));
    }

    @Test
    void install_interruptedEarlier_goesOnFromThere() throws IOException {
        byte[] random = new byte[40_000];
        new SplittableRandom(1).nextBytes(random);
        byte[] archive =
                new TarballBuilder().file("package/bins/x/libllama.so", random).build();
        registry.publish(CPU, VERSION, archive);
        NativesStore store = store();
        Path downloads = Files.createDirectories(store.directory().resolve(".downloads"));
        Files.write(
                downloads.resolve("node-llama-cpp-linux-x64-" + VERSION + ".tgz.part"), Arrays.copyOf(archive, 30_000));

        store.install(NativesKind.CPU, VERSION, listener);

        assertThat(registry.archiveRequests()).singleElement().asString().endsWith("bytes=30000-");
    }

    @Test
    void install_archiveLyingAroundThatIsNotTheRightOne_isNotUsed() throws IOException {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        NativesStore store = store();
        Path downloads = Files.createDirectories(store.directory().resolve(".downloads"));
        Files.write(
                downloads.resolve("node-llama-cpp-linux-x64-" + VERSION + ".tgz"),
                new TarballBuilder().file("package/bins/x/libevil.so", "evil").build());

        InstalledNatives build = store.install(NativesKind.CPU, VERSION, listener);

        assertThat(names(build.directory())).contains("libllama.v0.5.0.so").doesNotContain("libevil.so");
    }

    @Test
    void install_wrongChecksum_isRefusedAndDeleted() throws IOException {
        registry.publishDamaged(
                CPU,
                VERSION,
                new TarballBuilder().file("package/bins/x/libllama.so", "x").build());
        NativesStore store = store();

        assertThatThrownBy(() -> store.install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("checksum");
        assertThat(store.installed()).isEmpty();
        assertThat(names(store.directory().resolve(".downloads"))).isEmpty();
    }

    @Test
    void install_noSpaceToUnpack_saysHowMuchAndKeepsTheDownload() throws IOException {
        registry.publish(
                CPU,
                VERSION,
                new TarballBuilder()
                        .file("package/bins/x/libllama.so", new byte[9_000_000])
                        .build());
        NativesStore store = store(8_000_000);

        assertThatThrownBy(() -> store.install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.ResourceExhausted.class)
                .hasMessageContaining("9 MB")
                .hasMessageContaining("8 MB are free")
                .hasMessageContaining("XDG_DATA_HOME");
        assertThat(leftovers(store)).isEmpty();
        registry.server().requests().clear();

        assertThat(store().install(NativesKind.CPU, VERSION, listener).size()).isEqualTo(9_000_000);
        assertThat(registry.archiveRequests()).noneMatch(request -> request.endsWith(".tgz"));
    }

    @Test
    void install_archiveThatIsNoArchive_isRefusedAndDeleted() throws IOException {
        registry.publish(CPU, VERSION, "<html>proxy login</html>".getBytes(StandardCharsets.UTF_8));
        NativesStore store = store();

        assertThatThrownBy(() -> store.install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("gzip");
        assertThat(names(store.directory().resolve(".downloads"))).isEmpty();
        assertThat(leftovers(store)).isEmpty();
    }

    @Test
    void install_truncatedArchive_isRefused() {
        byte[] whole = new TarballBuilder()
                .file("package/bins/x/libllama.so", new byte[100_000])
                .build();
        registry.publish(CPU, VERSION, Arrays.copyOf(whole, whole.length / 2));

        assertThatThrownBy(() -> store().install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("damaged");
        assertThat(store().installed()).isEmpty();
    }

    @Test
    void install_pathThatClimbs_isRefusedAndWritesNothingOutside() throws IOException {
        registry.publish(
                CPU,
                VERSION,
                new TarballBuilder()
                        .file("package/bins/x/libllama.so", "x")
                        .file("package/bins/x/../../../../../evil.so", "x")
                        .build());

        assertThatThrownBy(() -> store().install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("outside");
        try (Stream<Path> all = Files.walk(home)) {
            assertThat(all.filter(path -> path.toString().endsWith(".so"))).isEmpty();
        }
    }

    @Test
    void install_link_isRefused() {
        registry.publish(
                CPU,
                VERSION,
                new TarballBuilder()
                        .entry("package/bins/x/libllama.so", '2', new byte[0])
                        .build());

        assertThatThrownBy(() -> store().install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("link");
    }

    @Test
    void install_noLibraryInside_isRefused() {
        registry.publish(
                CPU,
                VERSION,
                new TarballBuilder().file("package/README.md", "hi").build());

        assertThatThrownBy(() -> store().install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("no library");
    }

    @Test
    void install_anotherLlamaRelease_isRefused() {
        registry.publish(
                CPU,
                "9.9.9",
                new TarballBuilder()
                        .file(
                                "package/bins/x/_nlcBuildMetadata.json",
                                "{\"buildOptions\":{\"llamaCpp\":{\"release\":\"b9999\"}}}")
                        .file("package/bins/x/libllama.so", "x")
                        .build());

        assertThatThrownBy(() -> store().install(NativesKind.CPU, "9.9.9", listener))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining("b9999")
                .hasMessageContaining("v0.5.0");
        assertThat(store().installed()).isEmpty();
    }

    @Test
    void install_unknownVersion_isNotFound() {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");

        assertThatThrownBy(() -> store().install(NativesKind.CPU, "1.2.3", listener))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining(CPU + "@1.2.3");
        assertThatThrownBy(() -> store().install(NativesKind.CPU, "../../x", listener))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("no version");
    }

    @Test
    void install_kindOfAnotherSystem_namesWhatThereIs() {
        assertThatThrownBy(() -> store().install(NativesKind.METAL, VERSION, listener))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("linux-x64")
                .hasMessageContaining("cuda, cuda12, vulkan, cpu");
        assertThatThrownBy(() -> NativesKind.of("rocm"))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("cuda");
    }

    @Test
    void install_twiceAtOnce_fetchesOnce() {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        List<CompletableFuture<InstalledNatives>> both = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            both.add(CompletableFuture.supplyAsync(() -> store().install(NativesKind.CPU, VERSION, listener)));
        }

        assertThat(both.get(0).join()).isEqualTo(both.get(1).join());
        assertThat(registry.archiveRequests()).hasSize(1);
    }

    @Test
    void install_whatADeadProcessLeft_isSweptAway() throws IOException {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        NativesStore store = store();
        Files.createDirectories(store.directory().resolve(".unpacking-77/deep"));
        Files.createDirectories(store.directory().resolve("cpu-" + VERSION));
        assertThat(store.installed()).isEmpty();

        store.install(NativesKind.CPU, VERSION, listener);

        assertThat(leftovers(store)).isEmpty();
        assertThat(store.installed()).hasSize(1);
    }

    @Test
    void find_byKindAndById_andCaseDoesNotMatter() {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        NativesStore store = store();
        store.install(NativesKind.CPU, VERSION, listener);

        assertThat(store.find("cpu")).isPresent();
        assertThat(store.find("CPU@" + VERSION)).isPresent();
        assertThat(store.find("cpu-" + VERSION)).isPresent();
        assertThat(store.find("cpu-0.0.1")).isEmpty();
        assertThat(store.find("vulkan")).isEmpty();
    }

    @Test
    void remove_chosenBuild_isGoneAndNoLongerChosen() throws IOException {
        registry.publishLibraries(CPU, VERSION, "libllama.v0.5.0.so");
        NativesStore store = store();
        InstalledNatives build = store.install(NativesKind.CPU, VERSION, listener);
        store.choose(new NativesChoice.Installed(build.id()));

        store.remove("cpu");

        assertThat(store.installed()).isEmpty();
        assertThat(build.directory()).doesNotExist();
        assertThat(store.choice()).isEqualTo(new NativesChoice.Automatic());
        assertThat(leftovers(store)).isEmpty();
        assertThatThrownBy(() -> store.remove("cpu"))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("none is");
    }

    @Test
    void choice_isRemembered_andAnUnreadableOneIsNone() throws IOException {
        NativesStore store = store();
        assertThat(store.choice()).isEqualTo(new NativesChoice.Automatic());
        for (NativesChoice choice : List.of(
                new NativesChoice.Bundled(),
                new NativesChoice.Installed("cpu-3.22.1"),
                new NativesChoice.Directory(home.toAbsolutePath()),
                new NativesChoice.Automatic())) {
            store.choose(choice);
            assertThat(store().choice()).isEqualTo(choice);
        }
        Files.writeString(store.directory().resolve("choice.json"), "{\"use");
        assertThat(store.choice()).isEqualTo(new NativesChoice.Automatic());
    }

    @Test
    void install_dataDirectoryThatIsAFile_saysSo() throws IOException {
        Files.createDirectories(home.resolve("data"));
        Files.writeString(home.resolve("data/aded"), "in the way");

        assertThatThrownBy(() -> store().install(NativesKind.CPU, VERSION, listener))
                .isInstanceOf(AdedException.FailedPrecondition.class)
                .hasMessageContaining("XDG_DATA_HOME");
    }

    @Test
    void platform_ofJavasNames_isThePackagesName() {
        assertThat(platform("Linux", "amd64")).isEqualTo("linux-x64");
        assertThat(platform("Linux", "aarch64")).isEqualTo("linux-arm64");
        assertThat(platform("Mac OS X", "aarch64")).isEqualTo("mac-arm64");
        assertThat(platform("Windows 11", "amd64")).isEqualTo("win-x64");
        assertThat(NativesKind.availableOn(new NativesPlatform("sunos", "sparc")))
                .isEmpty();
    }

    private static String platform(String name, String architecture) {
        Properties properties = new Properties();
        properties.setProperty("os.name", name);
        properties.setProperty("os.arch", architecture);
        return NativesPlatform.of(properties).toString();
    }

    private NativesStore store() {
        return store(PLENTY);
    }

    private NativesStore store(long free) {
        ProcessEnvironment environment = new ProcessEnvironment(
                Map.of("XDG_DATA_HOME", home.resolve("data").toString(), "npm_config_registry", registry.address()),
                home,
                home);
        return new NativesStore(
                environment.dataDirectory().resolve("natives"),
                LINUX,
                (name, version, destination, label, heard) -> {
                    try (Downloader downloader = Downloader.of(environment)) {
                        return NpmRegistry.of(environment, downloader)
                                .fetch(name, version, destination, 1 << 20, label, heard)
                                .checksum();
                    }
                },
                path -> free,
                InstantSource.fixed(NOW));
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static List<String> leftovers(NativesStore store) throws IOException {
        return names(store.directory()).stream()
                .filter(name -> name.startsWith(".unpacking"))
                .toList();
    }
}
