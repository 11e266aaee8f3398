package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.aded.dialect.Templates;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.lab.load.StandInModel;
import io.aded.serving.ServedModel;
import io.aded.telemetry.EngineTelemetry;
import io.aded.testing.Seeds;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Requests at random that no client means, half of them one field away from what clients do mean: whatever comes, every
 * call ends with a status that blames the caller or none, health answers all the while, and nothing is left at the end.
 * {@code -Daded.hostileRequests=1000000} fires a million.
 */
class HostileRequestsTest {
    private static final int REQUESTS = Integer.getInteger("aded.hostileRequests", 2_000);
    private static final long CHECK_EVERY_NANOS = 20_000_000;
    private static final int REPORT_EVERY = 50_000;

    /** What serves them: the first half of the requests meets a model without tools, the rest those with. */
    private enum Served {
        PLAIN(""),
        TAGGED(Templates.TAGGED),
        LISTED(Templates.LISTED),
        KEYED(Templates.KEYED),
        QUOTED(Templates.QUOTED),
        BARE(Templates.BARE),
        SECTIONED(Templates.SECTIONED);

        private final String template;

        Served(String template) {
            this.template = template;
        }

        StandInModel model() {
            return this == PLAIN
                    ? new StandInModel(Duration.ZERO)
                    : new StandInModel(Duration.ZERO, template, ToolTalk.script());
        }

        int requests() {
            return this == PLAIN ? REQUESTS / 2 : REQUESTS / 2 / (values().length - 1);
        }

        /** Tokens are bytes, and what tools are told by is many of them. */
        int cells() {
            return this == PLAIN ? 512 : 2048;
        }
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 12, unit = TimeUnit.HOURS) // as many as are asked for; each has a deadline of its own
    void anyRequest_endsWithAStatusThatIsNotOurFault_andLeavesNothing(Served served) throws Exception {
        int requests = served.requests();
        long seed = Seeds.next();
        String name = InProcessServerBuilder.generateName();
        MemoryBudget memory = MemoryBudget.ofHeap();
        HostileCalls calls;
        try (Engine engine =
                Engine.start(served.model(), EngineOptions.ofCells(served.cells()), EngineTelemetry.NONE)) {
            try (AdedServer server = AdedServer.builder()
                    .transport(InProcessServerBuilder.forName(name))
                    .budgets(InboundBudget.ofDirectMemory(), memory)
                    .start()) {
                server.serve(ServedModel.of(engine));
                ManagedChannel channel =
                        InProcessChannelBuilder.forName(name).directExecutor().build();
                calls = new HostileCalls(channel, served != Served.PLAIN);
                long worst = fire(requests, calls, channel, new SplittableRandom(seed));

                System.out.printf(
                        "%s: %,d hostile requests, seed %d, %,d tokens answered, health after at most %.3f s%n%s",
                        served, requests, seed, engine.status().tokensTotal(), worst / 1e9, calls.table());
                assertThat(calls.faults())
                        .as("with -Daded.seed=%d, of %s", seed, calls.ends())
                        .isEmpty();
                assertThat(calls.ends().values().stream()
                                .mapToLong(Long::longValue)
                                .sum())
                        .isEqualTo(requests);
                // Whether they get past the parser: as many as this are answered, and as many are refused by their
                // values.
                assertThat(calls.ends().getOrDefault(Status.Code.OK, 0L)).isGreaterThan(requests / 10);
                assertThat(calls.ends().getOrDefault(Status.Code.INVALID_ARGUMENT, 0L))
                        .isGreaterThan(requests / 10);
                assertThat(engine.status().tokensTotal()).isGreaterThan(served == Served.PLAIN ? requests / 4 : 0);
                await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                    assertThat(engine.openTurns()).as("turns").isZero();
                    assertThat(server.serving().openStreams()).as("streams").isZero();
                    assertThat(memory.taken()).as("bytes taken for messages").isZero();
                    assertThat(engine.status().sessions())
                            .as("conversations")
                            .isEqualTo(server.serving().keptConversations());
                });
                channel.shutdownNow();
            }
            await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
                assertThat(engine.status().sessions()).as("conversations").isZero();
                assertThat(engine.status().cellsUsed()).as("cells").isZero();
                assertThat(engine.status().sequencesUsed()).as("sequence ids").isZero();
            });
        }
    }

    /** Fires them all, and asks for health all the while; the longest that an answer to that took, in nanoseconds. */
    private static long fire(int requests, HostileCalls calls, ManagedChannel channel, SplittableRandom random)
            throws Exception {
        AtomicBoolean done = new AtomicBoolean();
        long[] worst = {0};
        Thread health = Thread.ofPlatform().start(() -> {
            while (!done.get()) {
                long asked = System.nanoTime();
                ServingStatus status = HealthGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(HostileCalls.PATIENCE_SECONDS, TimeUnit.SECONDS)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus();
                worst[0] = Math.max(worst[0], System.nanoTime() - asked);
                if (status != ServingStatus.SERVING) {
                    calls.fault("health says " + status);
                }
                calls.watch();
                LockSupport.parkNanos(CHECK_EVERY_NANOS);
            }
        });
        try {
            long begun = System.nanoTime();
            for (int i = 0; i < requests; i++) {
                calls.next(random.split());
                if ((i + 1) % REPORT_EVERY == 0) {
                    System.out.printf(
                            "%,d hostile requests after %d s: %s%n",
                            i + 1, (System.nanoTime() - begun) / 1_000_000_000, calls.ends());
                }
            }
            calls.awaitAll();
        } finally {
            done.set(true);
            health.join();
        }
        assertThat(worst[0]).as("health was asked").isPositive();
        return worst[0];
    }
}
