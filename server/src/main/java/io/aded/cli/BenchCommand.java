package io.aded.cli;

import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.lab.experiment.ExperimentPlan;
import io.aded.llama.LlamaLibrary;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
import io.aded.natives.LibraryChoice;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Measures what drafting is worth. */
@Command(
        name = "bench",
        description = {
            "Measures what drafting is worth on this machine, with this model, on your text.",
            "All modes answer the same prompts in one run, interleaved, over one engine and one loaded model."
        })
final class BenchCommand implements Callable<Integer> {
    /** Not a file: a model in plain Java, without weights, to try the command itself. */
    private static final String SCRIPTED = "scripted";

    private final Terminal terminal;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final ModelOptions modelOptions = new ModelOptions();

    @Mixin
    private final ContextOptions contextOptions = new ContextOptions();

    @Mixin
    private final RequantizeOption requantize = new RequantizeOption();

    BenchCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ExperimentPlan plan = options.plan();
        ModelOptions.Choice choice = modelOptions.choice();
        if (SCRIPTED.equals(choice.model())) {
            try (TargetModel model = new ScriptedModel(ScriptedModel.babble(1, 2))) {
                run(plan, SCRIPTED, model, contextOptions.engineOptions(model.info(), 1, 1, DraftPolicy.OFF));
            }
        } else {
            LlamaLibrary library = LibraryChoice.of(terminal.surroundings()).open(choice.natives(), terminal::note);
            Path file = Models.resolve(terminal, choice);
            LocalModel.Loaded loaded = load(library, requantize.apply(terminal, library, file), choice);
            try (TargetModel model = loaded.model()) {
                run(plan, Models.nameOf(choice, file), model, loaded.options());
            }
        }
        return ExitCode.OK.code();
    }

    private void run(ExperimentPlan plan, String name, TargetModel model, EngineOptions engine) {
        plan.run(
                name,
                model,
                engine,
                AdedCommand.Version.text(),
                terminal.out(),
                terminal.interactive() ? terminal.err() : null);
    }

    private LocalModel.Loaded load(LlamaLibrary library, Path file, ModelOptions.Choice choice) {
        return LocalModel.load(
                terminal,
                library,
                file,
                choice,
                contextOptions,
                1,
                model -> contextOptions.engineOptions(model, 1, 1, DraftPolicy.OFF));
    }
}
