package io.aded.host;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.table.BaseTable;
import io.aded.engine.AnswerRecorder;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.gguf.GgufFile;
import io.aded.gguf.Quantization;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.MemoryPlan;
import io.aded.llama.ModelParameters;
import io.aded.model.AdedException;
import io.aded.model.TargetModel;
import io.aded.natives.LibraryChoice;
import io.aded.natives.ModelTrials;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.Telemetry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A model that was loaded by this process, with the engines that were started over it. Closing frees all, in order,
 * once. Used by one thread; the engines are anybody's.
 */
public final class LocalModel implements AutoCloseable {
    private final HostConfiguration configuration;
    private final String name;
    private final Path source;
    private final LlamaModel model;
    private final EngineOptions options;
    private final @Nullable LocalDraft draft;
    private final List<Engine> engines = new ArrayList<>();
    private @Nullable AnswerRecorder recorder;

    private LocalModel(
            HostConfiguration configuration,
            String name,
            Path source,
            LlamaModel model,
            EngineOptions options,
            @Nullable LocalDraft draft) {
        this.configuration = configuration;
        this.name = name;
        this.source = source;
        this.model = model;
        this.options = options;
        this.draft = draft;
    }

    /**
     * Finds, fetches and loads a model, as many layers of it on the GPU as fit there, if there is one and no number was
     * named.
     *
     * @throws AdedException.NotFound if there is no such model or library
     * @throws AdedException.InvalidArtifact if its file cannot be used
     */
    public static LocalModel load(HostConfiguration configuration, HostListener listener) {
        return load(configuration, listener, HostMemory.ofMachine()::availableBytes);
    }

    /** Whether passes leave the processor alone: all layers, and the output, are elsewhere. */
    private static boolean isOnDevice(GgufFile header, MemoryPlan plan) {
        return plan.gpuLayers() == ModelParameters.ALL_LAYERS
                || plan.gpuLayers() > header.integer(header.architecture() + ".block_count", Integer.MAX_VALUE);
    }

    /** With another opinion of how many bytes of memory could be had. */
    static LocalModel load(HostConfiguration configuration, HostListener listener, LongSupplier availableBytes) {
        ModelConfiguration wanted = configuration.model();
        // The library first: a wrong path should not be found out after a long download.
        LlamaLibrary library = LibraryChoice.of(configuration.environment()).open(wanted.natives(), listener::note);
        LocalDraft.requireThere(configuration, listener);
        ModelFiles files = new ModelFiles(configuration.environment(), listener);
        Path found = files.find(wanted);
        ModelFormats formats = new ModelFormats(configuration, listener);
        Quantization format = wantedFormat(formats, library, found, configuration, listener);
        Path file = formats.file(library, found, format);
        GgufFile header = requireUsable(library, file, configuration, listener);
        ContextConfiguration context = configuration.context();
        Safeguards safeguards = configuration.safeguards();
        EngineOptions options = context.engineOptions(header, configuration.draft())
                .withEarlierCosts(formats.costs(library, found, format))
                .withPrefixSharing(safeguards.prefixSharing())
                .withSessionBytes(safeguards.bytesEach(
                        context.replicas(), Runtime.getRuntime().maxMemory()));
        int cells = options.context().cells();
        MemoryPlan.Request request = new MemoryPlan.Request(
                wanted.fitLayers()
                        ? MemoryPlan.AUTO_LAYERS
                        : wanted.parameters().gpuLayers(),
                cells,
                context.leastCells(cells),
                context.replicas(),
                options.context(),
                wanted.parameters());
        DraftModelConfiguration wantedDraft = configuration.draftModel();
        LocalDraft draft = null;
        MemoryPlan plan;
        if (wantedDraft == null) {
            plan = MemoryPlan.of(library, header, request);
        } else {
            LocalDraft.Found drafting = LocalDraft.find(library, header, configuration, wantedDraft, listener);
            MemoryPlan.Pair plans = LocalDraft.plan(library, header, request, drafting, wantedDraft);
            LocalDraft.requireMemory(plans, drafting, availableBytes.getAsLong());
            plan = plans.target();
            if (library.supportsGpuOffload()) {
                listener.note("Memory of the draft model: " + plans.draft().explanation() + ".");
            }
            draft = LocalDraft.load(
                    library,
                    drafting,
                    wanted.parameters().withGpuLayers(plans.draft().gpuLayers()),
                    listener);
        }
        LlamaModel weights = null;
        boolean complete = false;
        try {
            if (library.supportsGpuOffload() && wanted.parameters().gpuLayers() != 0) {
                listener.note("Memory: " + plan.explanation() + ".");
            }
            weights = loadWeights(library, file, wanted.parameters().withGpuLayers(plan.gpuLayers()), listener);
            String problem = weights.chatTemplate().problem();
            if (problem != null) {
                listener.note("Conversations are laid out as ChatML, because " + problem + "; answers may be poor.");
            }
            draft = draft == null ? null : draft.draftsFor(weights, listener);
            LocalModel loaded = new LocalModel(
                    configuration,
                    ModelFiles.nameOf(wanted, found),
                    found,
                    weights,
                    options.withContext(options.context().withCells(plan.cells()))
                            .withHostThreads(context.helpers(isOnDevice(header, plan))),
                    draft);
            complete = true;
            return loaded;
        } finally {
            if (!complete) {
                close(draft, weights);
            }
        }
    }

    /** The format that is wished for, which may have to be found out first; null for the file as it is. */
    private static @Nullable Quantization wantedFormat(
            ModelFormats formats,
            LlamaLibrary library,
            Path found,
            HostConfiguration configuration,
            HostListener listener) {
        ModelConfiguration.FormatWish wish = formats.wish();
        return switch (wish) {
            case USUAL, NONE -> null;
            case Q8_0, Q6_K, Q4_K_M, Q4_K, Q4_0 -> Quantization.valueOf(wish.name());
            case AUTO -> {
                if (!formats.hasChoice(found)) {
                    yield null;
                }
                if (formats.kept(library, found).isEmpty()) {
                    requireUsable(library, found, configuration, listener);
                }
                FormatChoice choice = formats.keptOrMeasured(library, found, FormatChoice.Extent.CHOOSABLE);
                listener.note("Format: " + choice.reason());
                yield choice.best().requantized();
            }
        };
    }

    /** Looks at the file and has a process of its own try it, so that nothing is loaded that would end this one. */
    static GgufFile requireUsable(
            LlamaLibrary library, Path file, HostConfiguration configuration, HostListener listener) {
        GgufFile header = GgufFile.readModel(file);
        header.requireModel();
        // What a library does not know it refuses before it reads anything, and says so better than a trial could.
        if (configuration.model().tried()
                && LlamaLibrary.versionsFor(header.architecture()).contains(library.version())) {
            ModelTrials.in(configuration.environment().cacheDirectory())
                    .require(library, file, header.size(), listener::note);
        }
        return header;
    }

    /** Loads weights and nothing else; the caller closes them. */
    public static LlamaModel loadWeights(
            LlamaLibrary library, Path file, ModelParameters parameters, HostListener listener) {
        if (!listener.watchesLoading()) {
            return LlamaModel.load(library, file, parameters);
        }
        String label = String.valueOf(file.getFileName());
        try {
            return LlamaModel.load(library, file, parameters.withProgress(share -> listener.loading(label, share)));
        } finally {
            listener.loaded(label);
        }
    }

    /**
     * Loads a model and starts its engines, which is what {@link #load} and {@link #start} do one after the other.
     *
     * @param telemetry stays the caller's
     */
    public static LocalModel open(HostConfiguration configuration, Telemetry telemetry, HostListener listener) {
        LocalModel local = load(configuration, listener);
        try {
            local.start(telemetry);
            return local;
        } catch (RuntimeException | Error e) {
            local.close();
            throw e;
        }
    }

    /**
     * Starts an engine for each replica. Call once.
     *
     * @param telemetry stays the caller's
     */
    public void start(Telemetry telemetry) {
        DrafterSettings settings = configuration.draftTable() == null
                ? DrafterSettings.DEFAULT
                : DrafterSettings.DEFAULT.withBaseTable(
                        BaseTable.open(configuration.draftTable()).requireVocabulary(model.vocabulary()));
        DraftModelConfiguration drafting = configuration.draftModel();
        if (drafting != null) {
            settings = drafting.withChoice(settings, model.vocabulary());
        }
        EngineTelemetry instruments = telemetry.forEngine(name);
        List<DrafterSettings> each = new ArrayList<>();
        for (int replica = 0; replica < configuration.context().replicas(); replica++) {
            // All before the first engine: none is to serve if there is no memory for them.
            each.add(settings.withDraftModel(draftContexts()));
        }
        AnswerRecorder.Opener opener = configuration.recorder();
        recorder = opener == null ? null : opener.open(name, model);
        EngineOptions recording = options.withRecorder(recorder);
        each.forEach(own -> engines.add(Engine.start(model, recording, instruments, own)));
    }

    /**
     * Opens a context of the model that drafts, for one engine; null if there is none. It is freed with this, after the
     * engine has been closed.
     *
     * @throws AdedException.ResourceExhausted if there is no memory for it
     */
    public @Nullable DraftContexts draftContexts() {
        DraftModelConfiguration wanted = configuration.draftModel();
        if (draft == null || wanted == null) {
            return null;
        }
        return draft.open(
                wanted.threads() == 0 ? options.context() : options.context().withThreads(wanted.threads()));
    }

    /** The model that drafts; nothing if there is none. */
    public Optional<DraftDescription> draft() {
        return draft == null ? Optional.empty() : Optional.of(draft.description(options.context()));
    }

    /** What the model is called in messages and in the API: its catalogue name, else its file's name. */
    public String name() {
        return name;
    }

    /** The file as it came, from which the one in use may have been written. */
    public Path source() {
        return source;
    }

    /** What computes: other models are loaded beside this one by it. */
    public LlamaLibrary library() {
        return model.library();
    }

    /** The weights. They are closed with this. */
    public TargetModel model() {
        return model;
    }

    /** What each engine is: the context as long as fits. */
    public EngineOptions options() {
        return options;
    }

    /** The engine, or the first of several. */
    public Engine engine() {
        return engines.getFirst();
    }

    /** All engines, one a replica. */
    public List<Engine> engines() {
        return List.copyOf(engines);
    }

    /** The draft model first: it may be a copy of the other one. */
    private static void close(@Nullable LocalDraft draft, @Nullable LlamaModel model) {
        try {
            if (draft != null) {
                draft.close();
            }
        } finally {
            if (model != null) {
                model.close();
            }
        }
    }

    @Override
    public void close() {
        try {
            engines.forEach(Engine::close);
        } finally {
            try {
                if (recorder != null) {
                    recorder.close();
                }
            } finally {
                close(draft, model);
            }
        }
    }
}
