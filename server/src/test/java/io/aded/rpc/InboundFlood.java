package io.aded.rpc;

import io.aded.engine.Engine;
import io.aded.serving.ServedModel;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.InferenceServiceGrpc;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A server with little direct memory, and clients that leave more of it unfinished than there is. Prints {@code served}
 * if everybody else was answered all the while.
 */
final class InboundFlood {
    private static final int CONNECTIONS = 14;
    private static final int UNFINISHED = 6 << 20;

    private InboundFlood() {}

    public static void main(String[] arguments) throws Exception {
        List<RawHttp2> flood = new ArrayList<>();
        try (Engine engine = Harness.engine();
                AdedServer server = AdedServer.builder().listen("127.0.0.1:0").start()) {
            server.serve(ServedModel.of(engine));
            String address = server.addresses().getFirst().toString();
            int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
            ManagedChannel channel = Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
                    .build();
            byte[] bytes = new byte[UNFINISHED];
            int refused = 0;
            for (int i = 0; i < CONNECTIONS; i++) {
                RawHttp2 client = new RawHttp2(port).greet();
                flood.add(client);
                int call = client.call("aded.v1.InferenceService/Generate");
                client.announce(call, 15 << 20);
                refused += client.send(call, bytes) ? 0 : 1;
                answered(channel);
            }
            System.out.println("refused " + refused + " while sending");
            System.out.println("served");
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
            for (RawHttp2 client : flood) {
                client.close();
            }
        }
        System.exit(0);
    }

    private static void answered(ManagedChannel channel) {
        HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .check(HealthCheckRequest.getDefaultInstance());
        InferenceServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(60, TimeUnit.SECONDS)
                .countTokens(CountTokensRequest.newBuilder()
                        .setText("x".repeat(50_000))
                        .build());
    }
}
