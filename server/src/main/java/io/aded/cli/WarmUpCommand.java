package io.aded.cli;

import io.aded.host.Host;
import io.aded.host.HostConfiguration;
import io.aded.host.ServerConfiguration;
import io.aded.llama.LlamaLibrary;
import io.aded.store.ModelStore;
import io.aded.store.ProcessEnvironment;
import io.aded.telemetry.Telemetry;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;

/**
 * Walks the way that every start walks, without a model: what the launcher lets the JVM watch when it makes its cache
 * of loaded classes.
 */
@Command(name = "warm-up", hidden = true, description = "Starts everything but a model, and stops.")
final class WarmUpCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        try (ModelStore store = ModelStore.of(ProcessEnvironment.ofProcess())) {
            store.list();
        }
        LlamaLibrary.bundled().devices();
        try (Telemetry telemetry = Telemetry.fromEnvironment();
                Host host = Host.listen(
                        HostConfiguration.DEFAULT.withServer(ServerConfiguration.DEFAULT.withListen("127.0.0.1:0")),
                        telemetry)) {
            ManagedChannel channel = Grpc.newChannelBuilder(
                            host.addresses().getFirst().toString(), InsecureChannelCredentials.create())
                    .build();
            try {
                HealthGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .check(HealthCheckRequest.getDefaultInstance());
            } finally {
                channel.shutdownNow();
            }
        }
        return ExitCode.OK.code();
    }
}
