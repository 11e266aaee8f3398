package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Duration;
import io.aded.draft.ArmPlay;
import io.aded.engine.Delta;
import io.aded.engine.Engine;
import io.aded.engine.RoundReport;
import io.aded.engine.SpeculationStatistics;
import io.aded.engine.TurnResult;
import io.aded.serving.AnswerEvent;
import io.aded.serving.Generation;
import io.aded.serving.ServedModel;
import io.aded.serving.Serving;
import io.aded.v1.ConverseResponse;
import io.aded.v1.DraftNode;
import io.aded.v1.FinishReason;
import io.aded.v1.Finished;
import io.aded.v1.GenerateResponse;
import io.aded.v1.Opened;
import io.aded.v1.Round;
import io.aded.v1.TokenAlternative;
import io.aded.v1.TokenLogProbability;
import io.aded.v1.Usage;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What the engine says, as messages written out by hand. The scripted model's token for a byte is the byte plus 3. */
class ResponseWriterTest {
    private static final int A = 'a' + 3;
    private static final int B = 'b' + 3;
    private static final int C = 'c' + 3;
    private static final SpeculationStatistics NO_DRAFTS =
            new SpeculationStatistics(0, 0, 0, 0, new long[0], 0, 0, 0, 0);

    private static Engine engine;
    private static ServedModel model;
    private static Generation defaults;

    @BeforeAll
    static void start() {
        engine = Harness.engine();
        model = ServedModel.of(engine);
        try (Serving serving = Serving.builder().build()) {
            serving.serve(model);
            defaults = serving.defaults();
        }
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    private static TurnResult ended(io.aded.engine.FinishReason reason, SpeculationStatistics statistics) {
        return new TurnResult(reason, 12, 5, 3, -1, 2_000_000_001L, 1, 3_500_000_000L, statistics);
    }

    private static Finished written(TurnResult result) {
        return ResponseWriter.generateResponse(new AnswerEvent.Finished(model, 1, result))
                .getFinished();
    }

    @Test
    void opened_isSaidWithEveryDefault() {
        var event = new AnswerEvent.Opened(model, "talk", true, 7, java.time.Duration.ofMillis(1500), defaults);

        assertThat(ResponseWriter.converseResponse(event))
                .isEqualTo(ConverseResponse.newBuilder()
                        .setOpened(Opened.newBuilder()
                                .setConversationId("talk")
                                .setResumed(true)
                                .setHistoryTokens(7)
                                .setRetention(
                                        Duration.newBuilder().setSeconds(1).setNanos(500_000_000))
                                .setModel("scripted")
                                .setContextTokens(4096)
                                .setOptions(ResponseWriter.options(defaults))
                                .setLibrary(model.info().library())
                                .addAllDevices(model.info().devices()))
                        .build());
        assertThat(ResponseWriter.options(defaults).getAllFields().keySet())
                .extracting(field -> field.getName())
                .contains("sampling", "draft", "max_tokens", "ignore_end", "log_probabilities", "priority");
        assertThatThrownBy(() -> ResponseWriter.generateResponse(event)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void opened_notToBeKept_leavesTheRetentionUnset() {
        var event = new AnswerEvent.Opened(model, "", false, 0, java.time.Duration.ZERO, defaults);
        assertThat(ResponseWriter.converseResponse(event).getOpened().hasRetention())
                .isFalse();
    }

    @Test
    void emitted_textAndTokens_areOneDelta() {
        var event = new AnswerEvent.Emitted(model, 3, new Delta("ab", new int[] {A, B}, null));
        var delta = io.aded.v1.Delta.newBuilder().setText("ab").addTokens(A).addTokens(B);

        assertThat(ResponseWriter.converseResponse(event))
                .isEqualTo(
                        ConverseResponse.newBuilder().setTurn(3).setDelta(delta).build());
        assertThat(ResponseWriter.generateResponse(event))
                .isEqualTo(GenerateResponse.newBuilder().setDelta(delta).build());
    }

    /** Text is held back: the tokens are said, a lone byte of a character as U+FFFD, a control token as nothing. */
    @Test
    void emitted_logProbabilities_haveTheTextsOfTheirTokens() {
        int lead = 0xC3 + 3;
        var event = new AnswerEvent.Emitted(
                model,
                1,
                new Delta(
                        "",
                        new int[] {lead},
                        List.of(new Delta.TokenLogProbability(
                                lead,
                                -0.5f,
                                List.of(new Delta.Alternative(A, -0.25f), new Delta.Alternative(0, -7f))))));

        assertThat(ResponseWriter.generateResponse(event).getDelta())
                .isEqualTo(io.aded.v1.Delta.newBuilder()
                        .addTokens(lead)
                        .addLogProbabilities(TokenLogProbability.newBuilder()
                                .setToken(lead)
                                .setText("\uFFFD")
                                .setLogProbability(-0.5f)
                                .addAlternatives(TokenAlternative.newBuilder()
                                        .setToken(A)
                                        .setText("a")
                                        .setLogProbability(-0.25f))
                                .addAlternatives(TokenAlternative.newBuilder()
                                        .setToken(0)
                                        .setLogProbability(-7f)))
                        .build());
    }

    /** The root, two guesses after it of which the second was right, and the bonus token. */
    private static RoundReport report(boolean forced) {
        return new RoundReport(
                4,
                "aded",
                forced,
                new int[] {A, B, C},
                new int[] {-1, 0, 0},
                new float[] {1, 0.25f, 0.5f},
                new int[] {2},
                new int[] {C, A},
                9,
                30,
                2,
                1_000,
                2_000_000_003L,
                forced ? new String[] {"", "grammar", "grammar"} : new String[] {"", "table", "both"},
                forced ? null : new ArmPlay("both", ArmPlay.Reason.PROBE));
    }

    private static DraftNode.Builder node(int token, String text, int parent, float probability) {
        return DraftNode.newBuilder()
                .setToken(token)
                .setText(text)
                .setParent(parent)
                .setProbability(probability);
    }

    @Test
    void round_guessedByTheDrafter_isTheTreeAndWhatBecameOfIt() {
        Round expected = Round.newBuilder()
                .setIndex(4)
                .setDrafter("aded")
                .addNodes(node(A, "a", -1, 1))
                .addNodes(node(B, "b", 0, 0.25f).setSource("table"))
                .addNodes(node(C, "c", 0, 0.5f).setAccepted(true).setSource("both"))
                .addEmittedTokens(C)
                .addEmittedTokens(A)
                .setProposedNodes(9)
                .setBatchTokens(30)
                .setBatchStreams(2)
                .setDraftTime(Duration.newBuilder().setNanos(1_000))
                .setVerifyTime(Duration.newBuilder().setSeconds(2).setNanos(3))
                .setArm("both")
                .setArmReason("probe")
                .build();
        var event = new AnswerEvent.Round(model, 2, report(false));

        assertThat(ResponseWriter.converseResponse(event))
                .isEqualTo(ConverseResponse.newBuilder()
                        .setTurn(2)
                        .setRound(expected)
                        .build());
        assertThat(ResponseWriter.generateResponse(event).getRound()).isEqualTo(expected);
    }

    @Test
    void round_forcedByTheGrammar_saysSoAtEveryGuess() {
        Round round = ResponseWriter.generateResponse(new AnswerEvent.Round(model, 1, report(true)))
                .getRound();

        assertThat(round.getDrafter()).isEqualTo("aded");
        assertThat(round.getNodesList()).extracting(DraftNode::getSource).containsExactly("", "grammar", "grammar");
        assertThat(round.getArm()).isEmpty();
        assertThat(round.getArmReason()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "STOP, FINISH_REASON_STOP",
        "LENGTH, FINISH_REASON_LENGTH",
        "CONTEXT_FULL, FINISH_REASON_CONTEXT_FULL",
        "CANCELLED, FINISH_REASON_CANCELLED"
    })
    void finished_eachReason_hasItsName(io.aded.engine.FinishReason reason, FinishReason expected) {
        assertThat(written(ended(reason, NO_DRAFTS)).getReason()).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(io.aded.engine.FinishReason.class)
    void finished_anyReason_isSpecified(io.aded.engine.FinishReason reason) {
        assertThat(written(ended(reason, NO_DRAFTS)).getReason()).isNotEqualTo(FinishReason.FINISH_REASON_UNSPECIFIED);
    }

    @Test
    void finished_noDrafts_countsAndTimes() {
        var event = new AnswerEvent.Finished(model, 6, ended(io.aded.engine.FinishReason.STOP, NO_DRAFTS));
        Duration.Builder none = Duration.newBuilder();
        Finished expected = Finished.newBuilder()
                .setReason(FinishReason.FINISH_REASON_STOP)
                .setUsage(Usage.newBuilder()
                        .setPromptTokens(12)
                        .setCachedPromptTokens(5)
                        .setCompletionTokens(3)
                        .setQueueTime(Duration.newBuilder().setSeconds(2).setNanos(1))
                        .setTimeToFirstToken(Duration.newBuilder().setNanos(1))
                        .setTotalTime(Duration.newBuilder().setSeconds(3).setNanos(500_000_000)))
                .setSeed(-1) // 4294967295 without a sign
                .setSpeculation(io.aded.v1.SpeculationStatistics.newBuilder()
                        .setMeanAcceptanceLength(1)
                        .setDraftTime(none)
                        .setVerifyTime(none)
                        .setHostTime(none))
                .build();

        assertThat(ResponseWriter.converseResponse(event))
                .isEqualTo(ConverseResponse.newBuilder()
                        .setTurn(6)
                        .setFinished(expected)
                        .build());
        assertThat(ResponseWriter.generateResponse(event).getFinished()).isEqualTo(expected);
    }

    @Test
    void finished_nothingEmittedOrCached_isUnsetAndZero() {
        Usage usage = written(new TurnResult(io.aded.engine.FinishReason.CANCELLED, 12, 0, 0, 7, 0, 0, 1, NO_DRAFTS))
                .getUsage();
        assertThat(usage.hasTimeToFirstToken()).isFalse();
        assertThat(usage.hasCachedPromptTokens()).isTrue();
        assertThat(usage.getCachedPromptTokens()).isZero();
    }

    /** Six rounds, five with drafts: two accepted nothing, two one token, one three. */
    @Test
    void finished_drafts_areCountedByDepth() {
        var statistics = written(ended(
                        io.aded.engine.FinishReason.LENGTH,
                        new SpeculationStatistics(5, 6, 20, 5, new long[] {2, 2, 0, 1}, 4.5, 1, 2, 3)))
                .getSpeculation();

        assertThat(statistics)
                .isEqualTo(io.aded.v1.SpeculationStatistics.newBuilder()
                        .setNumSpecSteps(5)
                        .setNumSteps(6)
                        .setNumDraftTokens(20)
                        .setNumAcceptedDraftTokens(5)
                        .setMeanAcceptanceLength(2)
                        .setDraftAcceptanceRate(0.25)
                        .addAllAcceptanceHistogram(List.of(2L, 2L, 0L, 1L))
                        .addAllNumAcceptedTokensPerPos(List.of(3L, 1L, 1L))
                        .setExpectedAcceptedDraftTokens(4.5)
                        .setDraftTime(Duration.newBuilder().setNanos(1))
                        .setVerifyTime(Duration.newBuilder().setNanos(2))
                        .setHostTime(Duration.newBuilder().setNanos(3))
                        .build());
        assertThat(Stream.of(3L, 1L, 1L).mapToLong(Long::longValue).sum())
                .isEqualTo(statistics.getNumAcceptedDraftTokens());
    }
}
