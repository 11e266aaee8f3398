package io.aded.cli;

import io.aded.draft.catalogue.DrafterKind;
import io.aded.draft.catalogue.DrafterSettings;
import io.aded.engine.DraftPolicy;
import io.aded.engine.EngineOptions;
import io.aded.host.AdedVersion;
import io.aded.host.ContextConfiguration;
import io.aded.host.DraftModelConfiguration;
import io.aded.host.HostConfiguration;
import io.aded.host.LocalModel;
import io.aded.host.ModelConfiguration;
import io.aded.lab.experiment.ExperimentPlan;
import io.aded.lab.experiment.ModeSpec;
import io.aded.llama.LlamaLibrary;
import io.aded.model.AdedException;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetModel;
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
        DraftModelConfiguration drafting = draftModel.configuration();
        if (drafting == null) {
            plan.modes().forEach(BenchCommand::requireNoModel);
        }
        if (SCRIPTED.equals(wanted.model())) {
            Double agreement = StandIn.agreement(drafting);
            if (agreement == null && drafting != null) {
                throw new AdedException.InvalidRequest(
                        "--draft-model", "can only be scripted[:SHARE], a share from 0 to 1, for the model scripted");
            }
            try (ScriptedModel model = new ScriptedModel(ScriptedModel.babble(1, 2));
                    TargetModel draft = model.draft(
                            agreement == null ? 0 : agreement, 1, _ -> {}, ScriptedModel.Cells.TAKEN_OVER)) {
                EngineOptions engine = context.engineOptions(model.info(), DraftPolicy.OFF);
                DrafterSettings drafters = agreement == null
                        ? DrafterSettings.DEFAULT
                        : DrafterSettings.DEFAULT.withDraftModel(StandIn.contexts(draft, engine));
                if (drafting != null) {
                    drafters = drafting.withChoice(drafters, model.vocabulary());
                }
                run(plan, SCRIPTED, model, engine, drafters);
            }
        } else {
            HostConfiguration configuration = HostConfiguration.DEFAULT
                    .withModel(wanted)
                    .withContext(context)
                    .withDraft(DraftPolicy.OFF, null)
                    .withDraftModel(drafting)
                    .withEnvironment(terminal.environment());
            LlamaLibrary library;
            Path file;
            try (LocalModel local =
                    ProgressPrinter.during(terminal, listener -> LocalModel.load(configuration, listener))) {
                library = local.library();
                file = local.source();
                local.draft().ifPresent(model -> terminal.note("Draft model: " + model + "."));
                DrafterSettings drafters = DrafterSettings.DEFAULT.withDraftModel(local.draftContexts());
                if (drafting != null) {
                    drafters = drafting.withChoice(drafters, local.model().vocabulary());
                }
                run(plan, local.name(), local.model(), local.options(), drafters);
            }
            FormatAdvice.of(
                            formats.answer(terminal, library, file, configuration.withDraftModel(null)),
                            terminal.program(),
                            wanted)
                    .print(terminal.out());
        }
        return ExitCode.OK.code();
    }

    private static void requireNoModel(ModeSpec mode) {
        DraftPolicy policy = mode.policy();
        if (policy != null && policy.mode().needsModel()) {
            throw new AdedException.InvalidRequest("modes", "has " + mode.label() + ", which " + DrafterKind.NO_MODEL);
        }
    }

    private void run(
            ExperimentPlan plan, String name, TargetModel model, EngineOptions engine, DrafterSettings drafters) {
        if (!terminal.interactive()) {
            terminal.note("Measuring " + name + "; the tables come when all is measured.");
        }
        plan.run(
                name,
                model,
                engine,
                drafters,
                AdedVersion.text(),
                terminal.out(),
                terminal.interactive() ? terminal.err() : null);
    }
}
