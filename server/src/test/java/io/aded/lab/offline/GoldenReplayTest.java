package io.aded.lab.offline;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.Recording;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the drafters guess right on six answers that the catalogue's model gave to prompts of MT-Bench: recorded once,
 * as {@code aded record} does, replayed without a model. There is no clock and no chance in it, so a figure that moves
 * has been moved by a change of a drafter.
 *
 * <p>The bounds are the figures of 2026-11-27, give or take {@value #TOLERANCE}. A change that makes a drafter better
 * moves them up, and says so; one that makes it worse is seen.
 */
class GoldenReplayTest {
    private static final String SET = "mt_bench";
    private static final int NODES = 12;
    private static final double TOLERANCE = 0.02;

    private static Recording recording = new Recording(Map.of(), List.of());

    @SuppressWarnings("NullAway.Init")
    private static OfflineEvaluation evaluation;

    @BeforeAll
    static void read() throws IOException {
        try (InputStream in = Objects.requireNonNull(GoldenReplayTest.class.getResourceAsStream(SET + ".bin"))) {
            recording = Recording.read(ByteBuffer.wrap(in.readAllBytes()), SET);
        }
        evaluation = new OfflineEvaluation(RecordedSets.of(Map.of(SET, recording)), OfflineEvaluation.Settings.DEFAULT);
    }

    private static double accepted(String drafter) {
        return evaluation.meanAcceptanceLength(SET, drafter, NODES);
    }

    @Test
    void recording_saysWhereItCameFrom() {
        assertThat(recording.facts())
                .containsEntry("model", "tinyllama-chat")
                .containsEntry("quantization", "IQ2_XXS")
                .containsEntry("answers", "6")
                .containsEntry("tokens", "509")
                .containsKeys("library", "date", "prompts");
        assertThat(recording.answers())
                .extracting(RecordedAnswer::id)
                .containsExactly("85", "93", "101", "109", "117", "125");
    }

    @ParameterizedTest
    @CsvSource({
        "aded, 1.865",
        "aded-mcts, 1.277",
        "prompt-lookup, 1.549",
        "ngram-simple, 1.277",
        "ngram-map-k, 1.273",
        "ngram-mod, 1.000",
        "ngram-cache, 1.336"
    })
    void replay_drafter_acceptsWhatItDidBefore(String drafter, double tokensAPass) {
        assertThat(accepted(drafter)).isBetween(tokensAPass - TOLERANCE, tokensAPass + TOLERANCE);
    }

    @Test
    void replay_again_givesTheSameFigures() {
        for (DrafterKind drafter : Drafters.all()) {
            if (drafter.drafts()) {
                assertThat(accepted(drafter.label())).as(drafter.label()).isEqualTo(accepted(drafter.label()));
            }
        }
    }

    @Test
    void replay_aded_beatsWhatItIsComparedWith() {
        double aded = accepted("aded");
        assertThat(accepted("aded-mcts")).isLessThan(aded);
        for (DrafterKind other : Drafters.all()) {
            if (other.baseline()) {
                assertThat(accepted(other.label())).as(other.label()).isLessThan(aded);
            }
        }
    }
}
