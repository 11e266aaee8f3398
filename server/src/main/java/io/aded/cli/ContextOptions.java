package io.aded.cli;

import io.aded.host.ContextConfiguration;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.ContextParameters.FlashAttention;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The size and shape of the context, and how many share it. */
final class ContextOptions {
    private static final ContextConfiguration USUAL = ContextConfiguration.DEFAULT;

    @Option(
            names = {"-c", "--context"},
            paramLabel = "N",
            description =
                    "Tokens that the KV cache holds for all streams together. Default: 4096, or what the model was"
                            + " trained on if that is less; twice that for serve; for load, that for every four"
                            + " callers.")
    private @Nullable Integer context;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Compute threads. Default: 0, one for each core.")
    private int threads = USUAL.threads();

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "Answers being written at once. Default: 16 for serve, 16 or one for each caller for load,"
                    + " else 1.")
    private @Nullable Integer parallel;

    @Option(names = "--queue", paramLabel = "N", description = "Calls that may wait beside those. Default: 256.")
    private int queue = USUAL.queue();

    @Option(names = "--max-wait", paramLabel = "SECONDS", description = "How long a call may wait. Default: 60.")
    private long maxWait = USUAL.maxWait().toSeconds();

    @Option(names = "--batch", paramLabel = "N", description = "The widest forward pass, in tokens. Default: 512.")
    private int batch = USUAL.batch();

    @Option(
            names = "--sequences",
            paramLabel = "N",
            description = "Sequence ids: one for each conversation and one for each branch of a draft. Default: 64.")
    private int sequences = USUAL.sequences();

    @Option(
            names = "--cache-type-k",
            paramLabel = "f32|f16|q8_0|q4_0",
            description =
                    "Type of cached keys. Default: f16; f32 for F32 models, whose answers are then exact to the token.")
    private @Nullable CacheType keyType;

    @Option(
            names = "--cache-type-v",
            paramLabel = "f32|f16|q8_0|q4_0",
            description = "Type of cached values; the quantised ones need flash attention. Default: as for keys.")
    private @Nullable CacheType valueType;

    @Option(
            names = {"--flash-attention", "--flash-attn"},
            paramLabel = "auto|on|off",
            description = "The fused kernel. Default: auto.")
    private FlashAttention flashAttention = USUAL.flashAttention();

    @Option(
            names = "--host-threads",
            paramLabel = "N|auto",
            description = "Threads that help the engine's own beside passes: they verify, draft and learn for different"
                    + " streams at once; 0 to 31. Each needs a core that nobody else does. Default: auto, half of the"
                    + " cores that are free, up to 7.")
    private String hostThreads = "auto";

    /**
     * The options as a record.
     *
     * @param streams answers at once if the user did not say
     * @param conversations full-length conversations to make room for if the user did not say
     */
    ContextConfiguration configuration(int streams, int conversations) {
        return new ContextConfiguration(
                context,
                conversations,
                threads,
                parallel == null ? streams : parallel,
                queue,
                Duration.ofSeconds(maxWait),
                batch,
                sequences,
                keyType,
                valueType,
                flashAttention,
                1,
                helpers());
    }

    private @Nullable Integer helpers() {
        try {
            return hostThreads.equals("auto") ? null : Integer.valueOf(hostThreads);
        } catch (NumberFormatException e) {
            throw new AdedException.InvalidRequest(
                    "--host-threads", "is \"" + hostThreads + "\"; allowed: auto, or 0 to 31");
        }
    }
}
