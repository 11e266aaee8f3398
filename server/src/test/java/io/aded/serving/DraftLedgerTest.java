package io.aded.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.Drafters;
import io.aded.engine.SpeculationStatistics;
import io.aded.testing.Interleavings;
import java.util.Arrays;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class DraftLedgerTest {
    /** Two rounds with three nodes each, of which one and two were accepted. */
    private static final SpeculationStatistics TURN =
            new SpeculationStatistics(2, 2, 6, 3, new long[] {0, 1, 1}, 3, 0, 0, 0);

    @Test
    void report_ofTwoModes_addsThemUp() {
        var ledger = new DraftLedger();
        ledger.add(Drafters.ADED, TURN);
        ledger.add(Drafters.PROMPT_LOOKUP, TURN);
        DraftLedger.Report report = ledger.report();
        assertThat(report.all().numDraftTokens()).isEqualTo(12);
        assertThat(report.all().numAcceptedDraftTokens()).isEqualTo(6);
        assertThat(report.all().acceptanceHistogram()).containsExactly(0, 2, 2);
        assertThat(report.drafters()).containsOnlyKeys(Drafters.ADED, Drafters.PROMPT_LOOKUP);
        assertThat(report.drafters().get(Drafters.ADED).meanAcceptanceLength()).isEqualTo(2.5);
        assertThat(report.drafters().get(Drafters.ADED).draftAcceptanceRate()).isEqualTo(0.5);
    }

    @Test
    void ledger_writtenAndReadByTwoThreads_neverShowsHalfATurn() {
        Interleavings.explore(Spec.class);
    }

    public static class Spec {
        private final DraftLedger ledger = new DraftLedger();

        @Operation
        public void add() {
            ledger.add(Drafters.ADED, TURN);
        }

        @Operation
        public String report() {
            SpeculationStatistics totals = ledger.report().all();
            return totals.numSteps() + " " + totals.numDraftTokens() + " "
                    + Arrays.toString(totals.acceptanceHistogram());
        }
    }
}
