package io.aded.rpc;

import io.aded.draft.catalogue.DraftMode;
import io.aded.engine.SpeculationStatistics;
import io.aded.v1.DraftTotals;
import io.aded.v1.DrafterTotals;
import io.aded.v1.GetDraftStatisticsResponse;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/** Adds up how drafting fared, by drafter. */
final class DraftLedger {
    private final Object lock = new Object();
    private final Map<DraftMode, Sum> byMode = new EnumMap<>(DraftMode.class);

    void add(DraftMode mode, SpeculationStatistics statistics) {
        synchronized (lock) {
            byMode.computeIfAbsent(mode, ignored -> new Sum()).add(statistics);
        }
    }

    GetDraftStatisticsResponse.Builder report() {
        GetDraftStatisticsResponse.Builder report = GetDraftStatisticsResponse.newBuilder();
        Sum all = new Sum();
        synchronized (lock) {
            byMode.forEach((mode, sum) -> {
                all.add(sum);
                if (sum.specSteps > 0) {
                    report.addDrafters(DrafterTotals.newBuilder()
                            .setMode(ResponseWriter.mode(mode))
                            .setTotals(sum.totals()));
                }
            });
        }
        return report.setTotals(all.totals());
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

        DraftTotals totals() {
            DraftTotals.Builder totals = DraftTotals.newBuilder()
                    .setNumSpecSteps(specSteps)
                    .setNumSteps(steps)
                    .setNumDraftTokens(drafted)
                    .setNumAcceptedDraftTokens(accepted)
                    .setMeanAcceptanceLength(specSteps == 0 ? 1 : 1 + (double) accepted / specSteps)
                    .setDraftAcceptanceRate(drafted == 0 ? 0 : (double) accepted / drafted);
            int deepest = acceptedAt.length;
            while (deepest > 0 && acceptedAt[deepest - 1] == 0) {
                deepest--;
            }
            for (int i = 0; i < deepest; i++) {
                totals.addNumAcceptedTokensPerPosition(acceptedAt[i]);
            }
            return totals.build();
        }
    }
}
