package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.TokenizeRequest;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(20)
final class VersionCheckTest {

    /** What is warned of after two calls. */
    private static List<String> warnings(String client, String server) throws IOException {
        String name = UUID.randomUUID().toString();
        Server told = new FakeSidecar()
                .addTo(InProcessServerBuilder.forName(name))
                .intercept(new ServerInterceptor() {
                    @Override
                    public <Q, R> ServerCall.Listener<Q> interceptCall(
                            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                        return next.startCall(
                                new SimpleForwardingServerCall<>(call) {
                                    @Override
                                    public void sendHeaders(Metadata sent) {
                                        sent.put(
                                                Metadata.Key.of(
                                                        "aded-server-version", Metadata.ASCII_STRING_MARSHALLER),
                                                server);
                                        super.sendHeaders(sent);
                                    }
                                },
                                headers);
                    }
                })
                .build()
                .start();
        ManagedChannel channel = InProcessChannelBuilder.forName(name).build();
        try {
            List<String> warnings = new ArrayList<>();
            var stub = InferenceServiceGrpc.newBlockingStub(
                    ClientInterceptors.intercept(channel, new VersionCheck(client, warnings::add)));
            for (int i = 0; i < 2; i++) {
                assertThat(stub.tokenize(TokenizeRequest.newBuilder()
                                        .setText("a")
                                        .build())
                                .getTokensCount())
                        .isEqualTo(1);
            }
            return warnings;
        } finally {
            channel.shutdownNow();
            told.shutdownNow();
        }
    }

    @ParameterizedTest
    @CsvSource({"0.1.0, 0.2.0, client", "0.10.1, 0.9.3, server", "1.0.0, 0.9, server", "0.1.0-SNAPSHOT, 1.0.0, client"})
    void seen_anotherSeries_warnsOnceAndSaysWhichToUpdate(String client, String server, String older)
            throws IOException {
        assertThat(warnings(client, server))
                .containsExactly("this client is aded " + client + ", the server is " + server
                        + ": what the newer one added does not work; update the " + older);
    }

    @ParameterizedTest
    @CsvSource({"0.1.0, 0.1.7-SNAPSHOT", "0.1.0, development", "development, 0.2.0", "0.1.0, 0.99999999999"})
    void seen_sameSeriesOrUntold_isSilent(String client, String server) throws IOException {
        assertThat(warnings(client, server)).isEmpty();
    }
}
