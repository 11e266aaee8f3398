package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.model.AdedException;
import io.aded.telemetry.Telemetry;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What {@code generate} and {@code chat} share: whom to ask, and how the answer is to be. */
final class AnswerOptions {
    @Mixin
    private final ModelOptions model = new ModelOptions();

    @Option(
            names = "--target",
            paramLabel = "ADDRESS",
            description = "Ask the server at HOST:PORT or unix:PATH instead of loading a model.")
    private @Nullable String target;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "The most tokens of an answer; 0 for as many as the context has room for. Default: 512.")
    private int maxTokens = 512;

    @Option(names = "--system", paramLabel = "TEXT", description = "A system message to begin with.")
    private @Nullable String system;

    @Option(names = "--stop", paramLabel = "TEXT", description = "End the answer before this text; may be given often.")
    private List<String> stop = List.of();

    @Option(names = "--ignore-end", description = "Go on past the model's own end (benchmarks).")
    private boolean ignoreEnd;

    @Mixin
    private final SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private final DraftOptions draft = new DraftOptions();

    @Option(
            names = "--allow-training",
            description = "Let the server keep prompts and answers on its disk, to train draft models by, if it does"
                    + " such a thing (serve --align-record). Default: it may not.")
    private boolean allowTraining;

    @Mixin
    private final DraftModelOptions draftModel = new DraftModelOptions();

    @Mixin
    private final ContextOptions context = new ContextOptions();

    int maxTokens() {
        if (maxTokens < 0) {
            throw new AdedException.InvalidRequest(
                    "--max-tokens", "is " + maxTokens + "; allowed: 0 (no limit) or more");
        }
        return maxTokens;
    }

    List<String> stop() {
        return stop;
    }

    boolean ignoreEnd() {
        return ignoreEnd;
    }

    @Nullable
    String system() {
        return system;
    }

    /** The drafting that was asked for, as JSON output names it. */
    String draftMode() {
        return target != null && !draft.isGiven()
                ? "server default"
                : draft.policy().mode().label();
    }

    /** Opens whom to ask. Everything that is opened is closed with the backend. */
    ChatBackend open(Terminal terminal) {
        DraftPolicy policy = draft.policy();
        if (target != null) {
            return RemoteChatBackend.open(target, sampling.message(), draft.isGiven() ? policy : null, allowTraining);
        }
        Telemetry telemetry = Telemetry.fromEnvironment();
        try {
            ModelConfiguration wanted = model.configuration();
            DraftModelConfiguration drafting = draftModel.configuration(wanted.model());
            DraftModelOptions.require("--draft", policy, drafting);
            HostConfiguration configuration = HostConfiguration.DEFAULT
                    .withModel(wanted)
                    .withContext(context.configuration(1, 1))
                    .withDraftModel(drafting)
                    .withDraft(policy, draft.table())
                    .withSampling(sampling.parameters())
                    .withEnvironment(terminal.environment());
            LocalModel local =
                    ProgressPrinter.during(terminal, listener -> LocalModel.open(configuration, telemetry, listener));
            try {
                return new Owner(new LocalChatBackend(local, configuration.sampling(), policy), local, telemetry);
            } catch (RuntimeException e) {
                local.close();
                throw e;
            }
        } catch (RuntimeException e) {
            telemetry.close();
            throw e;
        }
    }

    /** A backend together with what only it uses. */
    private record Owner(ChatBackend backend, LocalModel local, Telemetry telemetry) implements ChatBackend {
        @Override
        public Answer ask(Ask ask, Listener listener) {
            return backend.ask(ask, listener);
        }

        @Override
        public void cancel() {
            backend.cancel();
        }

        @Override
        public void reset() {
            backend.reset();
        }

        @Override
        public String description() {
            return backend.description();
        }

        @Override
        public void close() {
            backend.close();
            local.close();
            telemetry.close();
        }
    }
}
