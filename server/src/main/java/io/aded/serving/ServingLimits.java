package io.aded.serving;

import java.time.Duration;

/**
 * What is kept for callers between their streams. The engine has limits of its own (streams at once, queue), and so has
 * each façade (message sizes, connections).
 *
 * @param maxRetention the longest that a conversation is kept after its stream has ended; zero keeps none
 * @param maxRetained conversations kept at once; the one kept longest makes room
 */
public record ServingLimits(Duration maxRetention, int maxRetained) {

    /** 64 conversations, kept for 10 minutes. */
    public static final ServingLimits DEFAULT = new ServingLimits(Duration.ofMinutes(10), 64);

    public ServingLimits {
        if (maxRetention.isNegative()) {
            throw new IllegalArgumentException("the retention is " + maxRetention + "; allowed: zero or more");
        }
        if (maxRetained < 0) {
            throw new IllegalArgumentException("conversations kept: " + maxRetained + "; allowed: 0 or more");
        }
    }

    /** Whether anything is kept at all. */
    public boolean keepsConversations() {
        return maxRetained > 0 && !maxRetention.isZero();
    }
}
