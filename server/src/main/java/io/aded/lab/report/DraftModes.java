package io.aded.lab.report;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.Drafters;
import io.aded.engine.DraftPolicy;

/** Reads how the user names ways of drafting. */
public final class DraftModes {
    private static final int MOST_NODES = 256;

    private DraftModes() {}

    /**
     * The policy of {@code NAME} or {@code NAME:N}: a {@linkplain DrafterKind draft mode}, with at most N draft nodes.
     *
     * @throws IllegalArgumentException if it is none; the message says what is allowed
     */
    public static DraftPolicy policy(String label) {
        int colon = label.indexOf(':');
        DrafterKind mode = Drafters.named(colon < 0 ? label : label.substring(0, colon));
        DraftPolicy policy = DraftPolicy.of(mode);
        if (colon < 0) {
            return policy;
        }
        int nodes;
        try {
            nodes = Integer.parseInt(label.substring(colon + 1));
        } catch (NumberFormatException e) {
            nodes = -1;
        }
        if (!mode.drafts() || nodes < 1 || nodes > MOST_NODES) {
            throw new IllegalArgumentException(
                    "\"" + label + "\" is no mode with a number of nodes; allowed: a drafter's"
                            + " name, a colon, 1 to " + MOST_NODES + ", such as aded:12");
        }
        return policy.withMaxNodes(nodes);
    }
}
