package io.aded.llama;

import io.aded.gguf.GgufFile;
import io.aded.gguf.ModelCopy;
import io.aded.gguf.Requantizer;
import io.aded.gguf.SkippedLayers;
import io.aded.llama.abi.CStruct;
import io.aded.model.AdedException;
import io.aded.model.ChatTemplate;
import io.aded.model.ContextParameters;
import io.aded.model.FieldViolation;
import io.aded.model.ModelInfo;
import io.aded.model.SamplingParameters;
import io.aded.model.TargetContext;
import io.aded.model.TargetModel;
import io.aded.model.TokenSampler;
import io.aded.model.Vocabulary;
import io.aded.template.ChatTemplates;
import io.aded.template.SpecialTexts;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.time.InstantSource;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleConsumer;
import org.jspecify.annotations.Nullable;

/** A GGUF model loaded into llama.cpp. */
public final class LlamaModel implements TargetModel {
    /** Elements of a cache that share a scale. */
    private static final int QUANTISED_BLOCK = 32;

    private final LlamaLibrary library;
    private final Native natives;
    private final long handle;
    private final GgufFile file;
    private final LlamaVocabulary vocabulary;
    private final ModelInfo info;
    private final ChatTemplate template;
    private final Lifetime life = new Lifetime("the model");
    private @Nullable Origin origin;

    private LlamaModel(LlamaLibrary library, GgufFile file, long handle, ModelParameters parameters) {
        this.library = library;
        this.natives = library.natives();
        this.file = file;
        this.handle = handle;
        this.vocabulary = new LlamaVocabulary(
                natives,
                natives.models.modelVocabulary(handle),
                life,
                file.string("tokenizer.ggml.model"),
                file.string("tokenizer.ggml.pre"));
        this.info = describe(parameters);
        this.template = template(parameters, file.string("tokenizer.chat_template"), vocabulary.specialTexts());
    }

    private static ChatTemplate template(ModelParameters parameters, @Nullable String own, SpecialTexts special) {
        String override = parameters.chatTemplate();
        InstantSource clock = InstantSource.system();
        return override == null
                ? ChatTemplates.of(own, special, clock, ZoneId.systemDefault())
                : ChatTemplates.overridden(override, special, clock, ZoneId.systemDefault());
    }

    /**
     * Loads a model.
     *
     * @throws AdedException.NotFound if there is no such file
     * @throws AdedException.InvalidArtifact if the file is no usable GGUF model
     */
    public static LlamaModel load(LlamaLibrary library, Path path, ModelParameters parameters) {
        GgufFile file = GgufFile.readModel(path);
        Native natives = library.natives();
        file.requireModel(natives.line.limits());
        long handle;
        try (Arena arena = Arena.ofConfined()) {
            Progress progress = new Progress(parameters.progress());
            MemorySegment struct = describe(library, parameters, progress, arena);
            library.log().takeLastError();
            handle =
                    natives.models.loadModel(arena.allocateFrom(path.toString()).address(), struct);
            progress.rethrow();
        }
        if (handle == 0) {
            throw notLoaded(library, file, library.log().takeLastError());
        }
        try {
            return new LlamaModel(library, file, handle, parameters);
        } catch (Throwable thrown) {
            natives.models.freeModel(handle);
            throw thrown;
        }
    }

    private static AdedException.InvalidArtifact notLoaded(LlamaLibrary library, GgufFile file, String error) {
        if (!error.contains("unknown model architecture")) {
            return new AdedException.InvalidArtifact(
                    "MODEL_NOT_LOADED",
                    "llama.cpp (" + library.version() + ") cannot load " + file.path() + ": " + error);
        }
        String unknown = "llama.cpp (" + library.version() + ") does not know the architecture " + file.architecture()
                + " of " + file.path();
        List<String> others = LlamaLibrary.versionsFor(file.architecture());
        return others.isEmpty()
                ? new AdedException.InvalidArtifact(
                        AdedException.ARCHITECTURE_UNKNOWN,
                        unknown + ", and no other that can be used here does ("
                                + String.join(", ", LlamaLibrary.supportedVersions()) + ")")
                : new AdedException.InvalidArtifact(
                        AdedException.ARCHITECTURE_OF_A_NEWER_LIBRARY, unknown + "; " + others.getLast() + " does");
    }

    /**
     * Writes a model again, in another format or without some of its layers. A model that is already quantised loses a
     * little more.
     *
     * @param copy what it becomes
     * @param destination appears, or is replaced, only when it is complete
     * @param progress told the share that is done, from 0 to 1
     * @throws AdedException.NotFound if there is no source
     * @throws AdedException.InvalidArtifact if the source is no usable model
     * @throws AdedException.InvalidRequest if the model cannot go without the layers that are to be skipped
     */
    public static void copy(
            LlamaLibrary library, Path source, Path destination, ModelCopy copy, DoubleConsumer progress) {
        GgufFile file = GgufFile.read(source);
        if (file.integer("split.count", 1) > 1) {
            throw new AdedException.InvalidArtifact(
                    "MODEL_IN_PARTS", source + " comes in several files; only a model in one file can be written anew");
        }
        file.requireModel();
        new Requantizer(file, copy, library.natives().rows, Processor.physicalCores(), progress).write(destination);
    }

    private static MemorySegment describe(
            LlamaLibrary library, ModelParameters parameters, Progress progress, Arena arena) {
        Native natives = library.natives();
        CStruct.Value struct = natives.line.modelParams().at(natives.library.modelDefaults(arena));
        struct.set(
                "n_gpu_layers",
                parameters.gpuLayers() == ModelParameters.ALL_LAYERS
                        ? natives.line.allLayers()
                        : parameters.gpuLayers());
        long gpus = library.devices().stream()
                .filter(device -> device.kind().isGpu())
                .count();
        // Without a GPU there is nothing to choose, and the older line refuses any choice.
        if (gpus > 0) {
            if (parameters.mainGpu() >= gpus) {
                throw new AdedException.InvalidRequest(
                        "main_gpu", "is " + parameters.mainGpu() + "; allowed: 0 to " + (gpus - 1));
            }
            struct.set("split_mode", splitMode(parameters.splitMode()));
            struct.set("main_gpu", parameters.mainGpu());
        }
        if (!parameters.tensorSplit().isEmpty()) {
            int most = (int) natives.library.maxDevices();
            if (parameters.tensorSplit().size() > most) {
                throw new AdedException.InvalidRequest(
                        "tensor_split",
                        "has " + parameters.tensorSplit().size() + " shares; this library takes up to " + most);
            }
            MemorySegment shares = arena.allocate(ValueLayout.JAVA_FLOAT, most);
            for (int i = 0; i < parameters.tensorSplit().size(); i++) {
                shares.setAtIndex(
                        ValueLayout.JAVA_FLOAT, i, parameters.tensorSplit().get(i));
            }
            struct.set("tensor_split", shares.address());
        }
        natives.line.setLoading(struct, parameters.useMmap(), parameters.useMlock());
        if (parameters.progress() != null) {
            struct.set("progress_callback", progress.stub(arena));
        }
        return struct.segment();
    }

    private static int splitMode(ModelParameters.SplitMode mode) {
        return switch (mode) {
            case NONE -> 0;
            case LAYER -> 1;
            case ROW -> 2;
        };
    }

    private ModelInfo describe(ModelParameters parameters) {
        String text;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(256);
            natives.models.modelDescription(handle, buffer.address(), buffer.byteSize());
            text = sized(buffer.getString(0), natives.models.parameterCount(handle));
        }
        List<String> devices = new ArrayList<>();
        for (LlamaLibrary.Device device : library.devices()) {
            boolean gpu = device.kind().isGpu();
            if (!gpu || parameters.gpuLayers() != 0) {
                devices.add(gpu ? device.name() + ": " + device.description() : device.name());
            }
        }
        return new ModelInfo(
                file.name(),
                file.architecture(),
                text,
                file.quantization(),
                natives.models.parameterCount(handle),
                natives.models.modelSize(handle),
                natives.models.trainedContext(handle),
                vocabulary.size(),
                natives.models.layers(handle),
                natives.models.embeddingSize(handle),
                natives.models.isRecurrent(handle) || natives.calls.isHybrid(handle),
                library.description(),
                devices);
    }

    /** The library's line about a model, with the counted weights where its table of sizes gave only {@code ?B}. */
    static String sized(String description, long parameters) {
        String size = parameters >= 999_500_000L
                ? String.format(Locale.ROOT, "%.1fB", parameters / 1e9)
                : String.format(Locale.ROOT, "%.0fM", parameters / 1e6);
        return description.replace("?B", size);
    }

    @Override
    public ModelInfo info() {
        return info;
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public ChatTemplate chatTemplate() {
        return template;
    }

    /** The header of the file that was loaded. */
    public GgufFile file() {
        return file;
    }

    /**
     * What a model is a copy of.
     *
     * @param original the model whose weights it has, as fine or coarser
     * @param skipped the layers of the original that it goes without
     */
    record Origin(LlamaModel original, SkippedLayers skipped) {}

    /**
     * Says that this model has the weights of another one, as fine or coarser, but for some of its layers. Contexts of
     * it may then {@linkplain TargetContext#copierFrom take over cells} of the other's contexts. What is no such copy
     * would read keys and values that it cannot understand: who says so has compared the files. To be said before its
     * contexts are asked.
     *
     * @param skipped the layers of the original that this one goes without
     * @throws IllegalArgumentException if the layers or the widths of the two do not fit together
     */
    public void declareCopyOf(LlamaModel original, SkippedLayers skipped) {
        if (info.layers() != original.info.layers() - skipped.count()
                || info.embeddingSize() != original.info.embeddingSize()
                || !info.architecture().equals(original.info.architecture())) {
            throw new IllegalArgumentException(
                    info.name() + " is no copy of " + original.info.name() + " without the layers " + skipped);
        }
        origin = new Origin(original, skipped);
    }

    /** What it was declared a copy of; null if nothing was said. */
    @Nullable
    Origin origin() {
        return origin;
    }

    /** The library that it was loaded into. */
    public LlamaLibrary library() {
        return library;
    }

    @Override
    public TargetContext newContext(ContextParameters parameters) {
        List<FieldViolation> violations = new ArrayList<>();
        check(violations, "context.cells", parameters.cells(), 1, 1 << 24);
        check(violations, "context.max_batch_tokens", parameters.maxBatchTokens(), 1, 1 << 16);
        check(violations, "context.max_sequences", parameters.maxSequences(), 1, 256);
        check(violations, "context.threads", parameters.threads(), 0, 512);
        boolean quantisedValues = parameters.valueType().isQuantised();
        if (quantisedValues && parameters.flashAttention() == ContextParameters.FlashAttention.OFF) {
            violations.add(new FieldViolation(
                    "context.value_type", "is quantised, which needs flash attention; allowed without it: F32, F16"));
        }
        requireWholeBlocks(violations, "context.key_type", parameters.keyType(), "key_length");
        requireWholeBlocks(violations, "context.value_type", parameters.valueType(), "value_length");
        boolean flash = parameters.flashAttention() == ContextParameters.FlashAttention.ON || quantisedValues;
        if (flash && library.natives().line.flashAttentionRefusesF32()) {
            // Its kernel for processors ends the process over it.
            String refused = "is F32, which flash attention of llama.cpp " + library.version()
                    + " cannot use; allowed with it: F16, Q8_0, Q4_0";
            if (parameters.keyType() == ContextParameters.CacheType.F32) {
                violations.add(new FieldViolation("context.key_type", refused));
            }
            if (parameters.valueType() == ContextParameters.CacheType.F32) {
                violations.add(new FieldViolation("context.value_type", refused));
            }
        }
        if (!violations.isEmpty()) {
            throw new AdedException.InvalidRequest(violations);
        }
        life.acquire();
        try {
            return new LlamaContext(this, parameters);
        } catch (Throwable thrown) {
            life.release();
            throw thrown;
        }
    }

    /** The older line ends the process over heads that the blocks of a quantised cache do not divide. */
    private void requireWholeBlocks(
            List<FieldViolation> violations, String field, ContextParameters.CacheType type, String length) {
        String attention = file.architecture() + ".attention.";
        long heads = Math.max(1, file.integer(attention + "head_count", 1));
        long width = file.integer(attention + length, info.embeddingSize() / heads);
        if (type.isQuantised()
                && width % QUANTISED_BLOCK != 0
                && violations.stream().noneMatch(other -> other.field().equals(field))) {
            violations.add(new FieldViolation(
                    field,
                    "is " + type + ", whose blocks of " + QUANTISED_BLOCK + " do not divide this model's heads of "
                            + width + "; allowed: F32, F16"));
        }
    }

    private static void check(List<FieldViolation> violations, String field, int value, int least, int most) {
        if (value < least || value > most) {
            violations.add(new FieldViolation(field, "is " + value + "; allowed: " + least + " to " + most));
        }
    }

    @Override
    public TokenSampler newSampler(SamplingParameters parameters) {
        List<FieldViolation> violations = parameters.violations("sampling.", vocabulary.size());
        if (!violations.isEmpty()) {
            throw new AdedException.InvalidRequest(violations);
        }
        if (parameters.isPlainGreedy()) {
            return new GreedySampler();
        }
        life.acquire();
        try {
            return LlamaSampler.create(this, vocabulary, parameters);
        } catch (Throwable thrown) {
            life.release();
            throw thrown;
        }
    }

    @Override
    public void close() {
        life.end(() -> natives.models.freeModel(handle));
    }

    long handle() {
        return handle;
    }

    /** Something that keeps the model open has been closed. */
    void released() {
        life.release();
    }

    /** Carries the share that is loaded to the caller's listener, and the listener's exception back. */
    private static final class Progress {
        private final @Nullable DoubleConsumer listener;
        private @Nullable RuntimeException thrown;

        Progress(@Nullable DoubleConsumer listener) {
            this.listener = listener;
        }

        long stub(Arena arena) {
            try {
                MethodHandle target = MethodHandles.lookup()
                        .bind(this, "report", MethodType.methodType(boolean.class, float.class, long.class));
                return Linker.nativeLinker()
                        .upcallStub(
                                target,
                                FunctionDescriptor.of(
                                        ValueLayout.JAVA_BOOLEAN, ValueLayout.JAVA_FLOAT, ValueLayout.JAVA_LONG),
                                arena)
                        .address();
            } catch (ReflectiveOperationException impossible) {
                throw new AssertionError(impossible);
            }
        }

        @SuppressWarnings("UnusedMethod") // bound by name above
        private boolean report(float share, long data) {
            try {
                if (listener != null) {
                    listener.accept(share);
                }
                return true;
            } catch (RuntimeException e) {
                thrown = e;
                return false;
            }
        }

        void rethrow() {
            if (thrown != null) {
                throw thrown;
            }
        }
    }
}
