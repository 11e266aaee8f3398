package io.aded.lab.experiment;

import io.aded.draft.catalogue.DrafterSettings;
import io.aded.draft.select.DrafterChoice;
import io.aded.draft.table.BaseTable;
import io.aded.engine.EngineOptions;
import io.aded.lab.prompts.PromptTokens;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Machine;
import io.aded.lab.report.Progress;
import io.aded.lab.report.ProgressBar;
import io.aded.lab.report.ResultFiles;
import io.aded.model.TargetModel;
import java.io.PrintStream;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An experiment that is ready to start: its settings are good and its prompts are read.
 *
 * @param modes who takes part; {@code off} is among them
 * @param scenarios what is asked, at least one
 * @param source where the scenarios came from, for the report
 * @param settings how every mode answers
 * @param files where results go beside the terminal
 */
public record ExperimentPlan(
        List<ModeSpec> modes, List<Scenario> scenarios, String source, ExperimentSettings settings, ResultFiles files) {
    /** An experiment; the lists are copied. */
    public ExperimentPlan {
        modes = List.copyOf(modes);
        scenarios = List.copyOf(scenarios);
    }

    /**
     * Measures, prints the report and writes the files that were asked for. Takes as long as all the answers.
     *
     * @param modelName what the report calls the model
     * @param model stays the caller's
     * @param engine the engine's context; turns are submitted one at a time
     * @param drafters what drafters are made of, such as a model that drafts
     * @param version of this program, for the report
     * @param out receives the report
     * @param bar where progress is drawn, or null
     * @return how fast answers without drafts were; nothing if there were none, or all too short
     */
    public Optional<PlainRate> run(
            String modelName,
            TargetModel model,
            EngineOptions engine,
            DrafterSettings drafters,
            String version,
            PrintStream out,
            @Nullable PrintStream bar) {
        Machine machine = Machine.describe(InstantSource.system(), version, modelName, model.info(), engine.context());
        Progress progress = bar == null ? Progress.NONE : new ProgressBar(bar, System::nanoTime);
        Benchmark.Result result = new Benchmark(model, engine, drafters, modes, settings, progress).run(scenarios);
        Analysis analysis = new Analysis(modes, result.measurements(), settings.grouping(), settings.seed());
        String described = scenarios.size() + " of " + source;
        String text = new Report(analysis).render(machine, settings, described, result);
        out.print(text);
        out.flush();
        Plot picture = new Plot(analysis, machine, result.costs());
        files.write(
                () -> new JsonReport(analysis, prompted(model, drafters)).render(machine, settings, described, result),
                picture::svg,
                picture.title(),
                text);
        return analysis.plainRate();
    }

    private JsonReport.Prompted prompted(TargetModel model, DrafterSettings drafters) {
        return new JsonReport.Prompted() {
            @Override
            public long fingerprint() {
                return BaseTable.fingerprint(model.vocabulary());
            }

            @Override
            public boolean hasDraftModel() {
                return drafters.draftModel() != null;
            }

            @Override
            public double[] features(Scenario scenario) {
                return DrafterChoice.features(PromptTokens.ofFirstTurn(model, scenario, settings.raw()));
            }
        };
    }
}
