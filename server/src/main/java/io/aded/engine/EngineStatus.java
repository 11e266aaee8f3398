package io.aded.engine;

/**
 * A look at the engine, for gauges and {@code GetServerInfo}. Values are a recent snapshot.
 *
 * @param running turns being decoded or prefilled
 * @param waiting turns in the queue
 * @param parked running turns whose client is slow
 * @param sessions open sessions
 * @param cellsUsed KV cells in use
 * @param cells KV cells there are
 * @param sequencesUsed sequence ids in use
 * @param sequences sequence ids there are
 * @param roundsTotal forward passes since the start
 * @param tokensTotal tokens emitted since the start
 * @param prefilledTokensTotal prompt tokens computed since the start
 * @param reusedTokensTotal prompt tokens that were already in the KV cache
 */
public record EngineStatus(
        int running,
        int waiting,
        int parked,
        int sessions,
        int cellsUsed,
        int cells,
        int sequencesUsed,
        int sequences,
        long roundsTotal,
        long tokensTotal,
        long prefilledTokensTotal,
        long reusedTokensTotal) {

    /** What there is now. */
    static EngineStatus of(Admission admission, Residency residency, CellLedger ledger, Pass pass, long reusedTokens) {
        return new EngineStatus(
                admission.running().size(),
                admission.waitingCount(),
                pass.unready(),
                residency.sessions(),
                ledger.cellsUsed(),
                ledger.cells(),
                ledger.sequences() - ledger.sequencesFree(),
                ledger.sequences(),
                pass.passes(),
                pass.emittedTokens(),
                pass.prefilledTokens(),
                reusedTokens);
    }
}
