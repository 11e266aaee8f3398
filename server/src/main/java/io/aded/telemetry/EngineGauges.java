package io.aded.telemetry;

/**
 * How busy an engine is, read when a metric reader asks.
 *
 * @param running turns being decoded or prefilled
 * @param waiting turns in the queue
 * @param parked running turns whose client is slow
 * @param sessions open sessions
 * @param cellsUsed KV cells in use
 * @param cells KV cells there are
 * @param sequencesUsed sequence ids in use
 * @param sequences sequence ids there are
 */
public record EngineGauges(
        int running,
        int waiting,
        int parked,
        int sessions,
        int cellsUsed,
        int cells,
        int sequencesUsed,
        int sequences) {

    /** The share of the KV cells in use, 0 to 1. */
    public double cellUsage() {
        return share(cellsUsed, cells);
    }

    /** The share of the sequence ids in use, 0 to 1. */
    public double sequenceUsage() {
        return share(sequencesUsed, sequences);
    }

    private static double share(int used, int all) {
        return all == 0 ? 0 : (double) used / all;
    }
}
