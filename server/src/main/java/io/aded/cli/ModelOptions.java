package io.aded.cli;

import io.aded.host.ModelConfiguration;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.template.ChatTemplates;
import io.aded.template.KnownTemplate;
import io.aded.template.SpecialTexts;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which model, by which library, on which device. */
final class ModelOptions {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description =
                    "A name of the catalogue (aded models list), a .gguf file, or an http(s) address. Default: the"
                            + " catalogue's small chat model. For serve, load and bench also scripted[:MS]: no model,"
                            + " words without sense, passes of so many milliseconds.")
    private @Nullable String model;

    @Option(
            names = "--hf",
            paramLabel = "OWNER/REPO[:FILE]",
            description = "A GGUF model of Hugging Face instead; FILE may be a part of a name, such as Q8_0."
                    + " HF_TOKEN and HF_ENDPOINT are honoured.")
    private @Nullable String hub;

    @Option(
            names = "--requantize",
            paramLabel = "auto|none|q8_0|q6_k|q4_k_m|q4_k|q4_0",
            description = "Write the model in another format, once, and use that: the one named, or, with auto, the"
                    + " fastest here of those that lose nothing, measured once. Default: auto for the catalogue's"
                    + " models, none for others.")
    private ModelConfiguration.FormatWish format = ModelConfiguration.FormatWish.USUAL;

    @Option(
            names = "--natives",
            paramLabel = "DIR",
            description =
                    "A directory with a llama.cpp build, its library file, an installed build (aded natives list), or"
                            + " \"bundled\". Default: the best installed one that works, else the bundled one.")
    private @Nullable Path natives;

    @Option(
            names = "--gpu-layers",
            paramLabel = "auto|all|N",
            description = "Layers to put on the GPU, if there is one. Default: auto, as many as its memory holds.")
    private String gpuLayers = "auto";

    @Option(names = "--main-gpu", paramLabel = "N", description = "The GPU that holds what is not split. Default: 0.")
    private int mainGpu;

    @Option(
            names = "--split-mode",
            paramLabel = "none|layer|row",
            description = "How a model is spread over several GPUs. Default: layer.")
    private ModelParameters.SplitMode splitMode = ModelParameters.SplitMode.LAYER;

    @Option(
            names = "--tensor-split",
            paramLabel = "SHARE",
            split = ",",
            description = "Each GPU's share of the model, such as 3,1.")
    private List<Float> tensorSplit = List.of();

    @Option(names = "--no-mmap", description = "Copy the file into memory instead of mapping it.")
    private boolean copy;

    @Option(
            names = "--chat-template",
            paramLabel = "FILE|NAME",
            description =
                    "Lay conversations out by this Jinja template, or by a known one (chatml, llama2, llama3, gemma,"
                            + " phi3, zephyr, vicuna), instead of the model's own.")
    private @Nullable String chatTemplate;

    @Option(
            names = "--no-model-trial",
            description = "Load a file that is new here at once, without letting a process of its own try it first.")
    private boolean untried;

    @Option(names = "--mlock", description = "Keep the weights from being swapped out.")
    private boolean lock;

    /** The choice as a record. */
    ModelConfiguration configuration() {
        try {
            return new ModelConfiguration(
                    model,
                    hub,
                    natives,
                    new ModelParameters(
                            layers("--gpu-layers", gpuLayers),
                            mainGpu,
                            splitMode,
                            tensorSplit,
                            !copy,
                            lock,
                            chatTemplate(),
                            null),
                    gpuLayers.equals("auto"),
                    format,
                    !untried);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("model options", String.valueOf(e.getMessage()));
        }
    }

    /**
     * What lays conversations out, if not the model's own template: a name, or what a file says.
     *
     * @throws AdedException.InvalidRequest if it is neither a template nor the name of one
     */
    private @Nullable String chatTemplate() {
        if (chatTemplate == null) {
            return null;
        }
        Path file = KnownTemplate.named(chatTemplate) == null ? existing(chatTemplate) : null;
        String template = file == null ? chatTemplate : String.valueOf(OptionFiles.text("--chat-template", file));
        // Only parsed: once a model is there it is again, with that model's texts and a clock.
        ChatTemplates.overridden(template, new SpecialTexts("", "", false), () -> Instant.EPOCH, ZoneOffset.UTC);
        return template;
    }

    /** What lies at a path; null if nothing does, as with most templates that are typed out. */
    private static @Nullable Path existing(String text) {
        try {
            Path path = Path.of(text);
            return Files.exists(path) ? path : null;
        } catch (InvalidPathException e) {
            return null;
        }
    }

    /** Layers on the GPU as an option names them; all where they are to be fitted. */
    static int layers(String option, String gpuLayers) {
        if (gpuLayers.equals("auto") || gpuLayers.equals("all")) {
            return ModelParameters.ALL_LAYERS;
        }
        try {
            int count = Integer.parseInt(gpuLayers);
            if (count >= 0) {
                return count;
            }
        } catch (NumberFormatException e) {
            // Refused below, like a negative number.
        }
        throw new AdedException.InvalidRequest(option, "is " + gpuLayers + "; allowed: auto, all, 0 or more");
    }
}
