package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The script {@code aded}, where nothing is to be built, with a JDK that only says what it was given. */
final class LauncherTest {
    @TempDir
    Path home;

    @BeforeEach
    void makeJdk() throws IOException {
        Path binaries = Files.createDirectories(home.resolve("jdk").resolve("bin"));
        Files.writeString(home.resolve("jdk").resolve("release"), "JAVA_VERSION=\"25.0.1\"\n");
        Path java = Files.writeString(binaries.resolve("java"), "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
        assertThat(java.toFile().setExecutable(true)).isTrue();
        Files.copy(Path.of("../aded"), home.resolve("aded"));
    }

    private List<String> arguments(String options) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder("sh", home.resolve("aded").toString(), "doctor").redirectErrorStream(true);
        builder.environment().put("ADED_JAVA_HOME", home.resolve("jdk").toString());
        builder.environment().put("ADED_JAVA_OPTIONS", options);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines().toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-Xmx1g", "-Xmx512m", "-Xmx100m", "-Dsome=thing"})
    void heapWithRoom_beginsWithRoomForCalls(String options) throws IOException, InterruptedException {
        assertThat(arguments(options))
                .contains("-Xms96m", "-Xmn64m", "-Xmx512m")
                .endsWith("io.aded.cli.Main", "doctor");
    }

    /** The JVM starts with no heap that is larger at first than it may become. */
    @ParameterizedTest
    @ValueSource(strings = {"-Xmx64m", "-Dsome=thing -Xmx95M", "-Xmx8m", "-Xms32m"})
    void smallHeap_isLeftToTheJvm(String options) throws IOException, InterruptedException {
        assertThat(arguments(options)).contains(options.split(" ")).doesNotContain("-Xms96m", "-Xmn64m");
    }

    @Test
    void optionsOfTheUser_comeBehindThoseOfTheScript() throws IOException, InterruptedException {
        List<String> arguments = arguments("-Xmx2g");
        assertThat(arguments.indexOf("-Xmx2g")).isGreaterThan(arguments.indexOf("-Xmx512m"));
    }
}
