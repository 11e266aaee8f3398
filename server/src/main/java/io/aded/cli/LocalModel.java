package io.aded.cli;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.gguf.GgufFile;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.MemoryPlan;
import io.aded.llama.ModelParameters;
import io.aded.model.TargetModel;
import io.aded.natives.LibraryChoice;
import io.aded.telemetry.EngineTelemetry;
import io.aded.telemetry.Telemetry;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.Function;

/** A model that was loaded by this process, with one or more engines over it. Closing frees all, in order, once. */
final class LocalModel implements AutoCloseable {
    private final String name;
    private final LlamaModel model;
    private final List<Engine> engines;

    private LocalModel(String name, LlamaModel model, List<Engine> engines) {
        this.name = name;
        this.model = model;
        this.engines = engines;
    }

    /**
     * Finds, fetches and loads a model, and starts one engine over it.
     *
     * @param context what the user said about the context
     * @param engineOptions what the engine is to be for the model
     * @param telemetry stays the caller's
     */
    static LocalModel open(
            Terminal terminal,
            ModelOptions.Choice choice,
            ContextOptions context,
            Function<GgufFile, EngineOptions> engineOptions,
            DraftOptions draft,
            Telemetry telemetry) {
        return open(
                terminal,
                choice,
                (library, file) -> file,
                context,
                new ReplicaOption(),
                engineOptions,
                draft,
                telemetry);
    }

    /**
     * As above, with another file in the model's place, and more than one engine.
     *
     * @param prepared the file to load for the one that was found
     * @param replicas how many engines
     * @param engineOptions what each engine is to be for the model
     */
    static LocalModel open(
            Terminal terminal,
            ModelOptions.Choice choice,
            BiFunction<LlamaLibrary, Path, Path> prepared,
            ContextOptions context,
            ReplicaOption replicas,
            Function<GgufFile, EngineOptions> engineOptions,
            DraftOptions draft,
            Telemetry telemetry) {
        int count = replicas.count();
        // The library first: a wrong path should not be found out after a long download.
        LlamaLibrary library = LibraryChoice.of(terminal.surroundings()).open(choice.natives(), terminal::note);
        Path file = Models.resolve(terminal, choice);
        String name = Models.nameOf(choice, file);
        Loaded loaded = load(
                terminal,
                library,
                prepared.apply(library, file),
                choice,
                context,
                count,
                header -> replicas.share(engineOptions.apply(header)));
        LlamaModel model = loaded.model();
        List<Engine> engines = new ArrayList<>();
        LocalModel local = new LocalModel(name, model, engines);
        try {
            DrafterSettings settings = draft.settings(model.vocabulary());
            EngineTelemetry instruments = telemetry.forEngine(name);
            for (int replica = 0; replica < count; replica++) {
                engines.add(Engine.start(model, loaded.options(), instruments, settings));
            }
            return local;
        } catch (RuntimeException | Error e) {
            local.close();
            throw e;
        }
    }

    /**
     * A model with what its engine is to be.
     *
     * @param model the caller's to close
     * @param options with as long a context as fits
     */
    record Loaded(LlamaModel model, EngineOptions options) {}

    /**
     * Loads weights, as many layers of them on the GPU as fit there, if there is one and the user named no number.
     *
     * @param contexts contexts that there will be over the weights
     */
    static Loaded load(
            Terminal terminal,
            LlamaLibrary library,
            Path file,
            ModelOptions.Choice choice,
            ContextOptions context,
            int contexts,
            Function<GgufFile, EngineOptions> engineOptions) {
        GgufFile header = GgufFile.read(file);
        header.requireModel();
        EngineOptions wanted = engineOptions.apply(header);
        int cells = wanted.context().cells();
        ModelParameters parameters = choice.parameters();
        MemoryPlan plan = MemoryPlan.of(
                library,
                header,
                new MemoryPlan.Request(
                        choice.fit() ? MemoryPlan.AUTO_LAYERS : parameters.gpuLayers(),
                        cells,
                        context.leastCells(cells),
                        contexts,
                        wanted.context(),
                        parameters));
        if (library.supportsGpuOffload() && parameters.gpuLayers() != 0) {
            terminal.note("Memory: " + plan.explanation() + ".");
        }
        return new Loaded(
                load(terminal, library, file, parameters.withGpuLayers(plan.gpuLayers())),
                wanted.withContext(wanted.context().withCells(plan.cells())));
    }

    /** Loads weights and shows how far it has got. */
    static LlamaModel load(Terminal terminal, LlamaLibrary library, Path file, ModelParameters parameters) {
        if (!terminal.interactive()) {
            return LlamaModel.load(library, file, parameters);
        }
        String label = "Loading " + file.getFileName();
        AtomicInteger shown = new AtomicInteger(-1);
        try {
            return LlamaModel.load(library, file, parameters.withProgress(share -> {
                int percent = (int) (share * 100);
                if (shown.getAndSet(percent) != percent) {
                    terminal.err().printf("\r%s %3d%%", label, percent);
                    terminal.err().flush();
                }
            }));
        } finally {
            terminal.err().print("\r" + " ".repeat(label.length() + 5) + "\r");
            terminal.err().flush();
        }
    }

    String name() {
        return name;
    }

    TargetModel model() {
        return model;
    }

    /** The engine, or the first of several. */
    Engine engine() {
        return engines.getFirst();
    }

    List<Engine> engines() {
        return List.copyOf(engines);
    }

    @Override
    public void close() {
        try {
            engines.forEach(Engine::close);
        } finally {
            model.close();
        }
    }
}
