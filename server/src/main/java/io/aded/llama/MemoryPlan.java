package io.aded.llama;

import io.aded.gguf.GgufFile;
import io.aded.model.ContextParameters;
import io.aded.model.ContextParameters.CacheType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * How much of a model goes on the GPU and how long the context is, chosen to the memory there is.
 *
 * @param gpuLayers layers on the GPU; {@link ModelParameters#ALL_LAYERS} for all and the output
 * @param cells cells of the KV cache
 * @param hostBytes what stays beside the GPU: weights, cache and working memory
 * @param explanation one line that says what was chosen and why
 */
public record MemoryPlan(int gpuLayers, int cells, long hostBytes, String explanation) {
    /*
     * What a layer on the GPU costs (llama.cpp with the KV cache offloaded, which is its default):
     *
     *   weights   the tensors blk.N.*, as long as they are in the file
     *   cache     cells x KV heads x (key length x bytes of a key + value length x bytes of a value)
     *
     * and once, on every GPU that takes part, the working memory of the widest pass, where what is no longer needed
     * makes room for what comes: the larger of a block's activations and the logits of a whole batch (batch x
     * vocabulary x 4 bytes: 512 x 32,000 x 4 = 62.5 MiB, of the 66.5 MiB that llama.cpp reserved for such a model). To
     * that comes the attention mask, and without the fused kernel each head's scores, for every token of the batch and
     * every cell.
     *
     * Layers go to the GPU from the last one on; the output matrix comes first of all. The input embedding stays on the
     * host. A share is left free: for the driver, for fragmentation, and because others use the GPU too.
     */
    private static final long LEAST_RESERVE = 256L << 20;
    private static final double RESERVE_SHARE = 0.04;
    private static final int CELLS_STEP = 256;

    /** Asks for as many layers as fit. */
    public static final int AUTO_LAYERS = -2;

    /**
     * What is asked for.
     *
     * @param gpuLayers a number, {@link ModelParameters#ALL_LAYERS}, or {@link #AUTO_LAYERS}
     * @param wantedCells cells of the KV cache if there is room for them
     * @param leastCells cells below which layers are taken off the GPU instead; equal to {@code wantedCells} if the
     *     user named the number
     * @param contexts contexts over the same weights, each with so many cells
     * @param context types of the cache and width of a pass
     * @param model the devices that the user named
     */
    public record Request(
            int gpuLayers,
            int wantedCells,
            int leastCells,
            int contexts,
            ContextParameters context,
            ModelParameters model) {

        Request withGpuLayers(int layers) {
            return new Request(layers, wantedCells, leastCells, contexts, context, model);
        }

        Request withCells(int cells) {
            return new Request(gpuLayers, cells, cells, contexts, context, model);
        }

        private String cellsText(int cells) {
            return (contexts == 1 ? "" : contexts + " × ") + String.format(Locale.ROOT, "%,d cells", cells);
        }
    }

    /** Chooses for a model, by what the library's devices have free now. */
    public static MemoryPlan of(LlamaLibrary library, GgufFile file, Request request) {
        return of(library.devices(), file, request);
    }

    static MemoryPlan of(List<LlamaLibrary.Device> devices, GgufFile file, Request request) {
        Sizes sizes = Sizes.of(file, request.context()).times(request.contexts());
        List<LlamaLibrary.Device> gpus = gpus(devices, request.model());
        if (gpus.isEmpty() || request.gpuLayers() == 0) {
            return onProcessor(sizes, gpus, request, request.wantedCells());
        }
        long room = room(gpus);
        Need need = (layers, cells) -> sizes.gpuBytes(layers, cells, gpus.size());
        return sizes.plan(gpus, room, choose(need, sizes.layers() + 1, room, request), request);
    }

    /**
     * Plans for two models that share the memory there is, and the number of cells.
     *
     * @param target the model that answers
     * @param draft the model that drafts for it
     */
    public record Pair(MemoryPlan target, MemoryPlan draft) {}

    /**
     * Chooses for a model and for one that drafts for it, by what the library's devices have free now. Where both may
     * have as many layers on the GPU as fit, both get the same share of theirs: a layer of the one costs a round as
     * much for each byte as a layer of the other, or more, as the draft model is asked several times.
     *
     * @param draftRequest its cells are of no account: it gets as many as the target
     */
    public static Pair of(LlamaLibrary library, GgufFile file, Request request, GgufFile draft, Request draftRequest) {
        return of(library.devices(), file, request, draft, draftRequest);
    }

    static Pair of(
            List<LlamaLibrary.Device> devices, GgufFile file, Request request, GgufFile draft, Request draftRequest) {
        Sizes sizes = Sizes.of(file, request.context()).times(request.contexts());
        Sizes draftSizes = Sizes.of(draft, draftRequest.context()).times(draftRequest.contexts());
        List<LlamaLibrary.Device> gpus = gpus(devices, request.model());
        if (gpus.isEmpty() || (request.gpuLayers() == 0 && draftRequest.gpuLayers() == 0)) {
            return new Pair(
                    onProcessor(sizes, gpus, request, request.wantedCells()),
                    onProcessor(draftSizes, gpus, draftRequest, request.wantedCells()));
        }
        long room = room(gpus);
        int all = sizes.layers() + 1;
        int draftAll = draftSizes.layers() + 1;
        Choice choice;
        int draftLayers;
        if (request.gpuLayers() == AUTO_LAYERS || draftRequest.gpuLayers() != AUTO_LAYERS) {
            IntUnaryOperator beside = layers -> draftRequest.gpuLayers() == AUTO_LAYERS
                    ? (layers * draftAll + all - 1) / all
                    : asked(draftRequest, draftAll);
            Need need = (layers, cells) -> sizes.someBytes(layers, cells, gpus.size())
                    + draftSizes.someBytes(beside.applyAsInt(layers), cells, gpus.size());
            choice = choose(need, all, room, request);
            draftLayers = beside.applyAsInt(choice.layers());
        } else {
            int layers = asked(request, all);
            Need need = (beside, cells) ->
                    sizes.someBytes(layers, cells, gpus.size()) + draftSizes.someBytes(beside, cells, gpus.size());
            Choice ofDraft = choose(need, draftAll, room, request.withGpuLayers(AUTO_LAYERS));
            choice = new Choice(layers, ofDraft.cells());
            draftLayers = ofDraft.layers();
        }
        long forTarget = room - draftSizes.someBytes(draftLayers, choice.cells(), gpus.size());
        long forDraft = room - sizes.someBytes(choice.layers(), choice.cells(), gpus.size());
        Choice ofDraft = new Choice(draftLayers, choice.cells());
        return new Pair(
                choice.layers() == 0
                        ? onProcessor(sizes, gpus, request, choice.cells())
                        : sizes.plan(gpus, forTarget, choice, request),
                draftLayers == 0
                        ? onProcessor(draftSizes, gpus, draftRequest, choice.cells())
                        : draftSizes.plan(gpus, forDraft, ofDraft, draftRequest.withCells(choice.cells())));
    }

    private static MemoryPlan onProcessor(Sizes sizes, List<LlamaLibrary.Device> gpus, Request request, int cells) {
        int layers = sizes.layers();
        String why = gpus.isEmpty() ? "no GPU" : request.gpuLayers() == 0 ? "as asked" : "no room on the GPU";
        return new MemoryPlan(
                0,
                cells,
                sizes.hostBytes(0, cells),
                String.format(
                        Locale.ROOT,
                        "all %d layers on the processor (%s); %s of context, %s",
                        layers,
                        why,
                        request.cellsText(cells),
                        gigabytes(sizes.cacheBytes(layers, cells))));
    }

    private static long room(List<LlamaLibrary.Device> gpus) {
        long room = 0;
        for (LlamaLibrary.Device gpu : gpus) {
            long reserve = Math.max(LEAST_RESERVE, (long) (gpu.totalBytes() * RESERVE_SHARE));
            room += Math.max(0, gpu.freeBytes() - reserve);
        }
        return room;
    }

    private static int asked(Request request, int all) {
        return request.gpuLayers() == ModelParameters.ALL_LAYERS ? all : Math.min(all, request.gpuLayers());
    }

    /** Layers count the output as one more, as llama.cpp does. */
    private record Choice(int layers, int cells) {}

    /** Bytes on the GPU for so many layers and cells. */
    @FunctionalInterface
    private interface Need {
        long bytes(int layers, int cells);
    }

    private static Choice choose(Need need, int all, long room, Request request) {
        if (request.gpuLayers() != AUTO_LAYERS) {
            int asked = asked(request, all);
            return new Choice(asked, mostCells(need, room, asked, request));
        }
        // A shorter context costs nobody anything who does not use it; a layer on the host costs every token.
        int cells = mostCells(need, room, all, request);
        int layers = all;
        while (layers > 0 && need.bytes(layers, cells) > room) {
            layers--;
        }
        return new Choice(layers, layers == all ? cells : mostCells(need, room, layers, request));
    }

    /** The most cells between the least and the wanted ones with which so many layers fit; the least if none do. */
    private static int mostCells(Need need, long room, int layers, Request request) {
        int cells = request.wantedCells();
        while (cells > request.leastCells() && need.bytes(layers, cells) > room) {
            cells = Math.max(request.leastCells(), cells - CELLS_STEP);
        }
        return cells;
    }

    private static String explain(
            Sizes sizes, List<LlamaLibrary.Device> gpus, long room, Choice choice, Request request) {
        int layers = sizes.layers();
        int all = layers + 1;
        List<String> names = new ArrayList<>();
        for (LlamaLibrary.Device gpu : gpus) {
            names.add(String.format(
                    Locale.ROOT, "%s (%s, %s free)", gpu.name(), gpu.description(), gigabytes(gpu.freeBytes())));
        }
        long needed = sizes.gpuBytes(choice.layers(), choice.cells(), gpus.size());
        StringBuilder text = new StringBuilder();
        text.append(
                choice.layers() == all
                        ? "all " + layers + " layers"
                        : Math.max(0, choice.layers() - 1) + " of " + layers + " layers");
        text.append(" on ").append(String.join(", ", names));
        text.append(String.format(
                Locale.ROOT,
                ": weights %s, %s of context %s, working memory %s",
                gigabytes(sizes.weightBytes(choice.layers())),
                request.cellsText(choice.cells()),
                gigabytes(sizes.cacheBytes(Math.max(0, choice.layers() - 1), choice.cells())),
                gigabytes(sizes.workBytes(choice.cells()) * gpus.size())));
        if (choice.layers() < all && request.gpuLayers() == AUTO_LAYERS) {
            text.append(String.format(
                    Locale.ROOT,
                    "; the other layers run on the processor, %s more free memory would hold all of them",
                    gigabytes(sizes.gpuBytes(all, choice.cells(), gpus.size()) - room)));
        }
        if (choice.cells() < request.wantedCells()) {
            text.append(String.format(Locale.ROOT, "; %s would not fit", request.cellsText(request.wantedCells())));
        }
        if (needed > room) {
            text.append("; this is more than seems to be free, loading may fail");
        }
        return text.toString();
    }

    private static List<LlamaLibrary.Device> gpus(List<LlamaLibrary.Device> devices, ModelParameters model) {
        List<LlamaLibrary.Device> gpus = new ArrayList<>();
        for (LlamaLibrary.Device device : devices) {
            if (device.kind() == LlamaLibrary.Device.Kind.GPU
                    || device.kind() == LlamaLibrary.Device.Kind.INTEGRATED_GPU) {
                gpus.add(device);
            }
        }
        // llama.cpp leaves an integrated GPU alone when there is a real one.
        if (gpus.stream().anyMatch(gpu -> gpu.kind() == LlamaLibrary.Device.Kind.GPU)) {
            gpus.removeIf(gpu -> gpu.kind() == LlamaLibrary.Device.Kind.INTEGRATED_GPU);
        }
        if (model.splitMode() == ModelParameters.SplitMode.NONE && model.mainGpu() < gpus.size()) {
            return List.of(gpus.get(model.mainGpu()));
        }
        List<Float> shares = model.tensorSplit();
        if (shares.stream().anyMatch(share -> share > 0)) {
            List<LlamaLibrary.Device> used = new ArrayList<>();
            for (int i = 0; i < Math.min(shares.size(), gpus.size()); i++) {
                if (shares.get(i) > 0) {
                    used.add(gpus.get(i));
                }
            }
            return used;
        }
        return gpus;
    }

    private static String gigabytes(long bytes) {
        return bytes < 1_000_000_000
                ? String.format(Locale.ROOT, "%.0f MB", bytes / 1e6)
                : String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }

    /**
     * What the parts of a model cost.
     *
     * @param layerWeights bytes of each layer's tensors
     * @param embeddingWeights bytes of the input's tensors
     * @param outputWeights bytes of the output's tensors
     * @param layerCell bytes of a cell in each layer
     * @param workFixed bytes of working memory whatever the context
     * @param workPerCell bytes of working memory for each cell
     */
    private record Sizes(
            long[] layerWeights,
            long embeddingWeights,
            long outputWeights,
            long[] layerCell,
            long workFixed,
            long workPerCell) {

        static Sizes of(GgufFile file, ContextParameters context) {
            String architecture = file.architecture();
            int layers = (int) file.integer(architecture + ".block_count", 0);
            long[] weights = new long[layers];
            Map<String, Long> others = new HashMap<>();
            for (GgufFile.Tensor tensor : file.tensors()) {
                int layer = layerOf(tensor.name());
                if (layer >= 0 && layer < layers) {
                    weights[layer] += tensor.bytes();
                } else {
                    others.merge(tensor.name(), tensor.bytes(), Long::sum);
                }
            }
            long embedding = others.getOrDefault("token_embd.weight", 0L);
            long output = others.getOrDefault("output_norm.weight", 0L)
                    // Without a matrix of its own the output uses the embedding's, in a second copy.
                    + others.getOrDefault("output.weight", embedding);

            long heads = Math.max(1, number(file, architecture + ".attention.head_count", 0, 1));
            long width = file.integer(architecture + ".embedding_length", 0);
            long keyLength = file.integer(architecture + ".attention.key_length", width / heads);
            long valueLength = file.integer(architecture + ".attention.value_length", width / heads);
            long[] cell = new long[layers];
            for (int i = 0; i < layers; i++) {
                long kvHeads = number(file, architecture + ".attention.head_count_kv", i, heads);
                cell[i] = (long) Math.ceil(kvHeads
                        * (keyLength * bytesOf(context.keyType()) + valueLength * bytesOf(context.valueType())));
            }
            long feedForward = number(file, architecture + ".feed_forward_length", 0, 4 * width);
            long vocabulary = vocabulary(file);
            long batch = context.maxBatchTokens();
            long widest = Math.max(vocabulary + width, 8 * width + 3 * feedForward);
            long scores = context.flashAttention() == ContextParameters.FlashAttention.OFF ? 2 * heads : 0;
            // On the processor a tied output reads the embedding where it is.
            long tied = others.containsKey("output.weight") ? embedding : 0;
            return new Sizes(weights, tied, output, cell, batch * 4 * widest, batch * 4 * (1 + scores));
        }

        /** The same weights under several contexts. */
        Sizes times(int contexts) {
            long[] cell = layerCell.clone();
            for (int i = 0; i < cell.length; i++) {
                cell[i] *= contexts;
            }
            return new Sizes(
                    layerWeights, embeddingWeights, outputWeights, cell, workFixed * contexts, workPerCell * contexts);
        }

        int layers() {
            return layerWeights.length;
        }

        MemoryPlan plan(List<LlamaLibrary.Device> gpus, long room, Choice choice, Request request) {
            return new MemoryPlan(
                    choice.layers() > layers() ? ModelParameters.ALL_LAYERS : choice.layers(),
                    choice.cells(),
                    hostBytes(choice.layers(), choice.cells()),
                    explain(this, gpus, room, choice, request));
        }

        /** What does not go to the GPU; the embedding stays, and what is counted twice there. */
        long hostBytes(int offloaded, int cells) {
            int left = firstOffloaded(offloaded);
            long sum = embeddingWeights + (offloaded > 0 ? 0 : outputWeights);
            for (int i = 0; i < left; i++) {
                sum += layerWeights[i] + layerCell[i] * cells;
            }
            return sum + (left > 0 ? workBytes(cells) : 0);
        }

        /** As {@link #gpuBytes}, but nothing for a model that is not there at all. */
        long someBytes(int offloaded, int cells, int gpus) {
            return offloaded == 0 ? 0 : gpuBytes(offloaded, cells, gpus);
        }

        long weightBytes(int offloaded) {
            long sum = offloaded > 0 ? outputWeights : 0;
            for (int i = firstOffloaded(offloaded); i < layers(); i++) {
                sum += layerWeights[i];
            }
            return sum;
        }

        /** The cache of the last layers. */
        long cacheBytes(int count, int cells) {
            long sum = 0;
            for (int i = layers() - count; i < layers(); i++) {
                sum += layerCell[i] * cells;
            }
            return sum;
        }

        long workBytes(int cells) {
            return workFixed + workPerCell * cells;
        }

        long gpuBytes(int offloaded, int cells, int gpus) {
            return weightBytes(offloaded)
                    + cacheBytes(layers() - firstOffloaded(offloaded), cells)
                    + workBytes(cells) * gpus;
        }

        /** The output is the first to be offloaded. */
        private int firstOffloaded(int offloaded) {
            return Math.clamp(layers() + 1L - offloaded, 0, layers());
        }

        private static int layerOf(String tensor) {
            int end = tensor.indexOf('.', 4);
            if (!tensor.startsWith("blk.") || end < 0) {
                return -1;
            }
            try {
                return Integer.parseInt(tensor, 4, end, 10);
            } catch (NumberFormatException e) {
                return -1;
            }
        }

        /** An entry that may be one number for all layers or one for each. */
        private static long number(GgufFile file, String key, int layer, long otherwise) {
            Object value = file.metadata().get(key);
            if (value instanceof GgufFile.Array array && !array.head().isEmpty()) {
                @Nullable
                Object own = array.head().get(Math.min(layer, array.head().size() - 1));
                return own instanceof Long number ? number : otherwise;
            }
            return value instanceof Long number ? number : otherwise;
        }

        private static long vocabulary(GgufFile file) {
            return file.metadata().get("tokenizer.ggml.tokens") instanceof GgufFile.Array array
                    ? array.count()
                    : file.integer(file.architecture() + ".vocab_size", 0);
        }

        /** Bytes of one element; the quantised types keep a scale for each block of 32. */
        private static double bytesOf(CacheType type) {
            return switch (type) {
                case F32 -> 4;
                case F16 -> 2;
                case Q8_0 -> 34 / 32.0;
                case Q4_0 -> 18 / 32.0;
            };
        }
    }
}
