package io.aded.rpc;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelInfo;
import io.aded.engine.DraftingStatus;
import io.aded.serving.DraftLedger;
import io.aded.v1.DraftArm;
import io.aded.v1.DraftModel;
import io.aded.v1.DraftModelStatistics;
import io.aded.v1.DrafterStatistics;
import io.aded.v1.GetDraftStatisticsResponse;
import org.jspecify.annotations.Nullable;

/** How drafting fared, and what drafts, as messages of this API. */
final class DraftMessages {
    private DraftMessages() {}

    /**
     * How drafting fared.
     *
     * @param model that drafts; null if there is none, or it is not known
     */
    static GetDraftStatisticsResponse statistics(DraftLedger.Report report, @Nullable DraftModelInfo model) {
        GetDraftStatisticsResponse.Builder response =
                GetDraftStatisticsResponse.newBuilder().setTotals(ResponseWriter.speculation(report.all()));
        report.drafters()
                .forEach((kind, statistics) -> response.addDrafters(DrafterStatistics.newBuilder()
                        .setDrafter(kind.label())
                        .setStatistics(ResponseWriter.speculation(statistics))));
        for (DraftingStatus.Choice choice : report.engines().choices()) {
            for (ArmStatistics arm : choice.arms()) {
                response.addArms(arm(choice.drafter().label(), arm));
            }
        }
        io.aded.draft.DraftModelStatistics did = report.engines().model();
        if (did != null) {
            response.setDraftModel(model(did, model));
        }
        return response.build();
    }

    private static DraftArm arm(String drafter, ArmStatistics arm) {
        return DraftArm.newBuilder()
                .setDrafter(drafter)
                .setArm(arm.arm())
                .setNumSteps(arm.asked())
                .setNumProbes(arm.probes())
                .setNumDraftTokens(arm.nodes())
                .setNumAcceptedDraftTokens(arm.accepted())
                .setNumTokens(arm.tokens())
                .setTime(ResponseWriter.nanos(arm.nanos()))
                .setWeight(arm.weight())
                .setHindsight(arm.hindsight())
                .setRegret(arm.regret())
                .build();
    }

    private static DraftModelStatistics model(io.aded.draft.DraftModelStatistics did, @Nullable DraftModelInfo is) {
        DraftModelStatistics.Builder model = DraftModelStatistics.newBuilder()
                .setNumPasses(did.levels())
                .setNumAskedTokens(did.nodes())
                .setTime(ResponseWriter.nanos(did.nanos()))
                .setNumReadTokens(did.readTokens())
                .setNumCopies(did.copies())
                .setNumCopiedTokens(did.copiedTokens())
                .setNumRefusedCopies(did.refusedCopies())
                .setNumEvictions(did.evictions())
                .setNumWithoutRoom(did.withoutRoom())
                .setNumFailures(did.failures())
                .setNumSteps(did.guessed())
                .setNumUnpaidSteps(did.unpaid())
                .setNumUnreadySteps(did.unready())
                .setNumUnusableSteps(did.unusable());
        if (is != null) {
            model.setModel(model(is));
        }
        String trouble = did.trouble();
        if (trouble != null) {
            model.setTrouble(trouble);
        }
        return model.build();
    }

    /** What drafts. */
    static DraftModel model(DraftModelInfo model) {
        return DraftModel.newBuilder()
                .setName(model.name())
                .setQuantization(model.format())
                .setSizeBytes(model.bytes())
                .setLayers(model.layers())
                .setSelfDraft(model.selfDraft())
                .setSharesCache(model.takesCells())
                .build();
    }
}
