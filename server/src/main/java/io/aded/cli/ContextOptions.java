package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.gguf.GgufFile;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.ContextParameters.FlashAttention;
import io.aded.model.ModelInfo;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The size and shape of the context, and how many share it. */
final class ContextOptions {
    static final int MAX_SEQUENCES = 256;
    /** Most conversations are shorter, and a KV cache is paid for in full when it is made. */
    private static final int USUAL_CONTEXT = 4096;
    /** A draft tree lies in the cache beside the text while it is verified. */
    private static final int ROOM_FOR_DRAFTS = 256;

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
    private int threads;

    @Option(
            names = "--parallel",
            paramLabel = "N",
            description = "Answers being written at once. Default: 16 for serve, 16 or one for each caller for load,"
                    + " else 1.")
    private @Nullable Integer parallel;

    @Option(names = "--queue", paramLabel = "N", description = "Calls that may wait beside those. Default: 256.")
    private int queue = 256;

    @Option(names = "--max-wait", paramLabel = "SECONDS", description = "How long a call may wait. Default: 60.")
    private int maxWait = 60;

    @Option(names = "--batch", paramLabel = "N", description = "The widest forward pass, in tokens. Default: 512.")
    private int batch = 512;

    @Option(
            names = "--sequences",
            paramLabel = "N",
            description = "Sequence ids: one for each conversation and one for each branch of a draft. Default: 64.")
    private int sequences = 64;

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
    private FlashAttention flashAttention = FlashAttention.AUTO;

    /**
     * The engine's options for a model.
     *
     * @param model its header: loading it needs the width of the context to be known
     * @param streams answers at once if the user did not say
     * @param conversations full-length conversations to make room for if the user did not say
     */
    EngineOptions engineOptions(GgufFile model, int streams, int conversations, DraftPolicy draft) {
        return engineOptions(model.trainedContext(), model.quantization(), streams, conversations, draft);
    }

    /** The engine's options for a model that is loaded, or that never had a file. */
    EngineOptions engineOptions(ModelInfo model, int streams, int conversations, DraftPolicy draft) {
        return engineOptions(model.trainedContext(), model.quantization(), streams, conversations, draft);
    }

    private EngineOptions engineOptions(
            long trainedContext, String quantization, int streams, int conversations, DraftPolicy draft) {
        long trained = trainedContext > 0 ? trainedContext : USUAL_CONTEXT;
        int usual = (int) Math.min(trained, USUAL_CONTEXT) * conversations + ROOM_FOR_DRAFTS;
        int cells = context == null ? usual : within("--context", context, 16, 1 << 24);
        CacheType usualType = quantization.equals("F32") ? CacheType.F32 : CacheType.F16;
        EngineOptions defaults = EngineOptions.ofCells(cells);
        ContextParameters parameters = new ContextParameters(
                cells,
                within("--batch", batch, 8, 1 << 16),
                within("--sequences", sequences, 1, MAX_SEQUENCES),
                within("--threads", threads, 0, 1024),
                keyType == null ? usualType : keyType,
                valueType == null ? usualType : valueType,
                flashAttention);
        return new EngineOptions(
                parameters,
                within("--parallel", parallel == null ? streams : parallel, 1, MAX_SEQUENCES),
                within("--queue", queue, 0, 1 << 20),
                Duration.ofSeconds(within("--max-wait", maxWait, 0, 1 << 20)),
                defaults.prefillStall(),
                defaults.parkBytes(),
                draft);
    }

    /**
     * How few cells will do when memory is short: as many as the user named, else room for one conversation of half the
     * usual length.
     */
    int leastCells(int wanted) {
        return context != null ? wanted : Math.min(wanted, USUAL_CONTEXT / 2 + ROOM_FOR_DRAFTS);
    }

    private static int within(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new AdedException.InvalidRequest(option, "is " + value + "; allowed: " + least + " to " + most);
        }
        return value;
    }
}
