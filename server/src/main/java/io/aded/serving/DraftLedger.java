package io.aded.serving;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.SpeculationStatistics;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Adds up how drafting fared, by drafter. Thread-safe. */
public final class DraftLedger {
    /**
     * How drafting fared.
     *
     * @param all over all drafters
     * @param drafters one by one; those that never drafted are left out
     */
    public record Report(Totals all, Map<DrafterKind, Totals> drafters) {}

    /**
     * Counts over many answers.
     *
     * @param numSpecSteps rounds that verified a draft
     * @param numSteps all rounds, those without a draft included
     * @param numDraftTokens draft tokens verified
     * @param numAcceptedDraftTokens draft tokens that the model agreed with
     * @param acceptedAtDepth element i counts those that were accepted at depth i + 1 of their tree
     */
    public record Totals(
            long numSpecSteps,
            long numSteps,
            long numDraftTokens,
            long numAcceptedDraftTokens,
            long[] acceptedAtDepth) {

        /** Tokens emitted per round that had a draft: 1 + accepted / rounds; 1 if there was none. */
        public double meanAcceptanceLength() {
            return numSpecSteps == 0 ? 1 : 1 + (double) numAcceptedDraftTokens / numSpecSteps;
        }

        /** Accepted draft tokens / verified draft tokens, in [0, 1]; 0 if there was none. */
        public double draftAcceptanceRate() {
            return numDraftTokens == 0 ? 0 : (double) numAcceptedDraftTokens / numDraftTokens;
        }
    }

    private final Object lock = new Object();
    private final Map<DrafterKind, Sum> byMode = new HashMap<>();

    void add(DrafterKind mode, SpeculationStatistics statistics) {
        synchronized (lock) {
            byMode.computeIfAbsent(mode, ignored -> new Sum()).add(statistics);
        }
    }

    /** What has been added up until now. */
    Report report() {
        Map<DrafterKind, Totals> drafters = new LinkedHashMap<>();
        Sum all = new Sum();
        synchronized (lock) {
            // In the order in which the catalogue lists them.
            for (DrafterKind mode : Drafters.all()) {
                Sum sum = byMode.get(mode);
                if (sum != null) {
                    all.add(sum);
                    if (sum.specSteps > 0) {
                        drafters.put(mode, sum.totals());
                    }
                }
            }
        }
        return new Report(all.totals(), drafters);
    }

    private static final class Sum {
        private long specSteps;
        private long steps;
        private long drafted;
        private long accepted;
        private long[] acceptedAt = new long[0];

        void add(SpeculationStatistics more) {
            specSteps += more.numSpecSteps();
            steps += more.numSteps();
            drafted += more.numDraftTokens();
            accepted += more.numAcceptedDraftTokens();
            long[] histogram = more.acceptanceHistogram();
            grow(histogram.length - 1);
            // A round that accepted n nodes accepted one at every depth up to n.
            long deeper = 0;
            for (int depth = histogram.length - 1; depth >= 1; depth--) {
                deeper += histogram[depth];
                acceptedAt[depth - 1] += deeper;
            }
        }

        void add(Sum more) {
            specSteps += more.specSteps;
            steps += more.steps;
            drafted += more.drafted;
            accepted += more.accepted;
            grow(more.acceptedAt.length);
            for (int i = 0; i < more.acceptedAt.length; i++) {
                acceptedAt[i] += more.acceptedAt[i];
            }
        }

        private void grow(int depths) {
            if (depths > acceptedAt.length) {
                acceptedAt = Arrays.copyOf(acceptedAt, depths);
            }
        }

        Totals totals() {
            int deepest = acceptedAt.length;
            while (deepest > 0 && acceptedAt[deepest - 1] == 0) {
                deepest--;
            }
            return new Totals(specSteps, steps, drafted, accepted, Arrays.copyOf(acceptedAt, deepest));
        }
    }
}
