package io.aded.lab.experiment;

import static io.aded.lab.report.Figures.number;
import static io.aded.lab.report.Figures.percent;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import io.aded.engine.DraftPolicy;
import io.aded.engine.DraftingStatus;
import io.aded.lab.report.DraftFigures;
import io.aded.lab.report.TextTable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Who drafted: which way each mode took that has a choice, who guessed the tokens of every mode, and what the draft
 * model did. Nothing where no draft model was loaded, since then each mode has one drafter.
 *
 * <p>Rounds and tokens are those of the measured answers; weights, regret and the draft model's counts are the
 * engine's, from its start, so that warm-ups are in them.
 */
final class WhoDrafted {
    private final List<ModeSummary> modes;
    private final DraftingStatus engine;
    private final @Nullable DraftModelInfo model;

    /**
     * Of a run.
     *
     * @param modes what each did, over all prompts
     * @param engine how it ended
     * @param model that drafted; null if there was none, or it is not known
     */
    WhoDrafted(List<ModeSummary> modes, DraftingStatus engine, @Nullable DraftModelInfo model) {
        this.modes = List.copyOf(modes);
        this.engine = engine;
        this.model = model;
    }

    /** The draft model in a line; empty if there was none. */
    Optional<String> draftModel() {
        return Optional.ofNullable(model).map(DraftFigures::described);
    }

    /** The section of the report, with its title; empty if there is nothing to tell. */
    String text() {
        DraftModelStatistics did = engine.model();
        if (did == null) {
            return "";
        }
        StringBuilder text = new StringBuilder();
        ways(text);
        guesses(text);
        text.append("The draft model: ").append(DraftFigures.told(did)).append(".\n\n");
        return text.toString();
    }

    private void ways(StringBuilder text) {
        TextTable table = new TextTable(
                "mode", "way", "rounds", "probes", "tok/round", "drafted", "accepted", "weight", "behind the best");
        StringBuilder regrets = new StringBuilder();
        for (ModeSummary mode : modes) {
            List<ArmStatistics> arms = arms(mode.mode());
            double best = DraftFigures.best(arms);
            for (ArmStatistics arm : arms) {
                RoundTally.Share share = mode.rounds().arm(arm.arm());
                table.row(
                        mode.mode().label(),
                        arm.arm(),
                        percent((double) share.rounds() / Math.max(1, mode.rounds().rounds)),
                        Long.toString(share.probes()),
                        number(1 + (double) share.accepted() / share.rounds(), 2),
                        number((double) share.nodes() / share.rounds(), 1),
                        percent((double) share.accepted() / share.nodes()),
                        number(arm.weight(), 2),
                        number(arm.hindsight() - best, 1));
            }
            if (!arms.isEmpty()) {
                regrets.append(mode.mode().label())
                        .append(": ")
                        .append(DraftFigures.regret(arms))
                        .append(".\n");
            }
        }
        if (regrets.isEmpty()) {
            return;
        }
        text.append("WHO DRAFTED\n")
                .append("Beside a draft model a mode chooses round by round: none, its table, the model, or both in"
                        + " one")
                .append(" tree.\nBehind the best: what all rounds would have taken by this way alone, beyond the best")
                .append(" one, in tokens\nwithout a draft. Rounds that took no way were not drafted for at all.\n\n")
                .append(table.render())
                .append('\n')
                .append(regrets)
                .append('\n');
    }

    private void guesses(StringBuilder text) {
        TextTable table = new TextTable("mode", "who guessed", "guesses", "accepted", "of all tokens");
        for (ModeSummary mode : modes) {
            RoundTally rounds = mode.rounds();
            for (Map.Entry<String, RoundTally.Share> source : rounds.sources().entrySet()) {
                table.row(
                        mode.mode().label(),
                        source.getKey(),
                        Long.toString(source.getValue().nodes()),
                        percent((double) source.getValue().accepted()
                                / source.getValue().nodes()),
                        percent((double) source.getValue().accepted() / (rounds.rounds + rounds.acceptedNodes)));
            }
        }
        text.append("WHO GUESSED\nBoth: table and draft model agreed.\n\n")
                .append(table.render())
                .append('\n');
    }

    private List<ArmStatistics> arms(ModeSpec mode) {
        DraftPolicy policy = mode.policy();
        if (policy == null) {
            return List.of();
        }
        return engine.choices().stream()
                .filter(choice -> choice.drafter().equals(policy.mode()))
                .findFirst()
                .map(DraftingStatus.Choice::arms)
                .orElse(List.of());
    }

    /** The same for programs. */
    void describe(ObjectNode node) {
        DraftModelStatistics did = engine.model();
        if (did == null) {
            node.putNull("draft_model");
        } else {
            describe(node.putObject("draft_model"), did);
        }
        ArrayNode all = node.putArray("modes");
        for (ModeSummary mode : modes) {
            ObjectNode one = all.addObject();
            one.put("mode", mode.mode().label());
            List<ArmStatistics> arms = arms(mode.mode());
            ArrayNode ways = one.putArray("arms");
            for (ArmStatistics arm : arms) {
                RoundTally.Share share = mode.rounds().arm(arm.arm());
                ObjectNode way = ways.addObject();
                way.put("arm", arm.arm());
                way.put("num_steps", share.rounds());
                way.put("num_probes", share.probes());
                way.put("num_draft_tokens", share.nodes());
                way.put("num_accepted_draft_tokens", share.accepted());
                way.put("weight", arm.weight());
                way.put("hindsight", arm.hindsight());
            }
            if (!arms.isEmpty()) {
                one.put("regret", arms.getFirst().regret());
            }
            ArrayNode sources = one.putArray("sources");
            mode.rounds().sources().forEach((source, share) -> {
                ObjectNode who = sources.addObject();
                who.put("source", source);
                who.put("num_draft_tokens", share.nodes());
                who.put("num_accepted_draft_tokens", share.accepted());
            });
        }
    }

    private void describe(ObjectNode node, DraftModelStatistics did) {
        DraftModelInfo is = model;
        if (is != null) {
            node.put("name", is.name());
            node.put("quantization", is.format());
            node.put("size_bytes", is.bytes());
            node.put("layers", is.layers());
            node.put("self_draft", is.selfDraft());
            node.put("shares_cache", is.takesCells());
        }
        node.put("num_passes", did.levels());
        node.put("seconds", did.nanos() / 1e9);
        node.put("num_asked_tokens", did.nodes());
        node.put("num_read_tokens", did.readTokens());
        node.put("num_copied_tokens", did.copiedTokens());
        node.put("num_refused_copies", did.refusedCopies());
        node.put("num_steps", did.guessed());
        node.put("num_unpaid_steps", did.unpaid());
        node.put("num_unready_steps", did.unready());
        node.put("num_unusable_steps", did.unusable());
    }
}
