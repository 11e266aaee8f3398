package io.aded.cli;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.host.AdedVersion;
import io.aded.host.ContextConfiguration;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.FormatChoice;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.lab.experiment.ExperimentPlan;
import io.aded.lab.experiment.ModeSpec;
import io.aded.lab.experiment.PlainRate;
import io.aded.llama.LlamaLibrary;
import io.aded.model.TargetModel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
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
    private final Terminal terminal;

    @Mixin
    private final BenchOptions options = new BenchOptions();

    @Mixin
    private final ModelOptions modelOptions = new ModelOptions();

    @Mixin
    private final DraftModelOptions draftModel = new DraftModelOptions();

    @Mixin
    private final FormatQuestion formats = new FormatQuestion();

    @Mixin
    private final ContextOptions contextOptions = new ContextOptions();

    BenchCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        ExperimentPlan plan = options.plan();
        ModelConfiguration wanted = modelOptions.configuration();
        ContextConfiguration context = contextOptions.configuration(1, 1);
        DraftModelConfiguration drafting = draftModel.configuration(wanted.model());
        for (ModeSpec mode : plan.modes()) {
            if (mode.policy() != null) {
                DraftModelOptions.require("--modes", mode.policy(), drafting);
            }
        }
        try (StandIn standIn = StandIn.named(wanted.model(), drafting)) {
            if (standIn == null) {
                measure(plan, wanted, context, drafting);
            } else {
                String guessing = standIn.draftLine();
                if (guessing != null) {
                    terminal.note("Draft model: " + guessing + ".");
                }
                EngineOptions engine = context.engineOptions(standIn.info(), DraftPolicy.OFF);
                run(plan, String.valueOf(wanted.model()), standIn.model(), engine, standIn.settings(engine));
            }
        }
        return ExitCode.OK.code();
    }

    /** Loads a model and measures with it. */
    private void measure(
            ExperimentPlan plan,
            ModelConfiguration wanted,
            ContextConfiguration context,
            @Nullable DraftModelConfiguration drafting) {
        HostConfiguration configuration = HostConfiguration.DEFAULT
                .withModel(wanted)
                .withContext(context)
                .withDraft(DraftPolicy.OFF, null)
                .withDraftModel(drafting)
                .withEnvironment(terminal.environment());
        LlamaLibrary library;
        Path file;
        Optional<PlainRate> answered;
        String format;
        try (LocalModel local =
                ProgressPrinter.during(terminal, listener -> LocalModel.load(configuration, listener))) {
            library = local.library();
            file = local.source();
            local.draft().ifPresent(model -> terminal.note("Draft model: " + model + "."));
            DrafterSettings drafters = DrafterSettings.DEFAULT.withDraftModel(local.draftContexts());
            if (drafting != null) {
                drafters = drafting.withChoice(drafters, local.model().vocabulary());
            }
            answered = run(plan, local.name(), local.model(), local.options(), drafters);
            format = local.model().info().quantization();
        }
        if (plan.settings().machine() != null) {
            return; // other formats would be timed on this machine
        }
        Optional<FormatChoice> choice = formats.answer(terminal, library, file, configuration.withDraftModel(null));
        FormatAdvice.of(choice, terminal.program(), wanted).print(terminal.out());
        FormatAdvice.contradiction(choice, format, answered).ifPresent(terminal.out()::println);
    }

    private Optional<PlainRate> run(
            ExperimentPlan plan, String name, TargetModel model, EngineOptions engine, DrafterSettings drafters) {
        if (!terminal.interactive()) {
            terminal.note("Measuring " + name + "; the tables come when all is measured.");
        }
        return plan.run(
                name,
                model,
                engine,
                drafters,
                AdedVersion.text(),
                terminal.out(),
                terminal.interactive() ? terminal.err() : null);
    }
}
