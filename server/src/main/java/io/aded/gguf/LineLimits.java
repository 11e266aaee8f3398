package io.aded.gguf;

import java.util.Map;

/**
 * What one line of llama.cpp can take of a model, where lines differ.
 *
 * @param mostExperts experts of a layer
 * @param leastLayers by architecture: layers that it needs for its pattern of attention to be whole; with fewer, the
 *     first pass ends the process
 * @param integerScores whether the scores of tokens may be integers
 */
public record LineLimits(int mostExperts, Map<String, Integer> leastLayers, boolean integerScores) {
    /** Those of the newest line. */
    public static final LineLimits NEWEST = new LineLimits(1024, Map.of(), true);

    /** Copies the map. */
    public LineLimits {
        leastLayers = Map.copyOf(leastLayers);
    }
}
