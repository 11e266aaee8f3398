package io.aded.lab.offline;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.lab.recording.RecordedAnswer;
import io.aded.lab.recording.Recording;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the drafters guess right on the answers in {@code bench/recorded}, which the catalogue's model gave to prompts
 * of MT-Bench and HumanEval: recorded once, by {@code aded record}, replayed without a model. There is no clock and no
 * chance in it, so a figure that moves has been moved by a change of a drafter.
 *
 * <p>The bounds are the figures of 2026-11-27, give or take {@value #TOLERANCE}. A change that makes a drafter better
 * moves them up, and says so; one that makes it worse is seen.
 */
class GoldenReplayTest {
    private static final int NODES = 12;
    private static final double TOLERANCE = 0.02;
    private static final List<String> SETS = List.of("mt_bench", "humaneval");

    private static final Map<String, Recording> RECORDINGS = new TreeMap<>();

    @SuppressWarnings("NullAway.Init")
    private static OfflineEvaluation evaluation;

    @BeforeAll
    static void read() throws IOException {
        for (String set : SETS) {
            try (InputStream in = Objects.requireNonNull(GoldenReplayTest.class.getResourceAsStream(set + ".bin"))) {
                RECORDINGS.put(set, Recording.read(ByteBuffer.wrap(in.readAllBytes()), set));
            }
        }
        evaluation = new OfflineEvaluation(RecordedSets.of(RECORDINGS), OfflineEvaluation.Settings.DEFAULT);
    }

    private static double accepted(String set, String drafter) {
        return evaluation.meanAcceptanceLength(set, drafter, NODES);
    }

    @ParameterizedTest
    @CsvSource({"mt_bench, 20, 2790, 'spec-bench-dev.jsonl, mt_bench'", "humaneval, 16, 2395, humaneval-dev.jsonl"})
    void recording_saysWhereItCameFrom(String set, int answers, int tokens, String prompts) {
        Recording recording = Objects.requireNonNull(RECORDINGS.get(set));

        assertThat(recording.facts())
                .containsEntry("model", "tinyllama-chat")
                .containsEntry("quantization", "Q4_0")
                .containsEntry("library", "llama.cpp v0.5.0")
                .containsEntry("answers", String.valueOf(answers))
                .containsEntry("tokens", String.valueOf(tokens))
                .containsEntry("prompts", prompts)
                .containsKey("date");
        assertThat(recording.answers())
                .hasSize(answers)
                .extracting(RecordedAnswer::id)
                .doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @CsvSource({
        "aded, 3.010, 6.608",
        "aded-mcts, 1.523, 1.384",
        "prompt-lookup, 2.416, 5.101",
        "ngram-simple, 1.987, 3.858",
        "ngram-map-k, 1.970, 3.858",
        "ngram-mod, 1.139, 1.556",
        "ngram-cache, 2.159, 4.801"
    })
    void replay_drafter_acceptsWhatItDidBefore(String drafter, double chat, double code) {
        assertThat(accepted("mt_bench", drafter)).isBetween(chat - TOLERANCE, chat + TOLERANCE);
        assertThat(accepted("humaneval", drafter)).isBetween(code - TOLERANCE, code + TOLERANCE);
    }

    @Test
    void replay_again_givesTheSameFigures() {
        for (DrafterKind drafter : Drafters.withoutModel()) {
            if (drafter.drafts()) {
                assertThat(accepted("mt_bench", drafter.label()))
                        .as(drafter.label())
                        .isEqualTo(accepted("mt_bench", drafter.label()));
            }
        }
    }

    /** {@code ./aded replay bench/recorded --folds 10}: what the first page says that it prints. */
    @Test
    void replay_crossValidated_isWhatTheReadmeSays() throws IOException {
        OfflineEvaluation tenfold = new OfflineEvaluation(
                RecordedSets.of(RECORDINGS),
                new OfflineEvaluation.Settings(List.of(NODES), 32, 64, 10, false, false, false, false));
        StringBuilder row = new StringBuilder("| **`aded`** |");
        for (String set : List.of("mt_bench", "humaneval", "open chat")) {
            row.append(String.format(Locale.ROOT, " **%.2f** |", tenfold.meanAcceptanceLength(set, "aded", NODES)));
        }
        assertThat(Files.readString(Path.of("../README.md"))).contains(row);
    }

    @Test
    void replay_aded_beatsWhatItIsComparedWith() {
        for (String set : SETS) {
            double aded = accepted(set, "aded");
            assertThat(accepted(set, "aded-mcts")).isLessThan(aded);
            for (DrafterKind other : Drafters.all()) {
                if (other.baseline()) {
                    assertThat(accepted(set, other.label())).as(other.label()).isLessThan(aded);
                }
            }
        }
    }
}
