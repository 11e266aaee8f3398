package io.aded.host;

import io.aded.llama.ModelParameters;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Which model, by which library, on which device.
 *
 * @param model a name of the catalogue, a {@code .gguf} file or an http(s) address; null for the catalogue's default
 * @param hub {@code OWNER/REPO[:FILE]} of Hugging Face, which wins over {@code model}; null for none
 * @param natives a directory with a llama.cpp build, its library file, an installed build's name or {@code bundled};
 *     null for the best one that works
 * @param parameters how the weights are loaded
 * @param fitLayers whether the layers on the GPU are to be as many as fit there, instead of what {@code parameters} say
 * @param format in which format the weights are used
 * @param tried whether a file that is new here is loaded by a process of its own first
 */
public record ModelConfiguration(
        @Nullable String model,
        @Nullable String hub,
        @Nullable Path natives,
        ModelParameters parameters,
        boolean fitLayers,
        FormatWish format,
        boolean tried) {
    /** In which format a model's weights are used. */
    public enum FormatWish {
        /** As {@link #AUTO} for the catalogue's models, else as {@link #NONE}. */
        USUAL,
        /** The fastest on this machine of those that lose nothing: measured once, then kept. */
        AUTO,
        /** As the file is. */
        NONE,
        /** Written once as Q8_0. */
        Q8_0,
        /** Written once as Q6_K. */
        Q6_K,
        /** Written once as Q4_K_M. */
        Q4_K_M,
        /** Written once as Q4_K. */
        Q4_K,
        /** Written once as Q4_0. */
        Q4_0
    }

    /** The catalogue's default model by the best library, as many layers on the GPU as fit. */
    public static final ModelConfiguration DEFAULT =
            new ModelConfiguration(null, null, null, ModelParameters.DEFAULT, true, FormatWish.USUAL, true);

    /** A model by its catalogue name, file or address, with the defaults of all else. */
    public static ModelConfiguration of(String model) {
        return new ModelConfiguration(model, null, null, ModelParameters.DEFAULT, true, FormatWish.USUAL, true);
    }

    /** The same in another format. */
    public ModelConfiguration withFormat(FormatWish wish) {
        return new ModelConfiguration(model, hub, natives, parameters, fitLayers, wish, tried);
    }

    /** The same, but for a model of Hugging Face, {@code OWNER/REPO[:FILE]}; null for none. */
    public ModelConfiguration withHub(@Nullable String specification) {
        return new ModelConfiguration(model, specification, natives, parameters, fitLayers, format, tried);
    }

    /** The same by another library; null for the best one that works. */
    public ModelConfiguration withNatives(@Nullable Path library) {
        return new ModelConfiguration(model, hub, library, parameters, fitLayers, format, tried);
    }
}
