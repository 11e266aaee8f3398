package io.aded.lab.report;

import static io.aded.lab.report.Figures.percent;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelInfo;
import io.aded.draft.DraftModelStatistics;
import java.util.List;
import java.util.Locale;

/** Who drafted, in words: the ways that a drafter chooses among beside a draft model, and that model. */
public final class DraftFigures {
    private DraftFigures() {}

    /** What a draft model is. */
    public static String described(DraftModelInfo model) {
        return model.name() + (model.format().isEmpty() ? "" : ", " + model.format()) + ", "
                + (model.selfDraft() ? "of the model's own weights" : "a model of its own") + ", "
                + (model.takesCells() ? "takes over the model's cache" : "reads every text itself");
    }

    /** What all rounds would have taken by the best way alone, less what their tokens were worth; 0 for no ways. */
    public static double best(List<ArmStatistics> arms) {
        return arms.stream().mapToDouble(ArmStatistics::hindsight).min().orElse(0);
    }

    /** What choosing was worth, in a sentence without its end. */
    public static String regret(List<ArmStatistics> arms) {
        double regret = arms.getFirst().regret();
        ArmStatistics best = arms.getFirst();
        for (ArmStatistics arm : arms) {
            best = arm.hindsight() < best.hindsight() ? arm : best;
        }
        return String.format(
                Locale.ROOT,
                "regret %+.1f: choosing %s the best single way in hindsight (%s)",
                regret,
                regret <= 0 ? "was no worse than" : "took longer than",
                best.arm());
    }

    /** What a draft model did, in lines of at most a report's width; the last one does not end. */
    public static String told(DraftModelStatistics did) {
        double rounds = Math.max(1, did.guessed() + did.unpaid() + did.unready() + did.unusable());
        StringBuilder told = new StringBuilder();
        told.append(String.format(
                        Locale.ROOT,
                        "%,d %s took %.2f s",
                        did.levels(),
                        did.levels() == 1 ? "pass" : "passes",
                        did.nanos() / 1e9))
                .append("; it guessed in ")
                .append(percent(did.guessed() / rounds))
                .append(" of the rounds that it might have,\nwas not asked in ")
                .append(percent(did.unpaid() / rounds))
                .append(" since that would not pay, and had no guess in ")
                .append(percent((did.unready() + did.unusable()) / rounds))
                .append(String.format(
                        Locale.ROOT,
                        ";\nof texts it read %,d tokens itself and took over the cells of %,d",
                        did.readTokens(),
                        did.copiedTokens()));
        long otherwise = did.refusedCopies() + did.evictions() + did.withoutRoom() + did.failures();
        if (otherwise > 0) {
            told.append(String.format(
                    Locale.ROOT,
                    ";\ncopies refused %,d, streams evicted %,d, passes without room %,d, failures %,d",
                    did.refusedCopies(),
                    did.evictions(),
                    did.withoutRoom(),
                    did.failures()));
        }
        if (did.trouble() != null) {
            told.append(";\nit drafts no more: ").append(did.trouble());
        }
        return told.toString();
    }
}
