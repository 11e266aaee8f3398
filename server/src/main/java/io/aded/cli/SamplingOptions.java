package io.aded.cli;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.v1.Constraint;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Sampling;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How tokens are drawn. What is not given is the default of whoever decodes: ours here, the server's there. */
final class SamplingOptions {
    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "0 always takes the best token; up to 100. Default: 0.8.")
    private @Nullable Float temperature;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Of the random stream, 0 to 4294967295. Default: a new one.")
    private @Nullable Long seed;

    @Option(names = "--top-k", paramLabel = "K", description = "Keep the K best tokens; 0 keeps all. Default: 40.")
    private @Nullable Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Keep the best tokens up to this probability. Default: 0.95.")
    private @Nullable Float topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Drop tokens below this share of the best. Default: 0.05.")
    private @Nullable Float minP;

    @Option(names = "--typical-p", paramLabel = "P", description = "Locally typical sampling. Default: 1, off.")
    private @Nullable Float typicalP;

    @Option(
            names = "--top-n-sigma",
            paramLabel = "N",
            description = "Drop tokens below the best by more than N standard deviations. Default: 0, off.")
    private @Nullable Float topNSigma;

    @Option(
            names = "--xtc-probability",
            paramLabel = "P",
            description = "How often the top choices are dropped but the least likely of them. Default: 0, off.")
    private @Nullable Float xtcProbability;

    @Option(
            names = "--xtc-threshold",
            paramLabel = "P",
            description = "The probability of a top choice, up to 0.5. Default: 0.1.")
    private @Nullable Float xtcThreshold;

    @Option(
            names = "--dynamic-temperature-range",
            paramLabel = "T",
            description = "How far the temperature moves with the entropy. Default: 0, fixed.")
    private @Nullable Float dynamicTemperatureRange;

    @Option(
            names = "--dynamic-temperature-exponent",
            paramLabel = "X",
            description = "How a dynamic temperature rises with the entropy. Default: 1.")
    private @Nullable Float dynamicTemperatureExponent;

    @Option(
            names = "--mirostat-tau",
            paramLabel = "BITS",
            description = "The surprise per token that Mirostat holds to, in place of other filters. Default: 0, off.")
    private @Nullable Float mirostatTau;

    @Option(
            names = "--mirostat-eta",
            paramLabel = "X",
            description = "How fast Mirostat's bound moves, up to 1. Default: 0.1.")
    private @Nullable Float mirostatEta;

    @Option(names = "--repeat-penalty", paramLabel = "X", description = "Default: 1, off.")
    private @Nullable Float repeatPenalty;

    @Option(names = "--frequency-penalty", paramLabel = "X", description = "Default: 0, off.")
    private @Nullable Float frequencyPenalty;

    @Option(names = "--presence-penalty", paramLabel = "X", description = "Default: 0, off.")
    private @Nullable Float presencePenalty;

    @Option(
            names = "--penalty-window",
            paramLabel = "N",
            description = "Tokens that penalties look back on. Default: 64.")
    private @Nullable Integer penaltyWindow;

    @Option(
            names = "--dry-multiplier",
            paramLabel = "X",
            description = "Penalise what would continue a repetition (DRY). Default: 0, off.")
    private @Nullable Float dryMultiplier;

    @Option(
            names = "--dry-base",
            paramLabel = "X",
            description = "How the penalty of DRY grows with a repetition. Default: 1.75.")
    private @Nullable Float dryBase;

    @Option(
            names = "--dry-allowed-length",
            paramLabel = "N",
            description = "Tokens of a repetition that DRY lets pass. Default: 2.")
    private @Nullable Integer dryAllowedLength;

    @Option(names = "--dry-window", paramLabel = "N", description = "Tokens that DRY looks back on. Default: 4096.")
    private @Nullable Integer dryWindow;

    @Option(
            names = "--dry-sequence-breakers",
            paramLabel = "TEXT",
            description = "No repetition reaches across this text for DRY; may be given several times."
                    + " Default: line feed, colon, quote and asterisk.")
    private List<String> drySequenceBreakers = List.of();

    @Option(
            names = "--logit-bias",
            paramLabel = "TOKEN=BIAS",
            split = ",",
            description = "Add to a token's logit, -1000 to 1000; -Infinity forbids the token.")
    private Map<Integer, Float> logitBias = Map.of();

    @Option(names = "--grammar", paramLabel = "FILE", description = "A GBNF grammar that the answer must match.")
    private @Nullable Path grammar;

    @Option(names = "--json-schema", paramLabel = "FILE", description = "A JSON schema that the answer must match.")
    private @Nullable Path jsonSchema;

    /**
     * The parameters as a record, checked for whatever model: what only one with a vocabulary can say of them comes
     * when they are used.
     *
     * @throws AdedException.InvalidRequest naming all that is wrong
     */
    SamplingParameters parameters() {
        SamplingParameters usual = SamplingParameters.DEFAULT;
        SamplingParameters given = SamplingParameters.builder()
                .temperature(or(temperature, usual.temperature()))
                .topK(or(topK, usual.topK()))
                .topP(or(topP, usual.topP()))
                .minP(or(minP, usual.minP()))
                .typicalP(or(typicalP, usual.typicalP()))
                .topNSigma(or(topNSigma, usual.topNSigma()))
                .xtcProbability(or(xtcProbability, usual.xtcProbability()))
                .xtcThreshold(or(xtcThreshold, usual.xtcThreshold()))
                .dynamicTemperatureRange(or(dynamicTemperatureRange, usual.dynamicTemperatureRange()))
                .dynamicTemperatureExponent(or(dynamicTemperatureExponent, usual.dynamicTemperatureExponent()))
                .mirostatTau(or(mirostatTau, usual.mirostatTau()))
                .mirostatEta(or(mirostatEta, usual.mirostatEta()))
                .repeatPenalty(or(repeatPenalty, usual.repeatPenalty()))
                .frequencyPenalty(or(frequencyPenalty, usual.frequencyPenalty()))
                .presencePenalty(or(presencePenalty, usual.presencePenalty()))
                .penaltyWindow(or(penaltyWindow, usual.penaltyWindow()))
                .dryMultiplier(or(dryMultiplier, usual.dryMultiplier()))
                .dryBase(or(dryBase, usual.dryBase()))
                .dryAllowedLength(or(dryAllowedLength, usual.dryAllowedLength()))
                .dryWindow(or(dryWindow, usual.dryWindow()))
                .drySequenceBreakers(drySequenceBreakers.isEmpty() ? usual.drySequenceBreakers() : drySequenceBreakers)
                .seed(seed())
                .logitBias(logitBias)
                .grammar(OptionFiles.text("--grammar", grammar))
                .jsonSchema(OptionFiles.text("--json-schema", jsonSchema))
                .build();
        List<FieldViolation> wrong = given.violations("", Integer.MAX_VALUE);
        if (!wrong.isEmpty()) {
            throw new AdedException.InvalidRequest(wrong);
        }
        io.aded.serving.Constraint.of(given).check();
        return given;
    }

    /** Only what was given, for a server that has defaults of its own. */
    GenerationOptions.Builder message() {
        GenerationOptions.Builder options = GenerationOptions.newBuilder();
        Sampling.Builder message = options.getSamplingBuilder();
        if (temperature != null) {
            message.setTemperature(temperature);
        }
        if (topK != null) {
            message.setTopK(topK);
        }
        if (topP != null) {
            message.setTopP(topP);
        }
        if (minP != null) {
            message.setMinP(minP);
        }
        if (typicalP != null) {
            message.setTypicalP(typicalP);
        }
        if (topNSigma != null) {
            message.setTopNSigma(topNSigma);
        }
        if (xtcProbability != null) {
            message.setXtcProbability(xtcProbability);
        }
        if (xtcThreshold != null) {
            message.setXtcThreshold(xtcThreshold);
        }
        if (dynamicTemperatureRange != null) {
            message.setDynamicTemperatureRange(dynamicTemperatureRange);
        }
        if (dynamicTemperatureExponent != null) {
            message.setDynamicTemperatureExponent(dynamicTemperatureExponent);
        }
        if (mirostatTau != null) {
            message.setMirostatTau(mirostatTau);
        }
        if (mirostatEta != null) {
            message.setMirostatEta(mirostatEta);
        }
        if (repeatPenalty != null) {
            message.setRepeatPenalty(repeatPenalty);
        }
        if (frequencyPenalty != null) {
            message.setFrequencyPenalty(frequencyPenalty);
        }
        if (presencePenalty != null) {
            message.setPresencePenalty(presencePenalty);
        }
        if (penaltyWindow != null) {
            message.setPenaltyWindow(penaltyWindow);
        }
        if (dryMultiplier != null) {
            message.setDryMultiplier(dryMultiplier);
        }
        if (dryBase != null) {
            message.setDryBase(dryBase);
        }
        if (dryAllowedLength != null) {
            message.setDryAllowedLength(dryAllowedLength);
        }
        if (dryWindow != null) {
            message.setDryWindow(dryWindow);
        }
        message.addAllDrySequenceBreakers(drySequenceBreakers);
        Integer chosenSeed = seed();
        if (chosenSeed != null) {
            message.setSeed(chosenSeed);
        }
        message.putAllLogitBias(logitBias);
        String grammarText = OptionFiles.text("--grammar", grammar);
        String schemaText = OptionFiles.text("--json-schema", jsonSchema);
        if (grammarText != null && schemaText != null) {
            throw new AdedException.InvalidRequest("--json-schema", "is given beside --grammar; allowed: one of them");
        }
        if (grammarText != null) {
            options.setConstraint(Constraint.newBuilder().setGrammar(grammarText));
        } else if (schemaText != null) {
            options.setConstraint(Constraint.newBuilder().setJsonSchema(schemaText));
        }
        return options;
    }

    private @Nullable Integer seed() {
        if (seed == null) {
            return null;
        }
        if (seed < 0 || seed > 0xFFFF_FFFFL) {
            throw new AdedException.InvalidRequest("--seed", "is " + seed + "; allowed: 0 to 4294967295");
        }
        return seed.intValue();
    }

    private static <T> T or(@Nullable T given, T usual) {
        return given == null ? usual : given;
    }
}
