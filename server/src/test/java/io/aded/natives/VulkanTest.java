package io.aded.natives;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.Drafters;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.SharedLibraries;
import io.aded.llama.TinyModels;
import io.aded.store.ProcessEnvironment;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/**
 * A real Vulkan device gives the processor's tokens. Needs the Vulkan build ({@code aded natives install vulkan}, or
 * its directory in {@code ADED_TEST_VULKAN}) and a device; Mesa's lavapipe, a device in software, will do.
 */
class VulkanTest {
    /** llama.cpp leaves software devices alone unless they are named; other devices are named by this as well. */
    private static final Map<String, String> ANY_DEVICE = Map.of("GGML_VK_VISIBLE_DEVICES", "0");
    /** lavapipe compiles its shaders on first use, for minutes on a busy machine, and keeps them. */
    private static final Duration LIMIT = Duration.ofMinutes(15);

    @TempDir
    private static Path directory;

    /**
     * A device to test on; where there is none, the test that called this is skipped and the build's output says why.
     */
    private static Path requireDevice() {
        Optional<Path> found = Optional.ofNullable(System.getenv("ADED_TEST_VULKAN"))
                .map(Path::of)
                .filter(Files::isDirectory)
                .or(() -> NativesStore.of(ProcessEnvironment.ofProcess())
                        .find("vulkan")
                        .map(InstalledNatives::directory));
        if (found.isEmpty()) {
            throw skip("no Vulkan build is installed (./aded natives install vulkan) and ADED_TEST_VULKAN names none");
        }
        Path natives = found.get();
        if (SharedLibraries.missing(natives, System.getenv()).contains("libvulkan.so.1")) {
            throw skip("there is no Vulkan loader (apt install libvulkan1 mesa-vulkan-drivers)");
        }
        Verdict verdict = new TrialRunner(Trial.class.getName(), ANY_DEVICE, LIMIT).run(natives, true);
        if (!verdict.library().isEmpty() && verdict.gpus().isEmpty()) {
            throw skip("there is no Vulkan device (apt install mesa-vulkan-drivers, for one in software): the build in "
                    + natives + " " + verdict.problem());
        }
        // A build that cannot be loaded, or does not work with a device, is no reason to skip.
        assertThat(verdict.problem()).isNull();
        return natives;
    }

    private static TestAbortedException skip(String why) {
        System.err.println("SKIPPED on Vulkan: " + why);
        return new TestAbortedException(why);
    }

    @Test
    void answer_onVulkan_isTheProcessorsAnswerWithAndWithoutDrafts() throws IOException, InterruptedException {
        Path natives = requireDevice();
        Path model = TinyModels.f32(directory);
        List<Integer> expected = GpuAnswers.answer(LlamaLibrary.bundled(), model, 0, Drafters.OFF);
        assertThat(expected).hasSize(GpuAnswers.TOKENS);

        List<String> lines = run(natives, model);

        assertThat(lines).contains("OFF " + expected, "ADED " + expected);
        assertThat(lines).anyMatch(line -> line.matches("devices .+"));
        lines.stream()
                .filter(line -> line.startsWith("devices "))
                .forEach(line -> System.out.println("Vulkan: " + line));
    }

    private static List<String> run(Path natives, Path model) throws IOException, InterruptedException {
        Path output = directory.resolve("output.txt");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        GpuAnswers.class.getName(),
                        natives.toString(),
                        model.toString())
                .redirectOutput(output.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(ANY_DEVICE);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .as("ended within " + LIMIT)
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readAllLines(output, StandardCharsets.UTF_8);
    }
}
