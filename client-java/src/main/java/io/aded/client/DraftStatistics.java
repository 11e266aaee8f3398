package io.aded.client;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How drafting has fared on a server, or in a conversation.
 *
 * @param totals all answers together
 * @param drafters the same by drafter, in the server's order; those that never drafted are left out
 */
public record DraftStatistics(Speculation totals, Map<String, Speculation> drafters) {

    /** Defensive copy of the map, in its order. */
    public DraftStatistics {
        drafters = Collections.unmodifiableMap(new LinkedHashMap<>(drafters));
    }
}
