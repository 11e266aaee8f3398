package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.aded.llama.LlamaLibrary;
import io.aded.natives.NativesKind;
import io.aded.natives.NativesPlatform;
import io.aded.natives.RegistryStandIn;
import io.aded.store.StandInServer;
import io.aded.store.TarballBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativesCommandTest {
    private static final NativesPlatform HERE = NativesPlatform.ofProcess();
    private static final String CPU = "@node-llama-cpp/" + HERE;
    private static final String VERSION = NativesKind.SUPPORTED_VERSION;

    @TempDir
    private Path home;

    private final RegistryStandIn registry = new RegistryStandIn();

    @BeforeEach
    void requireACpuBuild() {
        assumeTrue(NativesKind.availableOn(HERE).contains(NativesKind.CPU), "no CPU build is published for " + HERE);
    }

    @AfterEach
    void close() {
        registry.close();
    }

    @Test
    void install_aLibraryThatWorks_isTriedListedUsedAndRemoved() throws IOException {
        publishRealLibrary();
        TestTerminal terminal = terminal();

        assertThat(terminal.run("natives", "install", "cpu")).as(terminal.err()).isZero();
        assertThat(terminal.err())
                .contains(CPU + "  [##############################] 100%")
                .contains("cpu-3.22.1 works here: ")
                .contains("Every start uses it from now on.");
        assertThat(terminal.out().strip()).endsWith("cpu-3.22.1");

        assertThat(terminal.run("natives", "list")).isZero();
        assertThat(terminal.out()).contains("* cpu-3.22.1").contains("  bundled");

        assertThat(terminal.run("natives", "use", "bundled")).isZero();
        assertThat(terminal.run("natives", "list")).isZero();
        assertThat(terminal.out())
                .contains("  cpu-3.22.1")
                .contains("* bundled")
                .contains("chose bundled");

        assertThat(terminal.run("natives", "use", "cpu")).isZero();
        assertThat(terminal.run("natives", "remove", "cpu")).isZero();
        assertThat(terminal.err()).contains("Removed cpu-3.22.1");
        assertThat(terminal.run("natives", "list")).isZero();
        assertThat(terminal.out()).contains("* bundled").contains("can be installed");
    }

    @Test
    void install_aLibraryThatDoesNotLoad_saysSoAndTheNextStartIsExplained() {
        registry.publishLibraries(CPU, VERSION, "libllama.so", "llama.dll", "libllama.dylib");
        TestTerminal terminal = terminal();

        assertThat(terminal.run("natives", "install", "cpu")).isEqualTo(ExitCode.FAILED_PRECONDITION.code());
        assertThat(terminal.err()).contains("cpu-3.22.1 is installed, but cannot be loaded");

        assertThat(terminal.run("natives", "use", "cpu")).isEqualTo(ExitCode.FAILED_PRECONDITION.code());
        assertThat(terminal.err()).contains("the choice was not changed");

        assertThat(terminal.run("natives", "list")).isZero();
        assertThat(terminal.out()).contains("* bundled").contains("not usable: cannot be loaded");
    }

    @Test
    void install_failures_haveTheirExitCodesAndSayWhatToDo() {
        TestTerminal terminal = terminal();

        assertThat(terminal.run("natives", "install", "rocm")).isEqualTo(ExitCode.INVALID_REQUEST.code());
        assertThat(terminal.err()).contains("allowed: cuda, cuda12, metal, vulkan, cpu");

        assertThat(terminal.run("natives", "install", "cpu")).isEqualTo(ExitCode.NOT_FOUND.code());
        assertThat(terminal.err()).contains(CPU).contains("npm_config_registry");

        assertThat(terminal.run("natives", "install", "cpu", "--package-version", "latest"))
                .isEqualTo(ExitCode.INVALID_REQUEST.code());

        registry.publishDamaged(
                CPU,
                VERSION,
                new TarballBuilder().file("package/bins/x/libllama.so", "x").build());
        assertThat(terminal.run("natives", "install", "cpu")).isEqualTo(ExitCode.INVALID_ARTIFACT.code());
        assertThat(terminal.err()).contains("checksum");

        registry.server().misbehave(new StandInServer.Misbehaviour.Status(403));
        assertThat(terminal.run("natives", "install", "cpu")).isEqualTo(ExitCode.FAILED_PRECONDITION.code());

        registry.close();
        assertThat(terminal.run("natives", "install", "cpu")).isEqualTo(ExitCode.UNAVAILABLE.code());
        assertThat(terminal.err()).contains("Check the network");
    }

    @Test
    void use_whatIsNotThere_namesWhatIsAndHowToGetIt() {
        TestTerminal terminal = terminal();

        assertThat(terminal.run("natives", "use", "cpu")).isEqualTo(ExitCode.NOT_FOUND.code());
        assertThat(terminal.err()).contains("none is").contains("aded natives install cpu");
        assertThat(terminal.run("natives", "use", "rocm")).isEqualTo(ExitCode.NOT_FOUND.code());
        assertThat(terminal.err()).contains("\"rocm\" is installed").contains("Allowed: ", "\"auto\"");
        assertThat(terminal.run("natives", "use", "./nowhere")).isEqualTo(ExitCode.NOT_FOUND.code());
        assertThat(terminal.run("natives", "use", home.toString())).isEqualTo(ExitCode.FAILED_PRECONDITION.code());
        assertThat(terminal.err()).contains("no llama.cpp library");
        assertThat(terminal.run("natives", "remove", "cpu")).isEqualTo(ExitCode.NOT_FOUND.code());
        assertThat(terminal.run("natives")).isEqualTo(ExitCode.INVALID_REQUEST.code());
    }

    @Test
    void list_variableNamesNothing_saysSoWhereItIsShownAsUsed() {
        TestTerminal terminal = terminal().with("ADED_NATIVES", "/nowhere");

        assertThat(terminal.run("natives", "list")).isZero();
        assertThat(terminal.out())
                .contains("* /nowhere")
                .contains("there is nothing at this path")
                .contains("ADED_NATIVES names it");
    }

    /** The bundled library under the name that builds have: real native code, and no download. */
    private void publishRealLibrary() throws IOException {
        Path library = LlamaLibrary.bundled().path();
        String name = library.getFileName().toString();
        registry.publish(
                CPU,
                VERSION,
                new TarballBuilder()
                        .file("package/bins/x/" + name, Files.readAllBytes(library))
                        .build());
    }

    private TestTerminal terminal() {
        return new TestTerminal(home)
                .with("XDG_DATA_HOME", home.resolve("data").toString())
                .with("npm_config_registry", registry.address());
    }
}
