package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static io.aded.rpc.Harness.failure;
import static io.aded.rpc.Harness.fields;
import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.v1.ChatMessage;
import io.aded.v1.Constraint;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.Drafter;
import io.aded.v1.DrafterStatistics;
import io.aded.v1.ExportDraftTableRequest;
import io.aded.v1.FieldLimits;
import io.aded.v1.FinishReason;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GenerationOptions;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.GetModelRequest;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.GetServerInfoResponse;
import io.aded.v1.ListModelsRequest;
import io.aded.v1.ListModelsResponse;
import io.aded.v1.Model;
import io.aded.v1.PrefixSharing;
import io.aded.v1.ResetDraftStateRequest;
import io.aded.v1.SpeculationStatistics;
import io.aded.v1.TokenizeRequest;
import io.aded.v1.TokenizeResponse;
import io.aded.v1.Tool;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class UnaryCallsTest {
    private static Harness harness;

    @BeforeAll
    static void start() {
        harness = Harness.start();
    }

    @AfterAll
    static void stop() {
        harness.close();
    }

    @Test
    void generate_prompt_streamsTextAndFinishes() {
        List<GenerateResponse> responses = new ArrayList<>();
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setText("once")
                        .setOptions(Requests.greedy().setMaxTokens(50).setReportRounds(true))
                        .build())
                .forEachRemaining(responses::add);
        StringBuilder text = new StringBuilder();
        responses.forEach(response -> text.append(response.getDelta().getText()));
        assertThat(text).hasSize(50);
        assertThat(responses.getLast().getFinished().getReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
        assertThat(responses.stream().filter(GenerateResponse::hasRound)).isNotEmpty();
        assertThat(responses.stream().filter(GenerateResponse::hasFinished)).hasSize(1);
    }

    @Test
    void tokenize_thenDetokenize_givesTheTextBack() {
        TokenizeResponse tokens = harness.inference()
                .tokenize(TokenizeRequest.newBuilder()
                        .setText("a ü")
                        .setWithPieces(true)
                        .build());
        assertThat(tokens.getTokensCount()).isEqualTo(4);
        assertThat(tokens.getPiecesList()).containsExactly("a", " ", "\uFFFD", "\uFFFD");
        assertThat(harness.inference()
                        .detokenize(DetokenizeRequest.newBuilder()
                                .addAllTokens(tokens.getTokensList())
                                .build())
                        .getText())
                .isEqualTo("a ü");
    }

    @Test
    void countTokens_countsWhatGenerateUses() {
        CountTokensRequest.Builder request = CountTokensRequest.newBuilder()
                .setChat(Requests.chat(
                        ChatMessage.newBuilder().setContent("hello there").build()));
        int counted = harness.inference().countTokens(request.build()).getTokens();
        List<GenerateResponse> responses = new ArrayList<>();
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setChat(request.getChat())
                        .setOptions(Requests.options().setMaxTokens(1))
                        .build())
                .forEachRemaining(responses::add);
        assertThat(responses.getLast().getFinished().getUsage().getPromptTokens())
                .isEqualTo(counted);
        assertThat(harness.inference()
                        .countTokens(
                                CountTokensRequest.newBuilder().setText("abc").build())
                        .getTokens())
                .isEqualTo(4); // with the beginning-of-sequence token
    }

    @Test
    void getModel_describesIt() {
        Model model =
                harness.models().getModel(GetModelRequest.getDefaultInstance()).getModel();
        assertThat(model.getName()).isEqualTo("scripted");
        assertThat(model.getContextTokens()).isEqualTo(4096);
        assertThat(model.getVocabulary().getSize()).isEqualTo(259);
        assertThat(model.getVocabulary().getBeginningOfSequence()).isEqualTo(1);
        assertThat(model.getDevicesList()).containsExactly("JVM");
        assertStatus(
                failure(() -> harness.models()
                        .getModel(GetModelRequest.newBuilder().setName("other").build())),
                Status.Code.NOT_FOUND,
                "MODEL_NOT_SERVED");
    }

    /** What a field may hold is told, and one more is refused. */
    @Test
    void getServerInfo_limitsOfFields_areThoseThatRequestsAreHeldTo() {
        FieldLimits fields = harness.models()
                .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                .getLimits()
                .getFields();
        assertThat(fields)
                .isEqualTo(FieldLimits.newBuilder()
                        .setPromptBytes(1 << 20)
                        .setMessages(16_384)
                        .setStopStrings(16)
                        .setStopStringCharacters(1024)
                        .setStopTokens(1024)
                        .setLogProbabilities(20)
                        .setPriority(100)
                        .setTemplateVariables(64)
                        .setTemplateVariableDepth(16)
                        .setTemplateVariableSize(65_536)
                        .setGrammarCharacters(1 << 20)
                        .setGrammarDepth(64)
                        .setJsonSchemaCharacters(1 << 20)
                        .setJsonSchemaDepth(200)
                        .setRegularExpressionCharacters(65_536)
                        .setRegularExpressionDepth(100)
                        .build());
        assertRefused(GenerationOptions.newBuilder().addAllStopStrings(Collections.nCopies(17, "x")), "stop_strings");
        assertRefused(GenerationOptions.newBuilder().addStopStrings("x".repeat(1025)), "stop_strings[0]");
        assertRefused(GenerationOptions.newBuilder().addAllStopTokens(Collections.nCopies(1025, 1)), "stop_tokens");
        assertRefused(GenerationOptions.newBuilder().setLogProbabilities(21), "log_probabilities");
        assertRefused(GenerationOptions.newBuilder().setPriority(-101), "priority");
        assertRefused(
                GenerationOptions.newBuilder()
                        .setConstraint(Constraint.newBuilder().setRegularExpression("x".repeat(65_537))),
                "constraint.regular_expression");
        assertRefused(
                GenerationOptions.newBuilder()
                        .setConstraint(
                                Constraint.newBuilder().setRegularExpression("(".repeat(101) + "x" + ")".repeat(101))),
                "constraint.regular_expression");
        assertRefused(
                GenerationOptions.newBuilder()
                        .setConstraint(Constraint.newBuilder()
                                .setGrammar("root ::= " + "(".repeat(65) + "\"x\"" + ")".repeat(65))),
                "constraint.grammar");
    }

    private static void assertRefused(GenerationOptions.Builder options, String field) {
        StatusRuntimeException refused = failure(() -> harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setPrompt("x")
                        .setOptions(options)
                        .build())
                .hasNext());
        assertThat(fields(refused)).contains("options." + field);
    }

    @Test
    void getServerInfo_tellsLimitsDefaultsAndLoad() {
        GetServerInfoResponse info = harness.models().getServerInfo(GetServerInfoRequest.getDefaultInstance());
        assertThat(info.getLimits().getMaxRunning()).isEqualTo(16);
        long heap = Runtime.getRuntime().maxMemory();
        assertThat(info.getLimits().getMaxMessageBytes())
                .as("16 MiB, or what reading a message may take of a heap of %d bytes", heap)
                .isEqualTo((int) Math.min(16 << 20, heap / 128));
        assertThat(info.getLimits().getMaxRetention().getSeconds()).isEqualTo(600);
        assertThat(info.getLimits().getMaxConversations()).isEqualTo(8192);
        assertThat(info.getLimits().getMaxConversationsPerClient()).isEqualTo(2048);
        assertThat(info.getLimits().getMaxUnread().getSeconds()).isEqualTo(20);
        assertThat(info.getLimits().hasCoalescingInterval()).isFalse();
        assertThat(info.getLimits().getMaxMessageBytesInWork())
                .isEqualTo(Runtime.getRuntime().maxMemory() / 2 / MemoryBudget.EXPANSION);
        assertThat(info.getLimits().getMaxMessageBytesArriving()).isBetween(1L << 20, 256L << 20);
        assertThat(info.getLimits().getPreparation().getMaxRunning()).isBetween(2, 16);
        assertThat(info.getLimits().getPreparation().getMaxWaiting())
                .as("twice what may run and wait")
                .isEqualTo(2 * (16 + 256));
        assertThat(info.getLimits().getPreparation().getMaxTime().getSeconds()).isEqualTo(10);
        assertThat(info.getDefaultOptions().getSampling().getTemperature()).isEqualTo(0.8f);
        assertThat(info.getDefaultOptions().getDraft().getMode()).isEqualTo("auto");
        assertThat(info.getPrefixSharing()).isEqualTo(PrefixSharing.PREFIX_SHARING_CALLER);
        assertThat(info.getDraftersList())
                .extracting(Drafter::getName)
                .containsExactlyElementsOf(
                        Drafters.withoutModel().stream().map(DrafterKind::label).toList())
                .startsWith("auto", "off")
                .contains("aded", "aded-mcts");
        assertThat(info.getDraftersList()).allSatisfy(drafter -> {
            assertThat(drafter.getDescription()).isNotBlank();
            assertThat(drafter.getDefaults().getMode()).isEqualTo(drafter.getName());
            assertThat(drafter.getDefaults().hasMaxNodes()).isTrue();
            assertThat(drafter.getBaseline())
                    .isEqualTo(Drafters.named(drafter.getName()).baseline());
        });
        assertThat(info.getCapabilitiesList())
                .contains("ChatMessage.parts", "Constraint.grammar", "Constraint.json_schema", "Open.conversation_id");
        assertThat(info.getLoad().getCells()).isEqualTo(4096);
        assertThat(info.getRuntime()).startsWith("2");
    }

    @Test
    void getDraftStatistics_addsUp() {
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setText("statistics")
                        .setOptions(Requests.greedy()
                                .setMaxTokens(60)
                                .setDraft(
                                        DraftPolicy.newBuilder().setMode("aded").setMaxNodes(4)))
                        .build())
                .forEachRemaining(response -> {});
        GetDraftStatisticsResponse response =
                harness.drafts().getDraftStatistics(GetDraftStatisticsRequest.getDefaultInstance());
        SpeculationStatistics totals = response.getTotals();
        assertThat(totals.getNumDraftTokens()).isPositive();
        assertThat(sum(totals.getNumAcceptedTokensPerPosList())).isEqualTo(totals.getNumAcceptedDraftTokens());
        assertThat(sum(totals.getAcceptanceHistogramList())).isEqualTo(totals.getNumSpecSteps());
        assertThat(response.getDraftersList())
                .extracting(DrafterStatistics::getDrafter)
                .contains("aded");
    }

    private static long sum(List<Long> counts) {
        return counts.stream().mapToLong(Long::longValue).sum();
    }

    @Test
    void draftTables_areUnimplementedAndSaySo() {
        assertStatus(
                failure(() -> harness.drafts()
                        .exportDraftTable(ExportDraftTableRequest.getDefaultInstance())
                        .next()),
                Status.Code.UNIMPLEMENTED,
                "NOT_SERVED");
        assertStatus(
                failure(() -> harness.drafts().resetDraftState(ResetDraftStateRequest.getDefaultInstance())),
                Status.Code.UNIMPLEMENTED,
                "NOT_SERVED");
    }

    @Test
    void listModels_oneServed_isOnOnePage() {
        ListModelsResponse listed = harness.models().listModels(ListModelsRequest.getDefaultInstance());
        assertThat(listed.getModelsList()).extracting(Model::getName).containsExactly("scripted");
        assertThat(listed.getNextPageToken()).isEmpty();
        assertThat(fields(failure(() -> harness.models()
                        .listModels(ListModelsRequest.newBuilder()
                                .setPageSize(-1)
                                .setPageToken("made up")
                                .build()))))
                .containsExactly("page_size", "page_token");
    }

    @Test
    void generate_whatIsNotServed_isUnimplementedByName() {
        StatusRuntimeException failure = failure(() -> harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setPrompt("hello")
                        .setOptions(Requests.options()
                                .addTools(Tool.newBuilder().setName("weather"))
                                .setMaxTokens(-1)) // is not looked at
                        .build())
                .next());
        assertStatus(failure, Status.Code.UNIMPLEMENTED, "NOT_SERVED");
        assertThat(Harness.paths(failure)).containsExactly("options.tools");
    }
}
