package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.DraftModelInfo;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.catalogue.Drafters;
import io.aded.draft.neural.DraftContexts;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.telemetry.EngineTelemetry;
import io.aded.v1.DraftArm;
import io.aded.v1.DraftModel;
import io.aded.v1.DraftModelStatistics;
import io.aded.v1.DraftNode;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.GetDraftStatisticsRequest;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.GetServerInfoRequest;
import io.aded.v1.Round;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What a server tells of who drafted, held against the rounds that it reported; in virtual time. */
class DraftStatisticsTest {
    private static final DraftModelInfo INFO = new DraftModelInfo("little", "Q4_K", 123, 2, true, true);

    /** A target whose pass of n tokens takes 10,000 + 300 n ns, and a draft whose pass takes 1,000 + 20 n. */
    private static Engine engine(double agreement) {
        AtomicLong clock = new AtomicLong(1);
        ScriptedModel target =
                new ScriptedModel(ScriptedModel.babble(3, 8), tokens -> clock.addAndGet(10_000 + 300L * tokens));
        ScriptedModel draft = target.draft(
                agreement, 9, tokens -> clock.addAndGet(1_000 + 20L * tokens), ScriptedModel.Cells.TAKEN_OVER);
        DraftContexts contexts = context -> {
            TargetContext opened = draft.newContext(EngineOptions.ofCells(2048).context());
            return new DraftContexts.Opened(opened, opened.copierFrom(context));
        };
        return Engine.start(
                target,
                EngineOptions.ofCells(2048),
                EngineTelemetry.NONE,
                Drafters.proposers(DrafterSettings.DEFAULT.withDraftModel(contexts.named(INFO))),
                clock::get);
    }

    private static List<Round> rounds(Harness harness, String mode, int tokens) {
        List<Round> rounds = new ArrayList<>();
        harness.inference()
                .generate(GenerateRequest.newBuilder()
                        .setText("Who drafted this?")
                        .setOptions(Requests.greedy()
                                .setMaxTokens(tokens)
                                .setIgnoreEnd(true)
                                .setReportRounds(true)
                                .setDraft(DraftPolicy.newBuilder().setMode(mode)))
                        .build())
                .forEachRemaining(response -> {
                    if (response.getEventCase() == GenerateResponse.EventCase.ROUND) {
                        rounds.add(response.getRound());
                    }
                });
        return rounds;
    }

    private static GetDraftStatisticsResponse statistics(Harness harness) {
        return harness.drafts().getDraftStatistics(GetDraftStatisticsRequest.getDefaultInstance());
    }

    private static long nodes(Round round, Predicate<DraftNode> counted) {
        return round.getNodesList().stream().skip(1).filter(counted).count();
    }

    @Test
    void auto_besideAGoodModel_armsAreWhatTheRoundsSay() {
        try (Engine engine = engine(0.9);
                Harness harness = Harness.over(engine)) {
            List<Round> rounds = rounds(harness, "auto", 300);
            GetDraftStatisticsResponse told = statistics(harness);

            assertThat(told.getArmsList()).extracting(DraftArm::getDrafter).containsOnly("auto");
            assertThat(told.getArmsList())
                    .extracting(DraftArm::getArm)
                    .containsExactly("none", "table", "model", "both");
            for (DraftArm arm : told.getArmsList()) {
                List<Round> own = rounds.stream()
                        .filter(round -> round.getArm().equals(arm.getArm()))
                        .toList();
                assertThat(arm.getNumSteps()).as(arm.getArm()).isEqualTo(own.size());
                assertThat(arm.getNumProbes())
                        .isEqualTo(own.stream()
                                .filter(round -> round.getArmReason().equals("probe"))
                                .count());
                assertThat(arm.getNumDraftTokens())
                        .isEqualTo(own.stream()
                                .mapToLong(round -> nodes(round, _ -> true))
                                .sum());
                assertThat(arm.getNumAcceptedDraftTokens())
                        .isEqualTo(own.stream()
                                .mapToLong(round -> nodes(round, DraftNode::getAccepted))
                                .sum());
                assertThat(arm.getNumTokens()).isEqualTo(arm.getNumSteps() + arm.getNumAcceptedDraftTokens());
                assertThat(arm.getRegret()).isEqualTo(told.getArms(0).getRegret());
            }
            assertThat(told.getArmsList().stream()
                            .mapToDouble(DraftArm::getWeight)
                            .sum())
                    .isCloseTo(1, within(1e-9));
            assertThat(told.getArms(3).getNumSteps()).isGreaterThan(20);
            assertThat(rounds.stream()
                            .mapToLong(round ->
                                    nodes(round, node -> node.getSource().equals("model")))
                            .sum())
                    .isGreaterThan(50);
            assertThat(rounds)
                    .allSatisfy(
                            round -> assertThat(round.getNodesList().stream().skip(1))
                                    .extracting(DraftNode::getSource)
                                    .isSubsetOf("table", "model", "both"))
                    .allSatisfy(round -> assertThat(round.getArmReason())
                            .isIn(
                                    round.getArm().isEmpty()
                                            ? List.of("")
                                            : List.of("best", "probe", "price", "unready")));
        }
    }

    @Test
    void draftVerify_modelThatIsAlwaysRight_everyNodeIsItsOwnAndAccepted() {
        try (Engine engine = engine(1);
                Harness harness = Harness.over(engine)) {
            List<Round> rounds = rounds(harness, "draft-verify", 40);
            GetDraftStatisticsResponse told = statistics(harness);
            DraftModelStatistics model = told.getDraftModel();

            assertThat(rounds).allSatisfy(round -> {
                assertThat(nodes(round, node -> node.getSource().equals("model") && node.getAccepted()))
                        .isEqualTo(nodes(round, _ -> true));
                assertThat(round.getArm()).isEmpty();
            });
            assertThat(told.getArmsList()).isEmpty();
            assertThat(model.getNumSteps()).isEqualTo(told.getTotals().getNumSpecSteps());
            assertThat(model.getNumPasses()).isPositive();
            assertThat(model.getTime().getNanos()).isGreaterThanOrEqualTo((int) (1_020 * model.getNumPasses()));
            assertThat(model.getNumCopies()).isPositive();
            assertThat(model.getNumReadTokens()).isZero();
            assertThat(model.getNumUnusableSteps()).isZero();
            assertThat(model.getTrouble()).isEmpty();
        }
    }

    @Test
    void serverInfo_andStatistics_nameTheDraftModel() {
        DraftModel expected = DraftModel.newBuilder()
                .setName("little")
                .setQuantization("Q4_K")
                .setSizeBytes(123)
                .setLayers(2)
                .setSelfDraft(true)
                .setSharesCache(true)
                .build();
        try (Engine engine = engine(1);
                Harness harness = Harness.over(engine)) {
            rounds(harness, "off", 2);
            assertThat(harness.models()
                            .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                            .getDraftModel())
                    .isEqualTo(expected);
            assertThat(statistics(harness).getDraftModel().getModel()).isEqualTo(expected);
        }
    }

    @Test
    void statistics_withoutADraftModel_sayNothingOfIt() {
        try (Harness harness = Harness.start()) {
            rounds(harness, "auto", 20);
            GetDraftStatisticsResponse told = statistics(harness);

            assertThat(told.getArmsList()).isEmpty();
            assertThat(told.hasDraftModel()).isFalse();
            assertThat(harness.models()
                            .getServerInfo(GetServerInfoRequest.getDefaultInstance())
                            .hasDraftModel())
                    .isFalse();
        }
    }
}
