package io.aded.telemetry;

/**
 * The connections of a server at a moment.
 *
 * @param open how many there are
 * @param displaced how many without a call were closed for new ones, since the start
 * @param refused how many were turned away, since the start
 */
public record ConnectionGauges(int open, long displaced, long refused) {}
