package io.aded.lab.offline;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.lab.recording.Recording;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What drafts gain on machines that are stated, in virtual time: a figure that moves has been moved by a change. */
class PolicySimulationTest {
    /** An 8B model on a GPU: a pass of one token takes 8 ms. */
    private static final double PASS_MILLIS = 8;

    private static PolicySimulation simulation(int callers, double passMillis, int helpers) throws IOException {
        return simulation(new PolicySimulation.Settings(0.1, 0.02, 2.5, passMillis, 1, false, callers, helpers));
    }

    private static PolicySimulation simulation(PolicySimulation.Settings settings) throws IOException {
        Map<String, Recording> recordings = new TreeMap<>();
        for (String set : new String[] {"mt_bench", "humaneval"}) {
            try (InputStream in =
                    Objects.requireNonNull(PolicySimulationTest.class.getResourceAsStream(set + ".bin"))) {
                recordings.put(set, Recording.read(ByteBuffer.wrap(in.readAllBytes()), set));
            }
        }
        return new PolicySimulation(
                RecordedSets.of(recordings), settings);
    }

    @Test
    void speedUp_thirtyTwoCallersOnAGpu_isOneAndAHalf() throws IOException {
        PolicySimulation simulation = simulation(32, PASS_MILLIS, 0);
        double chat = simulation.speedUp("gpu", "auto", "mt_bench");
        double code = simulation.speedUp("gpu", "auto", "humaneval");

        // Of both together, as if plain decoding took as long for the one as for the other.
        assertThat(2 / (1 / chat + 1 / code))
                .as("chat %.3f, code %.3f", chat, code)
                .isGreaterThanOrEqualTo(1.5);
    }

    /** A model of 1B: passes are so short that the host's work would take a seventh of the time by itself. */
    @Test
    void speedUp_shortPassesAndHelpers_isOneAndAHalf() throws IOException {
        double[] gains = new double[2];
        for (int i = 0; i < 2; i++) {
            PolicySimulation simulation = simulation(32, 2, 7 * i);
            gains[i] = 2
                    / (1 / simulation.speedUp("gpu", "auto", "mt_bench")
                            + 1 / simulation.speedUp("gpu", "auto", "humaneval"));
        }

        assertThat(gains[1])
                .as("alone %.3f", gains[0])
                .isGreaterThanOrEqualTo(1.5)
                .isGreaterThan(gains[0] + 0.1);
    }

    /** However good drafts look: an answer's may lose a share of its time, as long as passes cost what is believed. */
    @ParameterizedTest
    @ValueSource(strings = {"zen4", "amx", "avx2", "gpu"})
    void worst_oneCallerPriced_losesLittle(String curve) throws IOException {
        PolicySimulation simulation = simulation(new PolicySimulation.Settings(0, 0, 1, 50, 1, false, 1, 0));
        for (String set : new String[] {"mt_bench", "humaneval", "open chat"}) {
            assertThat(simulation.worst(curve, "auto", set)).as(set).isGreaterThanOrEqualTo(0.93);
        }
    }

    @Test
    void speedUp_off_isNone() throws IOException {
        assertThat(simulation(4, PASS_MILLIS, 0).speedUp("gpu", "off", "humaneval"))
                .isEqualTo(1.0);
    }
}
