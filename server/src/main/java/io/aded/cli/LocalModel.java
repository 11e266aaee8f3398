package io.aded.cli;

import io.aded.engine.Engine;
import io.aded.engine.EngineOptions;
import io.aded.llama.LlamaLibrary;
import io.aded.llama.LlamaModel;
import io.aded.llama.ModelParameters;
import io.aded.model.ModelInfo;
import io.aded.model.TargetModel;
import io.aded.telemetry.Telemetry;
import java.nio.file.Path;
import java.util.function.Function;

/** A model that was loaded by this process, with the engine over it. Closing frees both, in order, once. */
final class LocalModel implements AutoCloseable {
    private final String name;
    private final LlamaModel model;
    private final Engine engine;

    private LocalModel(String name, LlamaModel model, Engine engine) {
        this.name = name;
        this.model = model;
        this.engine = engine;
    }

    /**
     * Finds, fetches and loads a model, and starts an engine over it.
     *
     * @param engineOptions what the engine is to be for the model
     * @param telemetry stays the caller's
     */
    static LocalModel open(
            Terminal terminal,
            ModelOptions.Choice choice,
            Function<ModelInfo, EngineOptions> engineOptions,
            DraftOptions draft,
            Telemetry telemetry) {
        // The library first: a wrong path should not be found out after a long download.
        LlamaLibrary library =
                LlamaLibrary.resolve(choice.natives(), terminal.surroundings().environment());
        Path file = Models.resolve(terminal, choice);
        String name = Models.nameOf(choice, file);
        LlamaModel model = load(terminal, library, file, choice.parameters());
        try {
            Engine engine = Engine.start(
                    model,
                    engineOptions.apply(model.info()),
                    telemetry.forEngine(name),
                    draft.settings(model.vocabulary()));
            return new LocalModel(name, model, engine);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /** Loads weights and shows how far it has got. */
    static LlamaModel load(Terminal terminal, LlamaLibrary library, Path file, ModelParameters parameters) {
        if (!terminal.interactive()) {
            return LlamaModel.load(library, file, parameters);
        }
        String label = "Loading " + file.getFileName();
        try {
            return LlamaModel.load(library, file, parameters.withProgress(share -> {
                terminal.err().printf("\r%s %3.0f%%", label, share * 100);
                terminal.err().flush();
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

    Engine engine() {
        return engine;
    }

    @Override
    public void close() {
        try {
            engine.close();
        } finally {
            model.close();
        }
    }
}
