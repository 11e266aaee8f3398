package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static io.aded.rpc.Harness.failure;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors;
import io.aded.v1.ChatMessage;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.DraftMode;
import io.aded.v1.DraftPolicy;
import io.aded.v1.DraftTotals;
import io.aded.v1.ExportDraftTableRequest;
import io.aded.v1.FinishReason;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.GetModelRequest;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.GetServerInfoResponse;
import io.aded.v1.Model;
import io.aded.v1.ResetDraftStateRequest;
import io.aded.v1.TokenizeRequest;
import io.aded.v1.TokenizeResponse;
import io.aded.v1.Turn;
import io.grpc.Status;
import java.util.ArrayList;
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
                .generate(Requests.generate("once", 50).setReportRounds(true).build())
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
                .addMessages(ChatMessage.newBuilder().setContent("hello there"));
        int counted = harness.inference().countTokens(request.build()).getTokens();
        List<GenerateResponse> responses = new ArrayList<>();
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .addMessages(ChatMessage.newBuilder().setContent("hello there"))
                        .setMaxTokens(1)
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

    @Test
    void getServerInfo_tellsLimitsDefaultsAndLoad() {
        GetServerInfoResponse info = harness.models().getServerInfo(GetServerInfoRequest.getDefaultInstance());
        assertThat(info.getLimits().getMaxRunning()).isEqualTo(16);
        assertThat(info.getLimits().getMaxMessageBytes()).isEqualTo(16 << 20);
        assertThat(info.getLimits().getMaxRetention().getSeconds()).isEqualTo(600);
        assertThat(info.getDefaultSampling().getTemperature()).isEqualTo(0.8f);
        assertThat(info.getDefaultDraft().getMode()).isEqualTo(DraftMode.DRAFT_MODE_AUTO);
        assertThat(info.getDraftModesList()).hasSize(8).doesNotContain(DraftMode.DRAFT_MODE_UNSPECIFIED);
        assertThat(info.getCapabilitiesList()).containsExactly("grammar", "json_schema", "resume");
        assertThat(info.getLoad().getCells()).isEqualTo(4096);
        assertThat(info.getRuntime()).startsWith("2");
    }

    @Test
    void getDraftStatistics_addsUp() {
        harness.inference()
                .generate(Requests.generate("statistics", 60)
                        .setDraft(DraftPolicy.newBuilder()
                                .setMode(DraftMode.DRAFT_MODE_ADED)
                                .setMaxNodes(4))
                        .build())
                .forEachRemaining(response -> {});
        GetDraftStatisticsResponse response =
                harness.drafts().getDraftStatistics(GetDraftStatisticsRequest.getDefaultInstance());
        DraftTotals totals = response.getTotals();
        assertThat(totals.getNumDraftTokens()).isPositive();
        assertThat(totals.getNumAcceptedTokensPerPositionList().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(totals.getNumAcceptedDraftTokens());
        assertThat(response.getDraftersList()).anyMatch(drafter -> drafter.getMode() == DraftMode.DRAFT_MODE_ADED);
    }

    @Test
    void draftTables_areUnimplementedAndSaySo() {
        assertStatus(
                failure(() -> harness.drafts()
                        .exportDraftTable(ExportDraftTableRequest.getDefaultInstance())
                        .next()),
                Status.Code.UNIMPLEMENTED,
                "DRAFT_TABLES_NOT_OFFERED");
        assertStatus(
                failure(() -> harness.drafts().resetDraftState(ResetDraftStateRequest.getDefaultInstance())),
                Status.Code.UNIMPLEMENTED,
                "DRAFT_TABLES_NOT_OFFERED");
    }

    @Test
    void turn_hasTheFieldsOfGenerateRequest() {
        // A turn is read as a GenerateRequest; that only works as long as this holds.
        for (Descriptors.FieldDescriptor field : Turn.getDescriptor().getFields()) {
            Descriptors.FieldDescriptor twin = GenerateRequest.getDescriptor().findFieldByNumber(field.getNumber());
            assertThat(twin).as(field.getName()).isNotNull();
            assertThat(twin.getName()).isEqualTo(field.getName());
            assertThat(twin.getType()).isEqualTo(field.getType());
            assertThat(twin.isRepeated()).isEqualTo(field.isRepeated());
        }
    }
}
