package io.aded.engine;

import io.aded.draft.ArmStatistics;
import io.aded.draft.DraftModelStatistics;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How drafters fared of which the engine, and not its callers, keeps count: those that choose among several ways to
 * draft, and the draft model. A recent snapshot, exact once a turn has ended.
 *
 * @param choices the ways of each drafter that has a choice and was asked, in the catalogue's order
 * @param model what the draft model did; null if there is none
 */
public record DraftingStatus(List<Choice> choices, @Nullable DraftModelStatistics model) {

    /** Where there is no choice and no draft model. */
    public static final DraftingStatus NONE = new DraftingStatus(List.of(), null);

    /**
     * A drafter that chooses.
     *
     * @param drafter which
     * @param arms its ways, in an order that is always the same
     */
    public record Choice(DrafterKind drafter, List<ArmStatistics> arms) {
        /** A choice; the list is copied. */
        public Choice {
            arms = List.copyOf(arms);
        }
    }

    /** A status; the list is copied. */
    public DraftingStatus {
        choices = List.copyOf(choices);
    }

    /** Both together, as of two engines over one model. */
    public DraftingStatus plus(DraftingStatus other) {
        if (other.equals(NONE)) {
            return this;
        }
        if (equals(NONE)) {
            return other;
        }
        Map<DrafterKind, List<ArmStatistics>> arms = new LinkedHashMap<>();
        choices.forEach(choice -> arms.put(choice.drafter(), choice.arms()));
        other.choices.forEach(choice -> arms.merge(choice.drafter(), choice.arms(), DraftingStatus::sum));
        List<Choice> sums = new ArrayList<>();
        for (DrafterKind drafter : Drafters.all()) {
            List<ArmStatistics> sum = arms.get(drafter);
            if (sum != null) {
                sums.add(new Choice(drafter, sum));
            }
        }
        DraftModelStatistics both = model == null ? other.model : other.model == null ? model : model.plus(other.model);
        return new DraftingStatus(sums, both);
    }

    private static List<ArmStatistics> sum(List<ArmStatistics> a, List<ArmStatistics> b) {
        double rounds = Math.max(1, rounds(a) + rounds(b));
        double shareOfA = rounds(a) + rounds(b) == 0 ? 0.5 : rounds(a) / rounds;
        double best = Double.POSITIVE_INFINITY;
        for (int i = 0; i < a.size(); i++) {
            best = Math.min(best, a.get(i).hindsight() + b.get(i).hindsight());
        }
        // What was played is the regret above the best arm; the best arm of both need not be the best one of each.
        double played = played(a) + played(b);
        List<ArmStatistics> sums = new ArrayList<>();
        for (int i = 0; i < a.size(); i++) {
            ArmStatistics one = a.get(i);
            ArmStatistics two = b.get(i);
            sums.add(new ArmStatistics(
                    one.arm(),
                    one.asked() + two.asked(),
                    one.probes() + two.probes(),
                    one.nodes() + two.nodes(),
                    one.accepted() + two.accepted(),
                    one.nanos() + two.nanos(),
                    one.tokens() + two.tokens(),
                    shareOfA * one.weight() + (1 - shareOfA) * two.weight(),
                    one.hindsight() + two.hindsight(),
                    played - best));
        }
        return sums;
    }

    private static double rounds(List<ArmStatistics> arms) {
        return arms.stream().mapToLong(ArmStatistics::asked).sum();
    }

    private static double played(List<ArmStatistics> arms) {
        double best = arms.stream().mapToDouble(ArmStatistics::hindsight).min().orElse(0);
        return arms.isEmpty() ? 0 : arms.getFirst().regret() + best;
    }
}
