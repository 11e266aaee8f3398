package io.aded.telemetry;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How those drafters fare that choose among several ways to draft, and the draft model, read when a metric reader asks.
 *
 * @param arms the ways of each such drafter; none where there is no choice
 * @param model the draft model; null if there is none
 */
public record DraftGauges(List<Arm> arms, @Nullable Model model) {

    /** Where there is neither. */
    public static final DraftGauges NONE = new DraftGauges(List.of(), null);

    /** The list is copied. */
    public DraftGauges {
        arms = List.copyOf(arms);
    }

    /**
     * One way to draft.
     *
     * @param drafter that chooses
     * @param arm its name
     * @param rounds that it drafted
     * @param probes those of them in which it was tried although another looked better
     * @param nodes draft tokens that were verified
     * @param accepted those of them that were accepted
     * @param tokens emitted
     * @param weight its share of the choice, in [0, 1]
     * @param regret what was taken above the best way in hindsight, in plain tokens; the same in all of a drafter
     */
    public record Arm(
            String drafter,
            String arm,
            long rounds,
            long probes,
            long nodes,
            long accepted,
            long tokens,
            double weight,
            double regret) {}

    /**
     * A draft model.
     *
     * @param passes forward passes
     * @param nanos their time, that of taking over cells included
     * @param readTokens tokens of texts that it computed itself
     * @param copiedTokens tokens whose cells were taken over
     * @param rounds that might have been drafted by it, by what became of that
     * @param fallbacks what did not go as it should, by what it was
     */
    public record Model(
            long passes,
            long nanos,
            long readTokens,
            long copiedTokens,
            Map<String, Long> rounds,
            Map<String, Long> fallbacks) {}
}
