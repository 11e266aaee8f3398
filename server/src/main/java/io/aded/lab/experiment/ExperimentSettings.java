package io.aded.lab.experiment;

import io.aded.lab.prompts.Scenario;
import io.aded.model.SamplingParameters;
import org.jspecify.annotations.Nullable;

/**
 * How every mode answers.
 *
 * @param maxTokens the most tokens of an answer, at least 1
 * @param repeats how often each prompt is answered by each mode, at least 1
 * @param sampling how tokens are drawn, with a seed
 * @param ignoreEnd whether to go on past the model's end tokens
 * @param raw whether prompts go to the model as they are, without its chat template
 * @param warm whether a mode's drafter remembers earlier prompts
 * @param grouping what results are grouped by
 * @param seed of the order of modes, of the bootstrap and of synthetic acceptance
 * @param syntheticAcceptance the chance that a draft token is right, in [0, 1]; null drafts for real
 * @param machine what passes take; null for what they do take
 */
public record ExperimentSettings(
        int maxTokens,
        int repeats,
        SamplingParameters sampling,
        boolean ignoreEnd,
        boolean raw,
        boolean warm,
        Scenario.Grouping grouping,
        long seed,
        @Nullable Double syntheticAcceptance,
        @Nullable StatedMachine machine) {

    /** On this machine, by its clock. */
    public ExperimentSettings(
            int maxTokens,
            int repeats,
            SamplingParameters sampling,
            boolean ignoreEnd,
            boolean raw,
            boolean warm,
            Scenario.Grouping grouping,
            long seed,
            @Nullable Double syntheticAcceptance) {
        this(maxTokens, repeats, sampling, ignoreEnd, raw, warm, grouping, seed, syntheticAcceptance, null);
    }

    /** Greedy, one repeat, chat template, cold drafts, grouped by task. */
    public static ExperimentSettings of(int maxTokens) {
        return new ExperimentSettings(
                maxTokens,
                1,
                SamplingParameters.GREEDY.withSeed(1),
                false,
                false,
                false,
                Scenario.Grouping.TASK,
                1,
                null);
    }

    ExperimentSettings withMaxTokens(int tokens) {
        return new ExperimentSettings(
                tokens, repeats, sampling, ignoreEnd, raw, warm, grouping, seed, syntheticAcceptance, machine);
    }

    /** The same on a machine that is stated; null for this one. */
    public ExperimentSettings withMachine(@Nullable StatedMachine stated) {
        return new ExperimentSettings(
                maxTokens, repeats, sampling, ignoreEnd, raw, warm, grouping, seed, syntheticAcceptance, stated);
    }
}
