package io.aded.lab.load;

import io.aded.v1.InferenceServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Callers who mean harm, for as long as this is open: each makes one call of {@link AttackKinds} after the other, in an
 * order of its own. They are one client to the server ({@code aded-client-id: attacker}). Owns its connection.
 */
final class Attack implements AutoCloseable {
    private static final Metadata.Key<String> CLIENT_ID =
            Metadata.Key.of("aded-client-id", Metadata.ASCII_STRING_MARSHALLER);

    private static final int MOST_SECONDS = 30;
    /** Between two calls of an attacker, so that it is the server which is busy and not the one who calls. */
    private static final long BREATHER_NANOS = 2_000_000;

    private final ManagedChannel channel;
    private final AttackLog log;
    private final ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor();
    private volatile boolean over;

    /**
     * Begins.
     *
     * @param channel to the server; closed with this
     * @param count callers at once
     * @param seed of what they send
     * @param log where the ends of their calls are counted
     */
    Attack(ManagedChannel channel, int count, long seed, AttackLog log) {
        this.channel = channel;
        this.log = log;
        for (int i = 0; i < count; i++) {
            long own = seed * 1_000 + i;
            callers.execute(() -> attack(own));
        }
    }

    private void attack(long seed) {
        Metadata client = new Metadata();
        client.put(CLIENT_ID, "attacker");
        var stub = InferenceServiceGrpc.newBlockingStub(channel)
                .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(client));
        var random = new SplittableRandom(seed);
        Map<String, AttackKinds.Kind> kinds = new AttackKinds().kinds();
        List<String> order = new ArrayList<>(kinds.keySet());
        Collections.shuffle(order, new Random(seed));
        for (int i = 0; !over; i++) {
            String name = order.get(i % order.size());
            AttackKinds.Kind kind = kinds.get(name);
            long begun = System.nanoTime();
            String status = Status.Code.OK.name();
            try {
                if (kind != null) {
                    kind.strike(stub.withDeadlineAfter(MOST_SECONDS, TimeUnit.SECONDS), random);
                }
            } catch (StatusRuntimeException e) {
                status = e.getStatus().getCode().name();
            }
            if (!over) {
                log.add(name, status, System.nanoTime() - begun);
            }
            LockSupport.parkNanos(BREATHER_NANOS);
        }
    }

    /** Ends it, and returns when all have left. */
    @Override
    public void close() {
        over = true;
        channel.shutdownNow();
        callers.close();
    }
}
