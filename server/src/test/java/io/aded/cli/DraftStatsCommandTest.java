package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.host.DraftModelConfiguration;
import io.aded.rpc.AdedServer;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against the real server over loopback, with a scripted model and its scripted draft. */
class DraftStatsCommandTest {
    @TempDir
    private Path directory;

    @Test
    void stats_ofAServerWithADraftModel_tellsWhoDrafted() {
        TestTerminal terminal = new TestTerminal(directory);
        try (StandIn standIn =
                        Objects.requireNonNull(StandIn.named("scripted", DraftModelConfiguration.named("scripted:1")));
                AdedServer server = AdedServer.builder().listen("127.0.0.1:0").start()) {
            Engine engine = standIn.start(EngineOptions.ofCells(256), 1, EngineTelemetry.NONE)
                    .getFirst();
            server.serve(ServedModel.of(engine));
            String target = server.addresses().getFirst().toString();
            assertThat(terminal.run("generate", "--target", target, "--raw", "-n", "40", "who?"))
                    .describedAs(terminal::err)
                    .isZero();

            assertThat(terminal.run("draft", "stats", "--target", target))
                    .describedAs(terminal::err)
                    .isZero();
            assertThat(terminal.out())
                    .contains("drafter", "WHO DRAFTED", "auto", "auto: regret", "Draft model: scripted");

            assertThat(terminal.run("draft", "stats", "--target", target, "--conversation", "nobody's"))
                    .isEqualTo(3);
            assertThat(terminal.err()).contains("no conversation of that name");
        }
        assertThat(terminal.run("draft", "stats", "--target", "unix:/nowhere")).isEqualTo(7);
    }
}
