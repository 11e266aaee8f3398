package io.aded.cli;

import io.aded.lab.load.DraftTold;
import io.aded.model.AdedException;
import io.aded.v1.DraftServiceGrpc;
import io.aded.v1.GetDraftStatisticsRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Asks a server how drafting fares. */
@Command(
        name = "stats",
        description = {
            "Asks a running server how drafting fares: by drafter, and beside a draft model by the ways to draft that"
                    + " are chosen among.",
            "Beside these stand the regret against the best one in hindsight, and what the draft model did."
        })
final class DraftStatsCommand implements Callable<Integer> {
    private static final long PATIENCE_SECONDS = 10;
    private static final Metadata.Key<String> CLIENT_ID =
            Metadata.Key.of("aded-client-id", Metadata.ASCII_STRING_MARSHALLER);

    private final Terminal terminal;

    @Option(
            names = "--target",
            paramLabel = "HOST:PORT",
            description = "The server: HOST:PORT or unix:PATH. Default: ${DEFAULT-VALUE}.")
    private String target = "127.0.0.1:50051";

    @Option(
            names = "--conversation",
            paramLabel = "ID",
            description = "A conversation that is open or kept, instead of the whole server.")
    private String conversation = "";

    @Option(names = "--client-id", paramLabel = "ID", description = "Whose conversation it is.")
    private @Nullable String clientId;

    DraftStatsCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ManagedChannel channel;
        try {
            channel = Grpc.newChannelBuilder(target, InsecureChannelCredentials.create())
                    .build();
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest(
                    "--target", "is \"" + target + "\"; allowed: HOST:PORT or unix:PATH");
        }
        try {
            Metadata metadata = new Metadata();
            if (clientId != null) {
                metadata.put(CLIENT_ID, clientId);
            }
            DraftTold told = new DraftTold(DraftServiceGrpc.newBlockingStub(channel)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata))
                    .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
                    .getDraftStatistics(GetDraftStatisticsRequest.newBuilder()
                            .setConversationId(conversation)
                            .build()));
            terminal.out().print(told.drafters());
            if (!told.who().isEmpty()) {
                terminal.out().print("\n" + told.who());
            }
            return ExitCode.OK.code();
        } catch (StatusRuntimeException e) {
            throw RemoteFailures.translated(target, e);
        } finally {
            channel.shutdownNow();
        }
    }
}
