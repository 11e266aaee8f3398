package io.aded.client;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How drafting has fared on a server, or in a conversation.
 *
 * @param totals all answers together
 * @param drafters the same by drafter, in the server's order; those that never drafted are left out
 * @param arms how the ways to draft fared among which drafters choose beside a draft model; empty for a conversation
 * @param draftModel what the draft model is and did; null if there is none, and for a conversation
 */
public record DraftStatistics(
        Speculation totals,
        Map<String, Speculation> drafters,
        List<DraftArm> arms,
        @Nullable DraftModelStatistics draftModel) {

    /** Defensive copies, in their order. */
    public DraftStatistics {
        drafters = Collections.unmodifiableMap(new LinkedHashMap<>(drafters));
        arms = List.copyOf(arms);
    }
}
