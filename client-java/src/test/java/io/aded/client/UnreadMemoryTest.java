package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.v1.Delta;
import io.aded.v1.Finished;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an answer that nobody reads on takes: over TCP, where the transport has buffers of its own. */
@Timeout(20)
final class UnreadMemoryTest {
    private static final int EVENT_BYTES = 16 * 1024;
    private static final int EVENTS = 4000;

    private final AtomicInteger taken = new AtomicInteger();

    /** As many events as the transport takes. */
    private final class Flood extends InferenceServiceGrpc.InferenceServiceImplBase {
        @Override
        public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
            var call = (ServerCallStreamObserver<GenerateResponse>) responses;
            GenerateResponse event = GenerateResponse.newBuilder()
                    .setDelta(Delta.newBuilder().setText("x".repeat(EVENT_BYTES)))
                    .build();
            Runnable more = () -> {
                while (call.isReady() && taken.get() < EVENTS) {
                    call.onNext(event);
                    if (taken.incrementAndGet() == EVENTS) {
                        call.onNext(GenerateResponse.newBuilder()
                                .setFinished(Finished.getDefaultInstance())
                                .build());
                        call.onCompleted();
                    }
                }
            };
            call.setOnReadyHandler(more);
            call.setOnCancelHandler(() -> {});
            more.run();
        }
    }

    @Test
    void answer_leftUnread_isNotFetched() throws IOException {
        Server server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
                .addService(new Flood())
                .build()
                .start();
        try (AdedClient client = AdedClient.connect("localhost:" + server.getPort());
                AnswerStream answer = client.generate("Hello")) {
            Iterator<AnswerEvent> events = answer.iterator();
            assertThat(events.next()).isInstanceOf(AnswerEvent.Delta.class);
            // Until the transport takes no more: the same number several times in a row.
            int[] seen = {-1, 0};
            Awaitility.await().until(() -> {
                seen[1] = taken.get() == seen[0] ? seen[1] + 1 : 0;
                seen[0] = taken.get();
                return seen[1] == 5;
            });
            assertThat(seen[0] * EVENT_BYTES).isLessThan(8 << 20); // of 62 MiB, and most of it the server's
            int count = 1;
            while (events.hasNext()) {
                events.next();
                count++;
            }
            assertThat(count).isEqualTo(EVENTS + 1);
        } finally {
            server.shutdownNow();
        }
    }
}
