package io.aded.rpc;

import java.time.Duration;

/**
 * What the server allows its callers. The engine has limits of its own (streams at once, queue).
 *
 * @param maxMessageBytes the largest message accepted
 * @param maxRetention the longest that a conversation is kept after its stream has ended; zero keeps none
 * @param maxRetained conversations kept at once; the one kept longest makes room
 * @param keepAliveTime an idle connection is asked after this time whether it is still there
 * @param permitKeepAliveTime clients may ask the same this often; one that asks more often is disconnected
 */
public record ServerLimits(
        int maxMessageBytes,
        Duration maxRetention,
        int maxRetained,
        Duration keepAliveTime,
        Duration permitKeepAliveTime) {

    /** 16 MiB a message, 64 conversations kept for 10 minutes, keep-alive after 60 s and allowed every 10 s. */
    public static final ServerLimits DEFAULT =
            new ServerLimits(16 << 20, Duration.ofMinutes(10), 64, Duration.ofSeconds(60), Duration.ofSeconds(10));

    public ServerLimits {
        if (maxMessageBytes < 1024) {
            throw new IllegalArgumentException(
                    "the largest message is " + maxMessageBytes + " bytes; allowed: 1024 or more");
        }
        if (maxRetention.isNegative()) {
            throw new IllegalArgumentException("the retention is " + maxRetention + "; allowed: zero or more");
        }
        if (maxRetained < 0) {
            throw new IllegalArgumentException("conversations kept: " + maxRetained + "; allowed: 0 or more");
        }
    }

    /** The same with other bounds on what is kept. */
    public ServerLimits withRetention(Duration retention, int conversations) {
        return new ServerLimits(maxMessageBytes, retention, conversations, keepAliveTime, permitKeepAliveTime);
    }

    /** The same with another bound on messages. */
    public ServerLimits withMaxMessageBytes(int bytes) {
        return new ServerLimits(bytes, maxRetention, maxRetained, keepAliveTime, permitKeepAliveTime);
    }
}
