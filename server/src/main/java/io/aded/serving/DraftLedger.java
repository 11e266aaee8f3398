package io.aded.serving;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftingStatus;
import io.aded.engine.SpeculationStatistics;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Adds up how drafting fared, by drafter. Thread-safe. */
public final class DraftLedger {
    private static final SpeculationStatistics NOTHING = new SpeculationStatistics(0, 0, 0, 0, new long[0], 0, 0, 0, 0);

    private final Object lock = new Object();
    private final Map<DrafterKind, SpeculationStatistics> byDrafter = new HashMap<>();

    /**
     * How drafting fared.
     *
     * @param all over all drafters
     * @param drafters one by one, in the catalogue's order; those that never drafted are left out
     * @param engines what the engines keep count of, which is nothing of a single conversation
     */
    public record Report(
            SpeculationStatistics all, Map<DrafterKind, SpeculationStatistics> drafters, DraftingStatus engines) {}

    void add(DrafterKind drafter, SpeculationStatistics statistics) {
        synchronized (lock) {
            byDrafter.merge(drafter, statistics, DraftLedger::sum);
        }
    }

    /** What has been added up until now. */
    Report report() {
        return report(DraftingStatus.NONE);
    }

    /** What has been added up until now, with what the engines know. */
    Report report(DraftingStatus engines) {
        Map<DrafterKind, SpeculationStatistics> known;
        synchronized (lock) {
            known = Map.copyOf(byDrafter);
        }
        Map<DrafterKind, SpeculationStatistics> drafted = new LinkedHashMap<>();
        for (DrafterKind drafter : Drafters.all()) {
            SpeculationStatistics sum = known.getOrDefault(drafter, NOTHING);
            if (sum.numSpecSteps() > 0) {
                drafted.put(drafter, sum);
            }
        }
        return new Report(known.values().stream().reduce(NOTHING, DraftLedger::sum), drafted, engines);
    }

    private static SpeculationStatistics sum(SpeculationStatistics a, SpeculationStatistics b) {
        return new SpeculationStatistics(
                a.numSpecSteps() + b.numSpecSteps(),
                a.numSteps() + b.numSteps(),
                a.numDraftTokens() + b.numDraftTokens(),
                a.numAcceptedDraftTokens() + b.numAcceptedDraftTokens(),
                sum(a.acceptanceHistogram(), b.acceptanceHistogram()),
                a.expectedAcceptedDraftTokens() + b.expectedAcceptedDraftTokens(),
                a.draftNanos() + b.draftNanos(),
                a.verifyNanos() + b.verifyNanos(),
                a.hostNanos() + b.hostNanos());
    }

    private static long[] sum(long[] a, long[] b) {
        long[] both = Arrays.copyOf(a, Math.max(a.length, b.length));
        for (int i = 0; i < b.length; i++) {
            both[i] += b[i];
        }
        return both;
    }
}
