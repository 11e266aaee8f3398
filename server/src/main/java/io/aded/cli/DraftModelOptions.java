package io.aded.cli;

import io.aded.draft.select.DrafterChoice;
import io.aded.engine.DraftPolicy;
import io.aded.host.DraftModelConfiguration;
import io.aded.model.AdedException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model drafts beside the table, if any. */
final class DraftModelOptions {
    @Option(
            names = "--draft-model",
            paramLabel = "MODEL",
            description =
                    "A small model that drafts: a name of the catalogue, a .gguf file or an http(s) address. It has to"
                            + " have the model's vocabulary. Default: none. For the model scripted instead"
                            + " scripted[:SHARE], a draft that agrees so often.")
    private @Nullable String model;

    @Option(
            names = "--draft-self",
            paramLabel = "FORMAT[:LAYERS]",
            description =
                    "A cheaper copy of the model drafts for it, written once (aded models derive): a coarser format,"
                            + " q8_0, q6_k, q4_k_m, q4_k or q4_0, and after a colon the layers to leave out, such as"
                            + " q4_k:9-12 or q4_k:auto; none:9-12 keeps the format. It takes over the model's cache."
                            + " Default: none.")
    private @Nullable String self;

    @Option(
            names = "--draft-gpu-layers",
            paramLabel = "auto|all|N",
            description = "Layers of the draft model to put on the GPU, if there is one. Default: auto, the same share"
                    + " as of the model.")
    private String gpuLayers = "auto";

    @Option(
            names = "--draft-threads",
            paramLabel = "N",
            description = "Compute threads of the draft model. Default: 0, as many as the model has.")
    private int threads;

    @Option(
            names = "--draft-policy",
            paramLabel = "FILE",
            description = "What is believed of table, draft model and both by a prompt (aded draft policy train):"
                    + " mode auto begins with it, and mode auto-policy goes by it alone. Default: none.")
    private @Nullable Path policy;

    /**
     * The choice as a record; null if nothing is to draft beside the table.
     *
     * @param served what is to be drafted for, as the user named it
     * @throws AdedException.InvalidRequest if the choice is none, or none for that model
     */
    @Nullable
    DraftModelConfiguration configuration(@Nullable String served) {
        boolean named = isGiven(model);
        if (named && isGiven(self)) {
            throw new AdedException.InvalidRequest(
                    "--draft-self", "cannot be combined with --draft-model; only one model drafts");
        }
        DraftModelConfiguration.Source source;
        if (named && model != null) {
            source = new DraftModelConfiguration.Named(model);
        } else if (isGiven(self) && self != null) {
            source = DraftModelConfiguration.Copy.parse(self);
        } else if (policy != null) {
            throw new AdedException.InvalidRequest(
                    "--draft-policy",
                    "chooses between the table and a draft model, and there is none; name one with --draft-model or"
                            + " --draft-self");
        } else {
            return null;
        }
        StandIn.requireFit(served, source);
        return new DraftModelConfiguration(
                source,
                ModelOptions.layers("--draft-gpu-layers", gpuLayers),
                gpuLayers.equals("auto"),
                threads,
                policy == null ? null : DrafterChoice.read(policy));
    }

    /** Who says none leaves out what a file or a variable has set. */
    private static boolean isGiven(@Nullable String choice) {
        return choice != null && !choice.equalsIgnoreCase("none");
    }

    /**
     * Refuses a mode that drafts by a model where none is to be loaded.
     *
     * @param option where the mode was named
     */
    static void require(String option, DraftPolicy policy, @Nullable DraftModelConfiguration drafting) {
        if (policy.mode().needsModel() && drafting == null) {
            throw new AdedException.InvalidRequest(
                    option,
                    "has " + policy.mode().label() + ", which needs a draft model; name one by --draft-model or"
                            + " --draft-self, or choose another mode");
        }
    }
}
