package io.aded.lab.load;

import static io.aded.lab.report.Figures.number;
import static io.aded.lab.report.Figures.percent;

import com.google.protobuf.Duration;
import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.lab.report.DraftFigures;
import io.aded.lab.report.TextTable;
import io.aded.v1.DraftArm;
import io.aded.v1.DraftModel;
import io.aded.v1.DrafterStatistics;
import io.aded.v1.GetDraftStatisticsResponse;
import io.aded.v1.SpeculationStatistics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** How drafting fared, as a server of ours tells it. */
public final class DraftTold {
    private final GetDraftStatisticsResponse told;
    private final Map<String, List<ArmStatistics>> arms;

    /** All that the server says, since its start. */
    public DraftTold(GetDraftStatisticsResponse told) {
        this.told = told;
        arms = arms(told);
    }

    private static Map<String, List<ArmStatistics>> arms(GetDraftStatisticsResponse told) {
        Map<String, List<ArmStatistics>> arms = new LinkedHashMap<>();
        for (DraftArm arm : told.getArmsList()) {
            arms.computeIfAbsent(arm.getDrafter(), _ -> new ArrayList<>())
                    .add(new ArmStatistics(
                            arm.getArm(),
                            arm.getNumSteps(),
                            arm.getNumProbes(),
                            arm.getNumDraftTokens(),
                            arm.getNumAcceptedDraftTokens(),
                            nanos(arm.getTime()),
                            arm.getNumTokens(),
                            arm.getWeight(),
                            arm.getHindsight(),
                            arm.getRegret()));
        }
        return arms;
    }

    private static long nanos(Duration time) {
        return TimeUnit.SECONDS.toNanos(time.getSeconds()) + time.getNanos();
    }

    /** By drafter, what rounds brought. */
    public String drafters() {
        TextTable table = new TextTable("drafter", "rounds", "drafted", "draft tokens", "accepted", "MAT");
        for (DrafterStatistics drafter : told.getDraftersList()) {
            row(table, drafter.getDrafter(), drafter.getStatistics());
        }
        row(table, "all", told.getTotals());
        return table.render();
    }

    private static void row(TextTable table, String name, SpeculationStatistics did) {
        table.row(
                name,
                Long.toString(did.getNumSteps()),
                percent((double) did.getNumSpecSteps() / did.getNumSteps()),
                Long.toString(did.getNumDraftTokens()),
                percent((double) did.getNumAcceptedDraftTokens() / did.getNumDraftTokens()),
                number(did.getMeanAcceptanceLength(), 2));
    }

    /** Which ways were chosen among, and what the draft model did; empty without a draft model. */
    public String who() {
        if (!told.hasDraftModel()) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        if (!arms.isEmpty()) {
            ways(text);
        }
        DraftModel model = told.getDraftModel().getModel();
        if (told.getDraftModel().hasModel()) {
            text.append("Draft model: ")
                    .append(DraftFigures.described(new DraftModelInfo(
                            model.getName(),
                            model.getQuantization(),
                            model.getSizeBytes(),
                            model.getLayers(),
                            model.getSelfDraft(),
                            model.getSharesCache())))
                    .append(".\n");
        }
        return text.append("The draft model: ")
                .append(DraftFigures.told(model(told.getDraftModel())))
                .append(".\n")
                .toString();
    }

    private void ways(StringBuilder text) {
        TextTable table = new TextTable(
                "drafter", "way", "rounds", "probes", "tok/round", "drafted", "accepted", "weight", "behind the best");
        StringBuilder regrets = new StringBuilder();
        arms.forEach((drafter, ways) -> {
            long rounds = ways.stream().mapToLong(ArmStatistics::asked).sum();
            for (ArmStatistics arm : ways) {
                table.row(
                        drafter,
                        arm.arm(),
                        percent((double) arm.asked() / rounds),
                        Long.toString(arm.probes()),
                        number((double) arm.tokens() / arm.asked(), 2),
                        number((double) arm.nodes() / arm.asked(), 1),
                        percent((double) arm.accepted() / arm.nodes()),
                        number(arm.weight(), 2),
                        number(arm.hindsight() - DraftFigures.best(ways), 1));
            }
            regrets.append(drafter)
                    .append(": ")
                    .append(DraftFigures.regret(ways))
                    .append(".\n");
        });
        text.append("WHO DRAFTED\n")
                .append("Since the server started. Behind the best: what all rounds would have taken by this way"
                        + " alone,\n")
                .append("beyond the best one, in tokens without a draft.\n\n")
                .append(table.render())
                .append('\n')
                .append(regrets);
    }

    private static DraftModelStatistics model(io.aded.v1.DraftModelStatistics did) {
        return new DraftModelStatistics(
                did.getNumPasses(),
                did.getNumAskedTokens(),
                did.getNumReadTokens(),
                did.getNumCopies(),
                did.getNumCopiedTokens(),
                did.getNumRefusedCopies(),
                did.getNumEvictions(),
                did.getNumWithoutRoom(),
                did.getNumFailures(),
                nanos(did.getTime()),
                did.getNumSteps(),
                did.getNumUnpaidSteps(),
                did.getNumUnreadySteps(),
                did.getNumUnusableSteps(),
                did.getTrouble().isEmpty() ? null : did.getTrouble());
    }

    /** The same for programs. */
    void describe(ObjectNode node) {
        ArrayNode ways = node.putArray("arms");
        arms.forEach((drafter, each) -> each.forEach(arm -> {
            ObjectNode way = ways.addObject();
            way.put("drafter", drafter);
            way.put("arm", arm.arm());
            way.put("num_steps", arm.asked());
            way.put("num_probes", arm.probes());
            way.put("num_draft_tokens", arm.nodes());
            way.put("num_accepted_draft_tokens", arm.accepted());
            way.put("num_tokens", arm.tokens());
            way.put("seconds", arm.nanos() / 1e9);
            way.put("weight", arm.weight());
            way.put("hindsight", arm.hindsight());
            way.put("regret", arm.regret());
        }));
        if (told.hasDraftModel()) {
            DraftModelStatistics did = model(told.getDraftModel());
            ObjectNode model = node.putObject("draft_model");
            model.put("name", told.getDraftModel().getModel().getName());
            model.put("num_passes", did.levels());
            model.put("seconds", did.nanos() / 1e9);
            model.put("num_read_tokens", did.readTokens());
            model.put("num_copied_tokens", did.copiedTokens());
            model.put("num_steps", did.guessed());
            model.put("num_unpaid_steps", did.unpaid());
            model.put("num_unready_steps", did.unready());
            model.put("num_unusable_steps", did.unusable());
        } else {
            node.putNull("draft_model");
        }
    }
}
