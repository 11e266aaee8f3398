package io.aded.serving;

import java.time.Duration;

/**
 * What is kept for callers between their streams. The engine has limits of its own (streams at once, queue), and so has
 * each façade (message sizes, connections).
 *
 * @param maxRetention the longest that a conversation is kept after its stream has ended; zero keeps none
 * @param maxRetained conversations kept at once; the one kept longest makes room
 * @param longestUnread how long an answer may wait for its caller to read: then it ends, and others have its place
 */
public record ServingLimits(Duration maxRetention, int maxRetained, Duration longestUnread) {

    /** An answer may be unread for this long unless it is said otherwise. */
    public static final Duration USUAL_UNREAD = Duration.ofSeconds(20);

    /** 64 conversations, kept for 10 minutes; an answer may be unread for 20 s. */
    public static final ServingLimits DEFAULT = new ServingLimits(Duration.ofMinutes(10), 64);

    public ServingLimits {
        if (maxRetention.isNegative()) {
            throw new IllegalArgumentException("the retention is " + maxRetention + "; allowed: zero or more");
        }
        if (!longestUnread.isPositive()) {
            throw new IllegalArgumentException(
                    "an answer may be unread for " + longestUnread + "; allowed: more than no time");
        }
        if (maxRetained < 0) {
            throw new IllegalArgumentException("conversations kept: " + maxRetained + "; allowed: 0 or more");
        }
    }

    /** With the usual time for which an answer may be unread. */
    public ServingLimits(Duration maxRetention, int maxRetained) {
        this(maxRetention, maxRetained, USUAL_UNREAD);
    }

    /** Whether anything is kept at all. */
    public boolean keepsConversations() {
        return maxRetained > 0 && !maxRetention.isZero();
    }
}
