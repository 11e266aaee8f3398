package io.aded.host;

import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.gguf.GgufFile;
import io.aded.llama.Processor;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import io.aded.model.ContextParameters.FlashAttention;
import io.aded.model.FieldViolation;
import io.aded.model.ModelInfo;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The size and shape of the context, and how many share it. Where there are replicas, all numbers are each one's.
 *
 * @param context tokens that the KV cache holds for all streams together, 16 to 16,777,216; null for as much as {@code
 *     conversations} need
 * @param conversations full-length conversations to make room for where {@code context} is null; at least 1
 * @param threads compute threads, 0 to 1024; 0 for one a core
 * @param parallel answers being written at once, 1 to {@value #MOST_SEQUENCES}
 * @param queue calls that may wait beside those, 0 to 1,048,576
 * @param maxWait how long a call may wait, up to 1,048,576 seconds
 * @param batch the widest forward pass in tokens, 8 to 65,536
 * @param sequences sequence ids, one for each conversation and each branch of a draft, 1 to {@value #MOST_SEQUENCES}
 * @param cacheTypeK type of cached keys; null for f32 with F32 models, else f16
 * @param cacheTypeV type of cached values; null for the same rule
 * @param flashAttention whether the fused kernel is used
 * @param replicas contexts over the one set of weights, each with an engine of its own, 1 to {@value #MOST_REPLICAS}
 * @param hostThreads helpers of an engine's thread beside passes, 0 to 31; null for what {@link HostThreads} finds free
 */
public record ContextConfiguration(
        @Nullable Integer context,
        int conversations,
        int threads,
        int parallel,
        int queue,
        Duration maxWait,
        int batch,
        int sequences,
        @Nullable CacheType cacheTypeK,
        @Nullable CacheType cacheTypeV,
        FlashAttention flashAttention,
        int replicas,
        @Nullable Integer hostThreads) {
    /** The most sequences that llama.cpp keeps. */
    public static final int MOST_SEQUENCES = 256;

    /** More contexts than that over one set of weights help nobody. */
    public static final int MOST_REPLICAS = 16;

    /** Sixteen answers at once, room for two full-length conversations. */
    public static final ContextConfiguration DEFAULT = new ContextConfiguration(
            null, 2, 0, 16, 256, Duration.ofSeconds(60), 512, 64, null, null, FlashAttention.AUTO, 1, null);

    /** Most conversations are shorter, and a KV cache is paid for in full when it is made. */
    private static final int USUAL_CONTEXT = 4096;

    /** A draft tree lies in the cache beside the text while it is verified. */
    private static final int ROOM_FOR_DRAFTS = 256;

    /**
     * Checks everything that is a number.
     *
     * @throws AdedException.InvalidRequest naming all that is out of range by the names above
     */
    public ContextConfiguration {
        List<FieldViolation> wrong = new ArrayList<>();
        if (context != null) {
            within(wrong, "context", context, 16, 1 << 24);
        }
        within(wrong, "conversations", conversations, 1, MOST_SEQUENCES);
        within(wrong, "threads", threads, 0, 1024);
        within(wrong, "parallel", parallel, 1, MOST_SEQUENCES);
        within(wrong, "queue", queue, 0, 1 << 20);
        within(wrong, "max_wait", maxWait.toSeconds(), 0, 1 << 20);
        within(wrong, "batch", batch, 8, 1 << 16);
        within(wrong, "sequences", sequences, 1, MOST_SEQUENCES);
        within(wrong, "replicas", replicas, 1, MOST_REPLICAS);
        if (hostThreads != null) {
            within(wrong, "host_threads", hostThreads, 0, EngineOptions.MOST_HOST_THREADS);
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    /** The same with so many cells. */
    public ContextConfiguration withContext(int cells) {
        return new ContextConfiguration(
                cells,
                conversations,
                threads,
                parallel,
                queue,
                maxWait,
                batch,
                sequences,
                cacheTypeK,
                cacheTypeV,
                flashAttention,
                replicas,
                hostThreads);
    }

    /** The same with so many compute threads; 0 for one a core. */
    public ContextConfiguration withThreads(int count) {
        return new ContextConfiguration(
                context,
                conversations,
                count,
                parallel,
                queue,
                maxWait,
                batch,
                sequences,
                cacheTypeK,
                cacheTypeV,
                flashAttention,
                replicas,
                hostThreads);
    }

    /** The same with so many contexts over the one set of weights. */
    public ContextConfiguration withReplicas(int count) {
        return new ContextConfiguration(
                context,
                conversations,
                threads,
                parallel,
                queue,
                maxWait,
                batch,
                sequences,
                cacheTypeK,
                cacheTypeV,
                flashAttention,
                count,
                hostThreads);
    }

    /** The same with so many helpers of an engine's thread; null for as many as are free. */
    public ContextConfiguration withHostThreads(@Nullable Integer helpers) {
        return new ContextConfiguration(
                context,
                conversations,
                threads,
                parallel,
                queue,
                maxWait,
                batch,
                sequences,
                cacheTypeK,
                cacheTypeV,
                flashAttention,
                replicas,
                helpers);
    }

    /** Each engine's options for a model that is loaded, or that never had a file. */
    public EngineOptions engineOptions(ModelInfo model, DraftPolicy draft) {
        return engineOptions(model.trainedContext(), model.quantization(), draft);
    }

    /** Each engine's options for a model of which the header is known: loading it needs the context's width. */
    EngineOptions engineOptions(GgufFile model, DraftPolicy draft) {
        return engineOptions(model.trainedContext(), model.quantization(), draft);
    }

    private EngineOptions engineOptions(long trainedContext, String quantization, DraftPolicy draft) {
        long trained = trainedContext > 0 ? trainedContext : USUAL_CONTEXT;
        int usual = (int) Math.min(trained, USUAL_CONTEXT) * conversations + ROOM_FOR_DRAFTS;
        int cells = context == null ? usual : context;
        CacheType usualType = quantization.equals("F32") ? CacheType.F32 : CacheType.F16;
        EngineOptions defaults = EngineOptions.ofCells(cells);
        ContextParameters parameters = new ContextParameters(
                cells,
                batch,
                sequences,
                share(threads),
                cacheTypeK == null ? usualType : cacheTypeK,
                cacheTypeV == null ? usualType : cacheTypeV,
                flashAttention);
        return new EngineOptions(
                        parameters, parallel, queue, maxWait, defaults.prefillStall(), defaults.swapBytes(), draft)
                .withHostThreads(helpers(false));
    }

    /**
     * Helpers of each engine's thread.
     *
     * @param onDevice whether all of the model is on a device, so that passes leave the processor alone
     */
    int helpers(boolean onDevice) {
        if (hostThreads != null) {
            return hostThreads;
        }
        int cores = Processor.physicalCores();
        int computing = onDevice ? 0 : threads == 0 ? Math.max(1, cores / replicas) : threads;
        return HostThreads.usual(cores, computing, replicas);
    }

    /** One replica's part of the cores. */
    private int share(int wanted) {
        return replicas == 1 || wanted != 0 ? wanted : Math.max(1, Processor.physicalCores() / replicas);
    }

    /**
     * The least cells to make do with where memory is short: a named context is what was asked for, else half the usual
     * length.
     */
    int leastCells(int wanted) {
        return context != null ? wanted : Math.min(wanted, USUAL_CONTEXT / 2 + ROOM_FOR_DRAFTS);
    }

    private static void within(List<FieldViolation> wrong, String field, long value, long least, long most) {
        if (value < least || value > most) {
            wrong.add(new FieldViolation(field, "is " + value + "; allowed: " + least + " to " + most));
        }
    }
}
