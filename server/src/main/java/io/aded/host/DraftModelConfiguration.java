package io.aded.host;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.select.DrafterChoice;
import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model that guesses what the served one will say.
 *
 * @param source which model
 * @param gpuLayers its layers on the GPU, {@link ModelParameters#ALL_LAYERS} for all; of no account if they are fitted
 * @param fitLayers whether as many layers go to the GPU as fit there beside the served model
 * @param threads compute threads, 0 to 1024; 0 for as many as the served model has, which is best where the library's
 *     threads stay between passes, as both models then use the same ones
 * @param choice what is believed of the drafters by a prompt; null for nothing
 */
public record DraftModelConfiguration(
        Source source,
        int gpuLayers,
        boolean fitLayers,
        int threads,
        @Nullable DrafterChoice choice) {

    /** Where a draft model comes from. */
    public sealed interface Source {}

    /**
     * A model of its own, whose vocabulary is the served one's.
     *
     * @param model a name of the catalogue, a {@code .gguf} file or an http(s) address
     */
    public record Named(String model) implements Source {}

    /**
     * A copy of the served model, written once, with coarser weights, without some layers, or both.
     *
     * @param format of its matrices; null for what they are
     * @param skipped the layers that it goes without; null to search for those without which drafting is the fastest
     */
    public record Copy(
            @Nullable Quantization format, @Nullable SkippedLayers skipped) implements Source {
        /**
         * Reads {@code FORMAT[:LAYERS]}, such as {@code q4_k}, {@code q4_k:9-12}, {@code q4_k:auto} or
         * {@code none:auto}.
         *
         * @throws AdedException.InvalidRequest if it is no such text
         */
        public static Copy parse(String text) {
            int colon = text.indexOf(':');
            String format = colon < 0 ? text : text.substring(0, colon);
            String layers = colon < 0 ? "" : text.substring(colon + 1);
            if (colon >= 0 && layers.isBlank()) {
                throw malformed(text);
            }
            Quantization parsed = null;
            if (!format.equalsIgnoreCase("none")) {
                parsed = Quantization.named(format);
                if (parsed == null) {
                    throw malformed(text);
                }
            }
            SkippedLayers skipped = layers.isEmpty()
                    ? SkippedLayers.NONE
                    : layers.equalsIgnoreCase("auto") ? null : parsedLayers(text, layers);
            if (parsed == null && skipped != null && skipped.isEmpty()) {
                throw malformed(text);
            }
            return new Copy(parsed, skipped);
        }

        private static SkippedLayers parsedLayers(String text, String layers) {
            try {
                return SkippedLayers.parse(layers);
            } catch (AdedException.InvalidRequest e) {
                throw malformed(text);
            }
        }

        private static AdedException.InvalidRequest malformed(String text) {
            String formats = Arrays.stream(Quantization.values())
                    .map(each -> each.name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", "));
            return new AdedException.InvalidRequest(
                    "draft_self",
                    "is \"" + text + "\"; allowed: one of " + formats + ", and behind a colon the layers to leave out,"
                            + " such as q4_k:9-12 or q4_k:auto; none:9-12 keeps the weights as they are");
        }
    }

    /**
     * Checks the numbers.
     *
     * @throws AdedException.InvalidRequest naming what is out of range
     */
    public DraftModelConfiguration {
        List<FieldViolation> wrong = new ArrayList<>();
        if (threads < 0 || threads > 1024) {
            wrong.add(new FieldViolation("draft_threads", "is " + threads + "; allowed: 0 to 1024"));
        }
        if (gpuLayers < ModelParameters.ALL_LAYERS) {
            wrong.add(new FieldViolation("draft_gpu_layers", "is " + gpuLayers + "; allowed: 0 or more"));
        }
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    /** A model of its own, with the defaults of all else. */
    public static DraftModelConfiguration named(String model) {
        return new DraftModelConfiguration(new Named(model), ModelParameters.ALL_LAYERS, true, 0, null);
    }

    /** A copy of the served model ({@link Copy#parse}), with the defaults of all else. */
    public static DraftModelConfiguration copy(String text) {
        return new DraftModelConfiguration(Copy.parse(text), ModelParameters.ALL_LAYERS, true, 0, null);
    }

    /**
     * Settings that begin with what is believed of the drafters, if anything is.
     *
     * @param vocabulary the served model's
     * @throws AdedException.InvalidArtifact if the choice was trained with another one
     */
    public DrafterSettings withChoice(DrafterSettings settings, Vocabulary vocabulary) {
        return choice == null ? settings : settings.withChoice(choice.requireVocabulary(vocabulary));
    }
}
