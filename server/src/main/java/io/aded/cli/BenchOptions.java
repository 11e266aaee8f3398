package io.aded.cli;

import io.aded.lab.experiment.ExperimentPlan;
import io.aded.lab.experiment.ExperimentSettings;
import io.aded.lab.experiment.ModeSpec;
import io.aded.lab.experiment.StatedMachine;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.StatedCurve;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.serving.Constraint;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * What to measure and how to tell: the options of {@code aded bench} beside those of the model and the context.
 */
final class BenchOptions {
    private static final String DEFAULT_MODES = "off,auto,aded-mcts,prompt-lookup";
    private static final String SYNTHETIC_MODES = "off,auto,aded:1,aded:2,aded:4,aded:8,aded:16";
    private static final int[] SWEEP = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32};

    @Mixin
    private final PromptOptions prompts = new PromptOptions();

    @Option(
            names = "--group-by",
            paramLabel = "task|category",
            description = "What results are grouped by. Default: task.")
    private Scenario.Grouping grouping = Scenario.Grouping.TASK;

    @Option(
            names = "--turns",
            paramLabel = "first|all",
            description = "How much of each conversation is held. Default: first.")
    private Turns turns = Turns.FIRST;

    @Option(
            names = "--modes",
            paramLabel = "LIST",
            description = {
                "Who takes part, separated by commas: ${bundle:every.drafter}, bare (a plain loop without the engine);",
                "NAME:N for at most N draft nodes. off always takes part. Default: " + DEFAULT_MODES + "."
            })
    private @Nullable String modeList;

    @Option(
            names = "--sweep",
            description = "Adds auto and aded:N for N from 1 to 32, and compares auto with the best N of each group.")
    private boolean sweep;

    @Option(
            names = "--synthetic-acceptance",
            paramLabel = "P",
            description = "Prices verification without text: drafts are right with chance P per token, 0 to 1.")
    private @Nullable Double syntheticAcceptance;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "128",
            description = "The longest answer. Default: ${DEFAULT-VALUE}.")
    private int maxTokens = 128;

    @Option(
            names = "--repeats",
            paramLabel = "R",
            defaultValue = "1",
            description = "Answers to each prompt by each mode. Default: ${DEFAULT-VALUE}.")
    private int repeats = 1;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "0 always takes the best token. Default: ${DEFAULT-VALUE}.")
    private float temperature;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "Of sampling, of the order of modes and of the statistics. Default: ${DEFAULT-VALUE}.")
    private int seed = 1;

    @Option(names = "--ignore-end", description = "Go on past the model's end tokens, so that all answers are as long.")
    private boolean ignoreEnd;

    @Option(names = "--json-schema", paramLabel = "FILE", description = "A JSON schema that every answer must match.")
    private @Nullable Path jsonSchema;

    @Option(names = "--raw", description = "Prompts go to the model as they are, without its chat template.")
    private boolean raw;

    @Option(names = "--warm", description = "Drafters keep what they learned from earlier prompts.")
    private boolean warm;

    @Option(
            names = "--curve",
            paramLabel = "NAME|N:COST,…",
            description = "Time is reckoned instead of measured: what a pass costs by its tokens, in passes of one, on"
                    + " amx, avx2, zen4, gpu, linear, or on one's own machine. The same figures, then, on a busy one.")
    private @Nullable String curve;

    @Option(
            names = "--pass",
            paramLabel = "MILLIS",
            description = "With --curve: milliseconds of a pass of one token. Default: ${DEFAULT-VALUE}.")
    private double passMillis = 50;

    @Option(
            names = "--draft-cost",
            paramLabel = "SHARE",
            description =
                    "With --curve: what a pass of the draft model costs, in passes of the model. Default: as their"
                            + " bytes are.")
    private @Nullable Double draftCost;

    @Mixin
    private final ResultOptions results = new ResultOptions();

    /** How much of a conversation is held. */
    enum Turns {
        FIRST,
        ALL
    }

    /**
     * Checks the options and reads the prompts, before anything takes time.
     *
     * @throws AdedException.InvalidRequest naming every option that is wrong
     */
    ExperimentPlan plan() {
        checkOptions();
        SamplingParameters sampling =
                temperature == 0f ? SamplingParameters.GREEDY : SamplingParameters.DEFAULT.withTemperature(temperature);
        ExperimentSettings settings = new ExperimentSettings(
                        maxTokens,
                        repeats,
                        sampling.withSeed(seed).withJsonSchema(schema()),
                        ignoreEnd || syntheticAcceptance != null,
                        raw,
                        warm,
                        grouping,
                        seed,
                        syntheticAcceptance)
                .withMachine(machine());
        return new ExperimentPlan(modes(), scenarios(), prompts.source(), settings, results.files());
    }

    private @Nullable StatedMachine machine() {
        String named = curve;
        if (named == null) {
            return null;
        }
        try {
            return new StatedMachine(StatedCurve.parse(named), passMillis, draftCost);
        } catch (IllegalArgumentException e) {
            throw new AdedException.InvalidRequest("--curve", String.valueOf(e.getMessage()));
        }
    }

    private @Nullable String schema() {
        String text = OptionFiles.text("--json-schema", jsonSchema);
        if (text != null) {
            new Constraint.JsonSchema(text).check();
        }
        return text;
    }

    private void checkOptions() {
        List<FieldViolation> wrong = new ArrayList<>();
        LoadOptions.within(wrong, "--max-tokens", maxTokens, 1, 1 << 20);
        LoadOptions.within(wrong, "--repeats", repeats, 1, 1000);
        prompts.check(wrong);
        if (!(temperature >= 0f && temperature <= 100f)) {
            wrong.add(new FieldViolation("--temperature", "is " + temperature + "; allowed: 0 to 100"));
        }
        if (!(passMillis > 0 && passMillis <= 60_000)) {
            wrong.add(new FieldViolation("--pass", "is " + passMillis + "; allowed: above 0, up to 60000"));
        }
        Double share = draftCost;
        if (share != null && !(share > 0 && share <= 1000)) {
            wrong.add(new FieldViolation("--draft-cost", "is " + share + "; allowed: above 0, up to 1000"));
        }
        Double acceptance = syntheticAcceptance;
        if (acceptance != null) {
            if (!(acceptance >= 0 && acceptance <= 1)) {
                wrong.add(new FieldViolation("--synthetic-acceptance", "is " + acceptance + "; allowed: 0 to 1"));
            }
            if (turns == Turns.ALL) {
                wrong.add(
                        new FieldViolation("--synthetic-acceptance", "knows first turns only; leave out --turns all"));
            }
        }
        results.files().check(wrong);
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    private List<ModeSpec> modes() {
        String list = modeList;
        if (list == null) {
            list = syntheticAcceptance != null ? SYNTHETIC_MODES : sweep ? "off,auto" : DEFAULT_MODES;
        }
        Set<ModeSpec> modes = new LinkedHashSet<>(ModeSpec.parse(list));
        if (sweep) {
            modes.addAll(ModeSpec.parse("auto"));
            for (int nodes : SWEEP) {
                modes.add(ModeSpec.fixed(nodes));
            }
        }
        if (curve != null && modes.contains(ModeSpec.BARE)) {
            throw new AdedException.InvalidRequest(
                    "--modes", "bare is timed by the clock, and with --curve time is reckoned; leave it out");
        }
        if (syntheticAcceptance != null) {
            for (ModeSpec mode : modes) {
                if (mode.isBaseline() || mode.label().startsWith("aded-mcts")) {
                    throw new AdedException.InvalidRequest(
                            "--modes",
                            mode.label()
                                    + " has its own drafts; with --synthetic-acceptance allowed: off, auto, aded:N,"
                                    + " bare");
                }
            }
        }
        return List.copyOf(modes);
    }

    private List<Scenario> scenarios() {
        List<Scenario> selected = prompts.scenarios(grouping);
        return switch (turns) {
            case ALL -> selected;
            case FIRST -> selected.stream().map(Scenario::firstTurn).toList();
        };
    }
}
