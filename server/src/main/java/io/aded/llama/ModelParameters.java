package io.aded.llama;

import java.util.List;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/**
 * How a model's weights are loaded and where they go.
 *
 * @param gpuLayers layers to put on the GPU; {@link #ALL_LAYERS} for all, 0 for none. Without a GPU it has no effect
 * @param mainGpu the device that holds the model when {@code splitMode} is {@code NONE}, and small tensors otherwise
 * @param splitMode how the model is spread over several GPUs
 * @param tensorSplit each GPU's share of the model, in any unit; empty lets the library decide
 * @param useMmap whether to map the file instead of copying it
 * @param useMlock whether to keep the weights from being swapped out
 * @param chatTemplate lays conversations out instead of the model's own template: the name of a known one, or a
 *     template's source; null for the model's own
 * @param progress told the share that is loaded, from 0 to 1, on the loading thread; or null
 */
public record ModelParameters(
        int gpuLayers,
        int mainGpu,
        SplitMode splitMode,
        List<Float> tensorSplit,
        boolean useMmap,
        boolean useMlock,
        @Nullable String chatTemplate,
        @Nullable DoubleConsumer progress) {

    /** All layers, as many as the model has. */
    public static final int ALL_LAYERS = -1;

    /** Everything on the GPU if there is one; mapped, not locked. */
    public static final ModelParameters DEFAULT =
            new ModelParameters(ALL_LAYERS, 0, SplitMode.LAYER, List.of(), true, false, null);

    /** How a model is spread over several GPUs. */
    public enum SplitMode {
        /** One GPU holds all. */
        NONE,
        /** Whole layers, with their part of the KV cache. */
        LAYER,
        /** Rows of each matrix. */
        ROW
    }

    /** Checks the ranges and copies the list. */
    public ModelParameters {
        tensorSplit = List.copyOf(tensorSplit);
        if (gpuLayers < ALL_LAYERS) {
            throw new IllegalArgumentException("gpuLayers is " + gpuLayers + "; allowed: -1 (all) or more");
        }
        if (mainGpu < 0) {
            throw new IllegalArgumentException("mainGpu is " + mainGpu + "; allowed: 0 or more");
        }
        for (float share : tensorSplit) {
            if (!(share >= 0f) || Float.isInfinite(share)) {
                throw new IllegalArgumentException(
                        "a tensor split of " + share + " is not a share; allowed: 0 or more");
            }
        }
    }

    /** With the model's own chat template. */
    public ModelParameters(
            int gpuLayers,
            int mainGpu,
            SplitMode splitMode,
            List<Float> tensorSplit,
            boolean useMmap,
            boolean useMlock,
            @Nullable DoubleConsumer progress) {
        this(gpuLayers, mainGpu, splitMode, tensorSplit, useMmap, useMlock, null, progress);
    }

    /** The same with another number of layers on the GPU. */
    public ModelParameters withGpuLayers(int layers) {
        return new ModelParameters(layers, mainGpu, splitMode, tensorSplit, useMmap, useMlock, chatTemplate, progress);
    }

    /** The same, with the file mapped into memory or copied there. */
    public ModelParameters withMmap(boolean mapped) {
        return new ModelParameters(
                gpuLayers, mainGpu, splitMode, tensorSplit, mapped, useMlock, chatTemplate, progress);
    }

    /** The same with another listener for progress. */
    public ModelParameters withProgress(@Nullable DoubleConsumer listener) {
        return new ModelParameters(
                gpuLayers, mainGpu, splitMode, tensorSplit, useMmap, useMlock, chatTemplate, listener);
    }
}
