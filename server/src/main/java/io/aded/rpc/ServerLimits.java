package io.aded.rpc;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/**
 * What the gRPC server allows its callers. What is kept between streams is {@link io.aded.serving.ServingLimits}; the
 * engine has limits of its own (streams at once, queue).
 *
 * @param maxMessageBytes the largest message accepted
 * @param keepAliveTime an idle connection is asked after this time whether it is still there
 * @param permitKeepAliveTime clients may ask the same this often; one that asks more often is disconnected
 * @param maxConnections connections at once, of all addresses together; for one more, one without a call is closed
 * @param maxConnectionIdle a connection without a call is closed after this time
 */
public record ServerLimits(
        int maxMessageBytes,
        Duration keepAliveTime,
        Duration permitKeepAliveTime,
        int maxConnections,
        Duration maxConnectionIdle) {

    private static final int USUAL_CONNECTIONS = 4096;
    private static final int LEAST_CONNECTIONS = 16;
    /** Files beside connections: libraries, the model, the log, and those that are on their way out. */
    private static final int OTHER_FILES = 256;

    /**
     * 16 MiB a message; keep-alive after 60 s and allowed every 10 s; a quarter of an hour without a call, and 4096
     * connections, or as many as the process may open files beside 256 others.
     */
    public static final ServerLimits DEFAULT = new ServerLimits(
            16 << 20, Duration.ofSeconds(60), Duration.ofSeconds(10), usualConnections(), Duration.ofMinutes(15));

    public ServerLimits {
        if (maxMessageBytes < 1024) {
            throw new IllegalArgumentException(
                    "the largest message is " + maxMessageBytes + " bytes; allowed: 1024 or more");
        }
        if (maxConnections < 1 || !maxConnectionIdle.isPositive()) {
            throw new IllegalArgumentException(maxConnections + " connections, idle for " + maxConnectionIdle
                    + "; allowed: at least 1, for more than no time");
        }
    }

    private static int usualConnections() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? connections(unix.getMaxFileDescriptorCount())
                : USUAL_CONNECTIONS;
    }

    /** How many there may be where the process may open so many files. */
    static int connections(long files) {
        return Math.clamp(files < 0 ? Long.MAX_VALUE : files - OTHER_FILES, LEAST_CONNECTIONS, USUAL_CONNECTIONS);
    }

    /** The same with another bound on messages. */
    public ServerLimits withMaxMessageBytes(int bytes) {
        return new ServerLimits(bytes, keepAliveTime, permitKeepAliveTime, maxConnections, maxConnectionIdle);
    }

    /** The same with other bounds on connections. */
    public ServerLimits withConnections(int most, Duration idle) {
        return new ServerLimits(maxMessageBytes, keepAliveTime, permitKeepAliveTime, most, idle);
    }
}
