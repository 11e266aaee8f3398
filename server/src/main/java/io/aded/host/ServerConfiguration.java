package io.aded.host;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.rpc.ListenAddress;
import io.aded.rpc.ServerLimits;
import io.aded.serving.ServingLimits;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The server in front of the engines.
 *
 * @param listen addresses, each {@code HOST:PORT} (port 0 picks a free one) or {@code unix:PATH}; at least one
 * @param name what the API calls the model; null for the model's own name
 * @param drain how long running answers may go on after the signal to stop; zero or more
 * @param retention the longest that a conversation with an id is kept after its stream ended; zero keeps none
 * @param retained conversations kept so at once, 0 or more
 * @param longestUnread how long an answer may wait for its caller to read before it ends; more than zero
 * @param maxMessageBytes the largest message, 1 KiB to 1 GiB
 * @param socketMode who may connect to Unix sockets
 * @param connections that may be open at once, of all addresses together; at least 1
 * @param connectionIdle how long a connection may be without a call before it is closed; more than zero
 */
public record ServerConfiguration(
        List<String> listen,
        @Nullable String name,
        Duration drain,
        Duration retention,
        int retained,
        Duration longestUnread,
        int maxMessageBytes,
        Set<PosixFilePermission> socketMode,
        int connections,
        Duration connectionIdle) {
    /**
     * On the loopback interface at port 50051; 64 conversations kept for ten minutes, messages up to 16 MiB, as many
     * connections as {@link ServerLimits#DEFAULT} allows.
     */
    public static final ServerConfiguration DEFAULT = new ServerConfiguration(
            List.of("127.0.0.1:50051"),
            null,
            Duration.ofSeconds(30),
            Duration.ofMinutes(10),
            64,
            ServingLimits.USUAL_UNREAD,
            16 << 20,
            PosixFilePermissions.fromString("rw-rw----"),
            ServerLimits.DEFAULT.maxConnections(),
            ServerLimits.DEFAULT.maxConnectionIdle());

    /**
     * Checks everything.
     *
     * @throws AdedException.InvalidRequest naming all that is wrong by the names above
     */
    public ServerConfiguration {
        listen = List.copyOf(listen);
        socketMode = Set.copyOf(socketMode);
        List<FieldViolation> wrong = new ArrayList<>();
        if (listen.isEmpty()) {
            wrong.add(new FieldViolation("listen", "is empty; allowed: HOST:PORT, unix:PATH"));
        }
        for (String address : listen) {
            try {
                ListenAddress.parse(address);
            } catch (IllegalArgumentException e) {
                wrong.add(new FieldViolation("listen", String.valueOf(e.getMessage())));
            }
        }
        if (drain.isNegative()) {
            wrong.add(new FieldViolation("drain", "is " + drain.toSeconds() + "; allowed: 0 or more seconds"));
        }
        if (retention.isNegative()) {
            wrong.add(new FieldViolation("retention", "is " + retention.toSeconds() + "; allowed: 0 or more seconds"));
        }
        if (retained < 0) {
            wrong.add(new FieldViolation("retained", "is " + retained + "; allowed: 0 or more"));
        }
        if (!longestUnread.isPositive()) {
            wrong.add(new FieldViolation("unread", "is " + longestUnread.toSeconds() + "; allowed: 1 or more seconds"));
        }
        if (maxMessageBytes < 1 << 10 || maxMessageBytes > 1 << 30) {
            wrong.add(
                    new FieldViolation("max_message", "is " + maxMessageBytes + " bytes; allowed: 1 KiB to 1024 MiB"));
        }
        if (connections < 1) {
            wrong.add(new FieldViolation("max_connections", "is " + connections + "; allowed: 1 or more"));
        }
        if (!connectionIdle.isPositive()) {
            wrong.add(new FieldViolation(
                    "connection_idle", "is " + connectionIdle.toSeconds() + "; allowed: 1 or more seconds"));
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    /** The same at other addresses. */
    public ServerConfiguration withListen(String... addresses) {
        return new ServerConfiguration(
                List.of(addresses),
                name,
                drain,
                retention,
                retained,
                longestUnread,
                maxMessageBytes,
                socketMode,
                connections,
                connectionIdle);
    }
}
