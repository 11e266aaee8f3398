package io.aded.serving;

/**
 * How many conversations there may be at once, open or kept.
 *
 * @param all in all, at least 1
 * @param perClient of one client, at least 1; clients that say no name are one
 */
public record ConversationBounds(int all, int perClient) {
    /** 8192, and 2048 of one client. */
    public static final ConversationBounds DEFAULT = new ConversationBounds(8192, 2048);

    public ConversationBounds {
        if (all < 1 || perClient < 1) {
            throw new IllegalArgumentException(
                    "conversations at once: " + all + ", " + perClient + " of one client; allowed: 1 or more");
        }
    }
}
