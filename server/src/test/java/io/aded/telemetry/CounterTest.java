package io.aded.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CounterTest {

    /** What is published of arms and of the draft model: each is named. */
    @Test
    void metricsOfDrafting_areDocumented() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "observability.md"));
        assertThat(List.of(
                        TelemetryNames.ARM_ROUNDS,
                        TelemetryNames.ARM_PROBES,
                        TelemetryNames.ARM_NODES,
                        TelemetryNames.ARM_ACCEPTED,
                        TelemetryNames.ARM_TOKENS,
                        TelemetryNames.ARM_WEIGHT,
                        TelemetryNames.REGRET,
                        TelemetryNames.MODEL_PASSES,
                        TelemetryNames.MODEL_TIME,
                        TelemetryNames.MODEL_READ,
                        TelemetryNames.MODEL_COPIED,
                        TelemetryNames.MODEL_ROUNDS,
                        TelemetryNames.MODEL_FALLBACKS,
                        TelemetryNames.DRAFT_ARM.getKey(),
                        TelemetryNames.DRAFT_ARM_REASON.getKey(),
                        TelemetryNames.DRAFT_NODE_SOURCES.getKey()))
                .allSatisfy(name -> assertThat(page).contains("`" + name + "`"));
    }

    @Test
    void counters_all_haveTheirLineInTheDocumentation() throws IOException {
        List<String> rows = Files.readAllLines(Path.of("..", "docs", "observability.md")).stream()
                .filter(line -> line.startsWith("|"))
                .toList();
        for (Counter counter : Counter.values()) {
            assertThat(rows).as(counter.name()).anyMatch(row -> row.contains("`" + counter.metric() + "`"));
        }
    }

    @Test
    void count_everyCounter_isPublishedWithoutMore() throws IOException {
        try (OtlpReceiver receiver = OtlpReceiver.start()) {
            try (Telemetry telemetry = receiver.telemetry()) {
                EngineTelemetry engine = telemetry.forEngine("tiny");
                for (Counter counter : Counter.values()) {
                    engine.count(counter, 2);
                    engine.count(counter, 3);
                }
            }
            for (Counter counter : Counter.values()) {
                long sum = receiver.metrics().reversed().stream()
                        .filter(metric -> metric.getName().equals(counter.metric()))
                        .findFirst()
                        .orElseThrow()
                        .getSum()
                        .getDataPoints(0)
                        .getAsInt();
                assertThat(sum).as(counter.metric()).isEqualTo(5);
            }
        }
    }
}
