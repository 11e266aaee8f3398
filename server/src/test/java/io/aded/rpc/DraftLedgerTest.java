package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.catalogue.DraftMode;
import io.aded.engine.SpeculationStatistics;
import io.aded.testing.Interleavings;
import io.aded.v1.DraftTotals;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;

class DraftLedgerTest {
    /** Two rounds with three nodes each, of which one and two were accepted. */
    private static final SpeculationStatistics TURN =
            new SpeculationStatistics(2, 2, 6, 3, new long[] {0, 1, 1}, 3, 0, 0, 0);

    @Test
    void report_ofTwoModes_addsThemUp() {
        var ledger = new DraftLedger();
        ledger.add(DraftMode.ADED, TURN);
        ledger.add(DraftMode.PROMPT_LOOKUP, TURN);
        DraftTotals totals = ledger.report().build().getTotals();
        assertThat(totals.getNumDraftTokens()).isEqualTo(12);
        assertThat(totals.getNumAcceptedDraftTokens()).isEqualTo(6);
        assertThat(totals.getNumAcceptedTokensPerPositionList()).containsExactly(4L, 2L);
    }

    @Test
    void ledger_writtenAndReadByTwoThreads_neverShowsHalfATurn() {
        Interleavings.stress(Spec.class);
    }

    /** Stressed rather than explored: most of a report is protobuf's code, which is not what is in question. */
    public static class Spec {
        private final DraftLedger ledger = new DraftLedger();

        @Operation
        public void add() {
            ledger.add(DraftMode.ADED, TURN);
        }

        @Operation
        public String report() {
            DraftTotals totals = ledger.report().build().getTotals();
            return totals.getNumSteps() + " " + totals.getNumDraftTokens() + " "
                    + totals.getNumAcceptedTokensPerPositionList();
        }
    }
}
