package io.aded.rpc;

import java.time.Duration;

/**
 * What the gRPC server allows its callers. What is kept between streams is {@link io.aded.serving.ServingLimits}; the
 * engine has limits of its own (streams at once, queue).
 *
 * @param maxMessageBytes the largest message accepted
 * @param keepAliveTime an idle connection is asked after this time whether it is still there
 * @param permitKeepAliveTime clients may ask the same this often; one that asks more often is disconnected
 */
public record ServerLimits(int maxMessageBytes, Duration keepAliveTime, Duration permitKeepAliveTime) {

    /** 16 MiB a message, keep-alive after 60 s and allowed every 10 s. */
    public static final ServerLimits DEFAULT =
            new ServerLimits(16 << 20, Duration.ofSeconds(60), Duration.ofSeconds(10));

    public ServerLimits {
        if (maxMessageBytes < 1024) {
            throw new IllegalArgumentException(
                    "the largest message is " + maxMessageBytes + " bytes; allowed: 1024 or more");
        }
    }

    /** The same with another bound on messages. */
    public ServerLimits withMaxMessageBytes(int bytes) {
        return new ServerLimits(bytes, keepAliveTime, permitKeepAliveTime);
    }
}
