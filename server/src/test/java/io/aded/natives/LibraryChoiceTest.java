package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import io.aded.store.ProcessEnvironment;
import io.aded.store.TransferListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LibraryChoiceTest {
    private static final NativesPlatform LINUX = new NativesPlatform("linux", "x64");
    private static final String VERSION = NativesKind.SUPPORTED_VERSION;
    private static final String BASE = "@node-llama-cpp/linux-x64";

    @TempDir
    private Path home;

    private final RegistryStandIn registry = new RegistryStandIn()
            .publishLibraries(BASE, VERSION, "libllama.v0.5.0.so")
            .publishLibraries(BASE + "-vulkan", VERSION, "libllama.vulkan.v0.5.0.so")
            .publishLibraries(BASE + "-cuda", VERSION, "libllama.cuda.v0.5.0.so", "libggml-cuda.so");
    private final Map<String, String> environment = new HashMap<>();
    private final Map<NativesKind, String> problems = new HashMap<>();
    private final List<String> tried = new ArrayList<>();
    private final List<String> explained = new ArrayList<>();
    private List<String> missing = List.of();

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void decide_nothingInstalled_isBundledWithoutAWord() {
        assertThat(decide()).isEqualTo("bundled");
        assertThat(explained).isEmpty();
    }

    @Test
    void decide_allWork_isTheFastestKind() {
        install(NativesKind.CPU, NativesKind.VULKAN, NativesKind.CUDA);

        assertThat(decide()).isEqualTo("cuda-3.22.1");
        assertThat(tried).containsExactly("cuda-3.22.1 gpu");
    }

    @Test
    void decide_someDoNotWork_eachStepDownIsOneLine() {
        install(NativesKind.CPU, NativesKind.VULKAN, NativesKind.CUDA);
        problems.put(NativesKind.CUDA, "aborted when it was tried");
        problems.put(NativesKind.VULKAN, "finds no GPU that it can use");

        assertThat(decide()).isEqualTo("cpu-3.22.1");
        assertThat(explained)
                .contains(
                        "natives: cuda-3.22.1 aborted when it was tried; trying vulkan-3.22.1",
                        "natives: vulkan-3.22.1 finds no GPU that it can use; trying cpu-3.22.1");
        assertThat(tried).last().isEqualTo("cpu-3.22.1 any");
    }

    @Test
    void decide_noneWorks_isBundled() {
        install(NativesKind.CPU);
        problems.put(NativesKind.CPU, "crashed");

        assertThat(decide()).isEqualTo("bundled");
        assertThat(explained).last().isEqualTo("natives: cpu-3.22.1 crashed; trying the bundled library");
    }

    @Test
    void decide_librariesMissing_areNamedAndNothingIsTried() {
        install(NativesKind.CUDA);
        missing = List.of("libcublas.so.13", "libcudart.so.13");

        assertThat(decide()).isEqualTo("bundled");
        assertThat(explained)
                .singleElement()
                .asString()
                .contains("needs libcublas.so.13 and libcudart.so.13, which are not on this system")
                .contains("CUDA 13")
                .contains("cuda12 for CUDA 12")
                .contains("trying the bundled library");
        assertThat(tried).isEmpty();
    }

    @Test
    void decide_driverMissing_saysWhereItComesFrom() {
        install(NativesKind.CUDA);
        missing = List.of("libcuda.so.1");

        decide();

        assertThat(explained)
                .singleElement()
                .asString()
                .contains("NVIDIA's driver")
                .contains("--gpus all");
    }

    @Test
    void decide_damagedBuild_saysHowToMendIt() throws IOException {
        InstalledNatives build = install(NativesKind.CPU);
        Files.delete(build.directory().resolve("libllama.v0.5.0.so"));

        assertThat(decide()).isEqualTo("bundled");
        assertThat(explained)
                .singleElement()
                .asString()
                .contains("is damaged: libllama.v0.5.0.so is missing")
                .contains("install cpu again");
    }

    @Test
    void decide_again_doesNotTryAgain() {
        install(NativesKind.CUDA, NativesKind.CPU);
        problems.put(NativesKind.CUDA, "aborted");
        decide();
        tried.clear();
        explained.clear();

        assertThat(decide()).isEqualTo("cpu-3.22.1");
        assertThat(tried).isEmpty();
        assertThat(explained).containsExactly("natives: cuda-3.22.1 aborted; trying cpu-3.22.1");
    }

    @Test
    void decide_devicesChanged_triesAgain() throws IOException {
        install(NativesKind.CUDA);
        problems.put(NativesKind.CUDA, "finds no GPU that it can use");
        assertThat(decide()).isEqualTo("bundled");
        problems.clear();

        Files.createFile(home.resolve("dev").resolve("nvidia0"));

        assertThat(decide()).isEqualTo("cuda-3.22.1");
        environment.put("CUDA_VISIBLE_DEVICES", "");
        problems.put(NativesKind.CUDA, "finds no GPU that it can use");
        assertThat(decide()).isEqualTo("bundled");
    }

    @Test
    void decide_installedAnew_triesAgain() throws IOException {
        InstalledNatives build = install(NativesKind.CPU);
        problems.put(NativesKind.CPU, "crashed");
        assertThat(decide()).isEqualTo("bundled");
        problems.clear();
        choice().forget(build);

        assertThat(decide()).isEqualTo("cpu-3.22.1");
        Files.writeString(build.directory().resolve("verdict.json"), "{\"finger");
        tried.clear();
        assertThat(decide()).isEqualTo("cpu-3.22.1");
        assertThat(tried).hasSize(1);
    }

    @Test
    void decide_chosenBuild_goesFirstAndStepsDownTheSameWay() {
        InstalledNatives cpu = install(NativesKind.CPU);
        install(NativesKind.CUDA);
        store().choose(new NativesChoice.Installed(cpu.id()));
        assertThat(decide()).isEqualTo("cpu-3.22.1");

        problems.put(NativesKind.CPU, "crashed");
        choice().forget(cpu);
        assertThat(decide()).isEqualTo("cuda-3.22.1");
    }

    @Test
    void decide_chosenBuildGone_saysSoAndChoosesAnother() {
        install(NativesKind.CPU);
        store().choose(new NativesChoice.Installed("vulkan-3.22.1"));

        assertThat(decide()).isEqualTo("cpu-3.22.1");
        assertThat(explained).first().asString().contains("vulkan-3.22.1").contains("is not installed");
    }

    @Test
    void decide_chosenBundled_leavesInstalledOnesAlone() {
        install(NativesKind.CPU);
        store().choose(new NativesChoice.Bundled());

        assertThat(decide()).isEqualTo("bundled");
        assertThat(tried).isEmpty();
    }

    @Test
    void decide_chosenDirectory_isUsedUntilItIsGone() throws IOException {
        Path own = Files.createDirectories(home.resolve("own"));
        store().choose(new NativesChoice.Directory(own));
        assertThat(decide()).isEqualTo(own.toString());

        Files.delete(own);
        assertThat(decide()).isEqualTo("bundled");
        assertThat(explained).singleElement().asString().contains("is gone");
    }

    @Test
    void decide_namedForThisCommand_winsOverEverything() throws IOException {
        install(NativesKind.CPU, NativesKind.VULKAN);
        Path own = Files.createDirectories(home.resolve("own"));
        environment.put("ADED_NATIVES", own.toString());

        assertThat(decide()).isEqualTo(own.toString());
        assertThat(choice().decide(Path.of("cpu"), explained::add).name()).isEqualTo("cpu-3.22.1");
        assertThat(choice().decide(Path.of("bundled"), explained::add).library())
                .isNull();
        environment.put("ADED_NATIVES", "vulkan");
        assertThat(decide()).isEqualTo("vulkan-3.22.1");
        assertThat(tried).isEmpty();
    }

    @Test
    void open_namedPathWithNothingThere_fails() {
        assertThatThrownBy(() -> choice().open(home.resolve("nowhere"), explained::add))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("nowhere");
    }

    @Test
    void open_namedBuildThatIsNotInstalled_namesThoseThatAre() {
        install(NativesKind.CPU);

        assertThatThrownBy(() -> choice().open(Path.of("rocm"), explained::add))
                .isInstanceOf(AdedException.NotFound.class)
                .hasMessageContaining("rocm")
                .hasMessageContaining("installed: cpu-3.22.1")
                .hasMessageContaining("bundled");
    }

    @Test
    void open_bundled_isTheBundledLibrary() {
        assertThat(choice().open(null, explained::add)).isSameAs(LlamaLibrary.bundled());
    }

    private String decide() {
        return choice().decide(null, explained::add).name();
    }

    private LibraryChoice choice() {
        return new LibraryChoice(
                environment(),
                store(),
                (directory, needsGpu) -> {
                    String id = String.valueOf(directory.getFileName());
                    tried.add(id + (needsGpu ? " gpu" : " any"));
                    String problem = problems.get(NativesKind.of(id.substring(0, id.indexOf('-'))));
                    return new Verdict(problem, "a library", List.of());
                },
                (directory, variables) -> missing,
                home.resolve("dev"));
    }

    /** Installs builds and returns the last. */
    private InstalledNatives install(NativesKind... kinds) {
        InstalledNatives last = null;
        for (NativesKind kind : kinds) {
            last = store().install(kind, VERSION, TransferListener.NONE);
        }
        if (last == null) {
            throw new AssertionError("nothing to install");
        }
        return last;
    }

    private NativesStore store() {
        return NativesStore.of(environment(), LINUX);
    }

    private ProcessEnvironment environment() {
        try {
            Files.createDirectories(home.resolve("dev"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Map<String, String> all = new HashMap<>(environment);
        all.put("XDG_DATA_HOME", home.resolve("data").toString());
        all.put("npm_config_registry", registry.address());
        return new ProcessEnvironment(all, home, home);
    }
}
