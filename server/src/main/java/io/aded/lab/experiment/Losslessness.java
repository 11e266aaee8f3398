package io.aded.lab.experiment;

import org.jspecify.annotations.Nullable;

/**
 * Whether a mode said what {@code off} said.
 *
 * @param answers answers that could be compared
 * @param differing those whose tokens differ
 * @param tokens tokens that were compared, each answer up to its first difference
 * @param firstPosition the earliest difference, in tokens from the answer's beginning; -1 if there is none
 * @param firstId whose answer that is; null if there is none
 */
record Losslessness(
        int answers,
        int differing,
        long tokens,
        int firstPosition,
        @Nullable String firstId) {}
