package io.aded.lab.load;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.cli.Main;
import io.aded.testing.ForkedJvm;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A thousand callers at once, with server and load generator together in a heap of 512 MiB. */
class ManyStreamsTest {
    @TempDir
    private Path directory;

    private JsonNode load(String... options) throws IOException, InterruptedException {
        Path json = directory.resolve("load.json");
        List<String> arguments = new ArrayList<>(
                List.of("load", "--model", "scripted", "--concurrency", "1000", "--modes", "off", "--ignore-end"));
        arguments.addAll(List.of("--max-tokens", "8", "--warm-up", "0", "--json", json.toString()));
        arguments.addAll(List.of(options));
        ForkedJvm.Result result = ForkedJvm.run(
                Main.class,
                directory,
                List.of("-Xmx512m", "-XX:+ExitOnOutOfMemoryError", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
                arguments.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.output()).isZero();
        return JsonMapper.shared().readTree(json).path("modes").path(0);
    }

    @Test
    void calls_withRoomInTheQueue_areServedInTurn() throws IOException, InterruptedException {
        JsonNode mode = load("--queue", "1000", "--requests", "1000", "--prompt-tokens", "16");
        assertThat(mode.path("answered").asInt()).isEqualTo(1000);
        assertThat(mode.path("failed").asInt() + mode.path("rejected").asInt()).isZero();
    }

    @Test
    void conversations_idleBetweenTurns_areServedInTurn() throws IOException, InterruptedException {
        // Two turns each; while a caller thinks, its conversation is open and idle.
        JsonNode mode = load(
                "--queue", "1000", "--requests", "1000", "--turns", "2", "--think", "0.2", "--prompt-tokens", "16");
        assertThat(mode.path("answered").asInt()).isEqualTo(2000);
        assertThat(mode.path("failed").asInt() + mode.path("rejected").asInt()).isZero();
    }

    @Test
    void calls_beyondTheQueue_areRefusedAndNothingElseFails() throws IOException, InterruptedException {
        JsonNode mode = load("--queue", "16", "--requests", "1000", "--prompt-tokens", "200");
        assertThat(mode.path("rejected").asInt()).isPositive();
        assertThat(mode.path("failures").propertyNames()).containsOnly("RESOURCE_EXHAUSTED");
        assertThat(mode.path("answered").asInt() + mode.path("rejected").asInt())
                .isEqualTo(1000);
    }
}
