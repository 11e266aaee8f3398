package io.aded.client;

import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;

/**
 * Waits until a sidecar can answer. It watches the standard health service, so it learns of the change as it happens; a
 * sidecar that is not there yet, or that goes away in between, is waited for too.
 */
final class Readiness {
    private static final HealthCheckRequest QUESTION = HealthCheckRequest.newBuilder()
            .setService("aded.v1.InferenceService")
            .build();

    /** Between two attempts, where a peer ends each of them at once: short enough not to be noticed. */
    private static final long PAUSE_MILLIS = 50;

    private final Channel channel;
    private String seen = "no sidecar answered";

    private Readiness(Channel channel) {
        this.channel = channel;
    }

    static void await(Channel channel, Duration timeout) {
        Readiness readiness = new Readiness(channel);
        long end = System.nanoTime() + timeout.toNanos();
        long left = timeout.toNanos();
        while (left > 0) {
            if (readiness.isReachedWithin(left)) {
                return;
            }
            pause();
            left = end - System.nanoTime();
        }
        throw new AdedClientException.DeadlineExceeded(
                Failures.TIMEOUT, "the sidecar was not ready after " + timeout + ": " + readiness.seen, null);
    }

    private boolean isReachedWithin(long nanos) {
        try {
            return watch(nanos);
        } catch (StatusRuntimeException refused) {
            AdedClientException failure = Failures.decode(refused);
            if (failure instanceof AdedClientException.Unavailable) {
                seen = String.valueOf(failure.getMessage());
            } else if (!(failure instanceof AdedClientException.DeadlineExceeded)) {
                throw failure;
            }
            return false;
        }
    }

    /** True as soon as the sidecar serves; false if it ends the watch before. */
    private boolean watch(long nanos) {
        // The scope cancels the watch, which would otherwise go on until its deadline.
        Context.CancellableContext scope = Context.current().withCancellation();
        Context outer = scope.attach();
        try {
            Iterator<HealthCheckResponse> states = HealthGrpc.newBlockingStub(channel)
                    .withWaitForReady()
                    .withDeadlineAfter(nanos, TimeUnit.NANOSECONDS)
                    .watch(QUESTION);
            while (states.hasNext()) {
                ServingStatus status = states.next().getStatus();
                if (status == ServingStatus.SERVING) {
                    return true;
                }
                seen = "it says " + status;
            }
            return false;
        } finally {
            scope.detach(outer);
            scope.cancel(null);
        }
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AdedClientException.Cancelled(
                    Failures.CANCELLED, "interrupted while waiting for the sidecar", interrupted);
        }
    }
}
