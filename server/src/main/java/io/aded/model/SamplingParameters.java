package io.aded.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a stream draws its tokens. The filters apply in llama.cpp's order: logit bias, grammar, penalties, DRY,
 * top-n-sigma, top-k, typical, top-p, min-p, XTC, temperature (fixed or dynamic), then one draw. At temperature 0 the
 * best token is taken after bias, grammar, penalties and DRY.
 *
 * @param temperature 0 (always the best token) to 100; less than 0.000001 becomes 0
 * @param topK keep the k best tokens; 0 keeps all
 * @param topP keep the smallest set of tokens whose probability reaches this, in (0, 1]; 1 keeps all
 * @param minP drop tokens below this share of the best one's probability, in [0, 1]; 0 keeps all
 * @param typicalP locally typical sampling, in (0, 1]; 1 switches it off
 * @param topNSigma drop tokens more than so many standard deviations below the best logit, in [0, 100]; 0 keeps all
 * @param xtcProbability how often XTC drops the top choices but the least likely of them, in [0, 1]; 0 switches it off
 * @param xtcThreshold the probability from which on a token is a top choice for XTC, in (0, 0.5]
 * @param dynamicTemperatureRange how far the temperature moves with the entropy, either way, in [0, 100]; 0 keeps it
 *     fixed
 * @param dynamicTemperatureExponent the power of the relative entropy by which a dynamic temperature rises, in (0, 100]
 * @param mirostatTau the surprise per token, in bits, that Mirostat holds the answer to, in [0, 100]; 0 switches it
 *     off. While on, it stands for every filter between DRY and the temperature, which is a fixed one then
 * @param mirostatEta how far Mirostat's bound moves for each bit that a token's surprise is off, in (0, 1]
 * @param repeatPenalty divides the logit of tokens seen lately, in (0, 100]; 1 switches it off
 * @param frequencyPenalty subtracted per occurrence, in [-100, 100]; 0 switches it off
 * @param presencePenalty subtracted once from tokens seen lately, in [-100, 100]; 0 switches it off
 * @param penaltyWindow tokens that penalties look back on, 0 to 65536
 * @param dryMultiplier what a token that would continue a repetition is penalised by at first, in [0, 100]; 0 switches
 *     DRY off
 * @param dryBase how the penalty of DRY grows with each token of a repetition, in [1, 100]
 * @param dryAllowedLength the length in tokens from which on DRY penalises a repetition, 1 to 65536
 * @param dryWindow tokens that DRY looks back on, 0 to 65536
 * @param drySequenceBreakers texts that no repetition reaches across for DRY; at most 16, each 1 to 40 bytes of UTF-8
 * @param seed of the random stream; null draws one, which is reported with the result
 * @param logitBias added to the logits of tokens, each in [-1000, 1000], or negative infinity to forbid the token
 * @param grammar a GBNF grammar that the answer must match, or null
 * @param jsonSchema a JSON schema that the answer must match, or null; excludes {@code grammar}
 */
public record SamplingParameters(
        float temperature,
        int topK,
        float topP,
        float minP,
        float typicalP,
        float topNSigma,
        float xtcProbability,
        float xtcThreshold,
        float dynamicTemperatureRange,
        float dynamicTemperatureExponent,
        float mirostatTau,
        float mirostatEta,
        float repeatPenalty,
        float frequencyPenalty,
        float presencePenalty,
        int penaltyWindow,
        float dryMultiplier,
        float dryBase,
        int dryAllowedLength,
        int dryWindow,
        List<String> drySequenceBreakers,
        @Nullable Integer seed,
        Map<Integer, Float> logitBias,
        @Nullable String grammar,
        @Nullable String jsonSchema) {

    /** llama.cpp's defaults: temperature 0.8, top-k 40, top-p 0.95, min-p 0.05. */
    public static final SamplingParameters DEFAULT = new Builder().build();

    /** The best token, always. */
    public static final SamplingParameters GREEDY =
            new Builder().temperature(0f).topK(0).topP(1f).minP(0f).build();

    /** Divided by less than this, logits overflow; what comes of it is the same as what comes of this. */
    private static final float LEAST_DIVISOR = 1e-6f;

    /** How many bad biases are named one by one. */
    private static final int BIASES_NAMED = 8;

    /** Defensive copies of the list and the map; what no logit can be divided by becomes what means the same. */
    public SamplingParameters {
        temperature = temperature > 0f && temperature < LEAST_DIVISOR ? 0f : temperature;
        repeatPenalty = repeatPenalty > 0f && repeatPenalty < LEAST_DIVISOR ? LEAST_DIVISOR : repeatPenalty;
        drySequenceBreakers = List.copyOf(drySequenceBreakers);
        logitBias = Map.copyOf(logitBias);
    }

    /** Whether the largest raw logit always wins, so that no chain of filters is needed. */
    public boolean isPlainGreedy() {
        return temperature == 0f && !usesPenalties() && !usesDry() && logitBias.isEmpty() && !isConstrained();
    }

    /** Whether a penalty is on. */
    public boolean usesPenalties() {
        return penaltyWindow != 0 && (repeatPenalty != 1f || frequencyPenalty != 0f || presencePenalty != 0f);
    }

    /** Whether DRY is on. */
    public boolean usesDry() {
        return dryMultiplier != 0f && dryWindow != 0;
    }

    /** How many of the last tokens the sampler must know, the prompt's among them. */
    public int lookBack() {
        return Math.max(usesPenalties() ? penaltyWindow : 0, usesDry() ? dryWindow : 0);
    }

    /** Whether a grammar or schema constrains the answer. */
    public boolean isConstrained() {
        return grammar != null || jsonSchema != null;
    }

    /** The same with another temperature. */
    public SamplingParameters withTemperature(float value) {
        return toBuilder().temperature(value).build();
    }

    /** The same with another seed. */
    public SamplingParameters withSeed(@Nullable Integer value) {
        return toBuilder().seed(value).build();
    }

    /** The same with other numbers added to the logits of tokens. */
    public SamplingParameters withLogitBias(Map<Integer, Float> value) {
        return toBuilder().logitBias(value).build();
    }

    /** The same with another grammar. */
    public SamplingParameters withGrammar(@Nullable String value) {
        return toBuilder().grammar(value).build();
    }

    /** The same with another schema. */
    public SamplingParameters withJsonSchema(@Nullable String value) {
        return toBuilder().jsonSchema(value).build();
    }

    /** Starts with {@link #DEFAULT}. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts with these. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /**
     * Everything that is wrong, each named as the API names the field below {@code prefix}.
     *
     * @param prefix the path of the message that holds the fields, such as {@code sampling.}; may be empty
     * @param vocabularySize token ids in the bias must be below it
     */
    public List<FieldViolation> violations(String prefix, int vocabularySize) {
        List<FieldViolation> found = new ArrayList<>();
        within(found, prefix + "temperature", temperature, 0f, 100f);
        if (topK < 0) {
            found.add(new FieldViolation(prefix + "top_k", "is " + topK + "; allowed: 0 (all) or more"));
        }
        withinOpen(found, prefix + "top_p", topP, 1f);
        within(found, prefix + "min_p", minP, 0f, 1f);
        withinOpen(found, prefix + "typical_p", typicalP, 1f);
        within(found, prefix + "top_n_sigma", topNSigma, 0f, 100f);
        within(found, prefix + "xtc_probability", xtcProbability, 0f, 1f);
        withinOpen(found, prefix + "xtc_threshold", xtcThreshold, 0.5f);
        within(found, prefix + "dynamic_temperature_range", dynamicTemperatureRange, 0f, 100f);
        withinOpen(found, prefix + "dynamic_temperature_exponent", dynamicTemperatureExponent, 100f);
        within(found, prefix + "mirostat_tau", mirostatTau, 0f, 100f);
        withinOpen(found, prefix + "mirostat_eta", mirostatEta, 1f);
        withinOpen(found, prefix + "repeat_penalty", repeatPenalty, 100f);
        within(found, prefix + "frequency_penalty", frequencyPenalty, -100f, 100f);
        within(found, prefix + "presence_penalty", presencePenalty, -100f, 100f);
        if (penaltyWindow < 0 || penaltyWindow > 65536) {
            found.add(new FieldViolation(
                    prefix + "penalty_window", "is " + penaltyWindow + "; allowed: 0 (off) to 65536 tokens"));
        }
        within(found, prefix + "dry_multiplier", dryMultiplier, 0f, 100f);
        within(found, prefix + "dry_base", dryBase, 1f, 100f);
        if (dryAllowedLength < 1 || dryAllowedLength > 65536) {
            found.add(new FieldViolation(
                    prefix + "dry_allowed_length", "is " + dryAllowedLength + "; allowed: 1 to 65536 tokens"));
        }
        if (dryWindow < 0 || dryWindow > 65536) {
            found.add(new FieldViolation(
                    prefix + "dry_window", "is " + dryWindow + "; allowed: 0 (off) to 65536 tokens"));
        }
        breakers(found, prefix + "dry_sequence_breakers");
        biases(found, prefix + "logit_bias", vocabularySize);
        if (logitBias.size() >= vocabularySize
                && logitBias.values().stream().allMatch(bias -> bias == Float.NEGATIVE_INFINITY)) {
            found.add(new FieldViolation(
                    prefix + "logit_bias", "forbids every token of the vocabulary; allowed: to leave one or more"));
        }
        if (grammar != null && jsonSchema != null) {
            found.add(new FieldViolation(prefix + "json_schema", "cannot be combined with grammar; set one of them"));
        }
        return found;
    }

    private void biases(List<FieldViolation> found, String field, int vocabularySize) {
        int bad = 0;
        for (Map.Entry<Integer, Float> entry : logitBias.entrySet()) {
            int token = entry.getKey();
            float bias = entry.getValue();
            boolean unknown = token < 0 || token >= vocabularySize;
            boolean outside = Float.isNaN(bias) || bias > 1000f || (bias < -1000f && bias != Float.NEGATIVE_INFINITY);
            if ((unknown || outside) && bad++ >= BIASES_NAMED) {
                continue;
            }
            if (unknown) {
                found.add(new FieldViolation(
                        field, "token " + token + " is not in the vocabulary; allowed: 0 to " + (vocabularySize - 1)));
            }
            if (outside) {
                found.add(new FieldViolation(
                        field,
                        "bias " + bias + " of token " + token
                                + "; allowed: -1000 to 1000, or negative infinity to forbid the token"));
            }
        }
        if (bad > BIASES_NAMED) {
            found.add(new FieldViolation(field, "has " + (bad - BIASES_NAMED) + " more that are not allowed"));
        }
    }

    private void breakers(List<FieldViolation> found, String field) {
        if (drySequenceBreakers.size() > 16) {
            found.add(new FieldViolation(field, "are " + drySequenceBreakers.size() + "; allowed: up to 16"));
        }
        for (int i = 0; i < drySequenceBreakers.size(); i++) {
            int bytes = drySequenceBreakers.get(i).getBytes(StandardCharsets.UTF_8).length;
            if (bytes < 1 || bytes > 40) {
                found.add(new FieldViolation(
                        field + "[" + i + "]", "is " + bytes + " bytes long; allowed: 1 to 40 bytes of UTF-8"));
            } else if (drySequenceBreakers.get(i).indexOf('\0') >= 0) {
                found.add(new FieldViolation(field + "[" + i + "]", "contains the character U+0000"));
            }
        }
    }

    private static void within(List<FieldViolation> found, String field, float value, float least, float most) {
        if (!(value >= least && value <= most)) {
            found.add(new FieldViolation(field, "is " + value + "; allowed: " + least + " to " + most));
        }
    }

    private static void withinOpen(List<FieldViolation> found, String field, float value, float most) {
        if (!(value > 0f && value <= most)) {
            found.add(new FieldViolation(field, "is " + value + "; allowed: above 0, up to " + most));
        }
    }

    /** Collects what differs. Values are checked by {@link #violations}, not here. */
    public static final class Builder {
        private float temperature = 0.8f;
        private int topK = 40;
        private float topP = 0.95f;
        private float minP = 0.05f;
        private float typicalP = 1f;
        private float topNSigma = 0f;
        private float xtcProbability = 0f;
        private float xtcThreshold = 0.1f;
        private float dynamicTemperatureRange = 0f;
        private float dynamicTemperatureExponent = 1f;
        private float mirostatTau = 0f;
        private float mirostatEta = 0.1f;
        private float repeatPenalty = 1f;
        private float frequencyPenalty = 0f;
        private float presencePenalty = 0f;
        private int penaltyWindow = 64;
        private float dryMultiplier = 0f;
        private float dryBase = 1.75f;
        private int dryAllowedLength = 2;
        private int dryWindow = 4096;
        private List<String> drySequenceBreakers = List.of("\n", ":", "\"", "*");
        private @Nullable Integer seed;
        private Map<Integer, Float> logitBias = Map.of();
        private @Nullable String grammar;
        private @Nullable String jsonSchema;

        private Builder() {}

        private Builder(SamplingParameters from) {
            temperature = from.temperature;
            topK = from.topK;
            topP = from.topP;
            minP = from.minP;
            typicalP = from.typicalP;
            topNSigma = from.topNSigma;
            xtcProbability = from.xtcProbability;
            xtcThreshold = from.xtcThreshold;
            dynamicTemperatureRange = from.dynamicTemperatureRange;
            dynamicTemperatureExponent = from.dynamicTemperatureExponent;
            mirostatTau = from.mirostatTau;
            mirostatEta = from.mirostatEta;
            repeatPenalty = from.repeatPenalty;
            frequencyPenalty = from.frequencyPenalty;
            presencePenalty = from.presencePenalty;
            penaltyWindow = from.penaltyWindow;
            dryMultiplier = from.dryMultiplier;
            dryBase = from.dryBase;
            dryAllowedLength = from.dryAllowedLength;
            dryWindow = from.dryWindow;
            drySequenceBreakers = from.drySequenceBreakers;
            seed = from.seed;
            logitBias = from.logitBias;
            grammar = from.grammar;
            jsonSchema = from.jsonSchema;
        }

        /** 0 (always the best token) to 100. */
        public Builder temperature(float value) {
            temperature = value;
            return this;
        }

        /** Keep the k best tokens; 0 keeps all. */
        public Builder topK(int value) {
            topK = value;
            return this;
        }

        /** Keep the best tokens up to this probability: above 0, up to 1 (all). */
        public Builder topP(float value) {
            topP = value;
            return this;
        }

        /** Drop tokens below this share of the best one's probability: 0 (none) to 1. */
        public Builder minP(float value) {
            minP = value;
            return this;
        }

        /** Locally typical sampling: above 0, up to 1 (off). */
        public Builder typicalP(float value) {
            typicalP = value;
            return this;
        }

        /** Drop tokens more than so many standard deviations below the best logit: 0 (off) to 100. */
        public Builder topNSigma(float value) {
            topNSigma = value;
            return this;
        }

        /** How often XTC drops the top choices but the least likely of them: 0 (off) to 1. */
        public Builder xtcProbability(float value) {
            xtcProbability = value;
            return this;
        }

        /** The probability from which on a token is a top choice for XTC: above 0, up to 0.5. */
        public Builder xtcThreshold(float value) {
            xtcThreshold = value;
            return this;
        }

        /** How far the temperature moves with the entropy, either way: 0 (fixed) to 100. */
        public Builder dynamicTemperatureRange(float value) {
            dynamicTemperatureRange = value;
            return this;
        }

        /** The power of the relative entropy by which a dynamic temperature rises: above 0, up to 100. */
        public Builder dynamicTemperatureExponent(float value) {
            dynamicTemperatureExponent = value;
            return this;
        }

        /** The surprise per token, in bits, that Mirostat holds the answer to: 0 (off) to 100. */
        public Builder mirostatTau(float value) {
            mirostatTau = value;
            return this;
        }

        /** How far Mirostat's bound moves for each bit that a token's surprise is off: above 0, up to 1. */
        public Builder mirostatEta(float value) {
            mirostatEta = value;
            return this;
        }

        /** Above 0, up to 100; 1 is off. */
        public Builder repeatPenalty(float value) {
            repeatPenalty = value;
            return this;
        }

        /** -100 to 100; 0 is off. */
        public Builder frequencyPenalty(float value) {
            frequencyPenalty = value;
            return this;
        }

        /** -100 to 100; 0 is off. */
        public Builder presencePenalty(float value) {
            presencePenalty = value;
            return this;
        }

        /** Tokens that penalties look back on: 0 to 65536. */
        public Builder penaltyWindow(int value) {
            penaltyWindow = value;
            return this;
        }

        /** What a token that would continue a repetition is penalised by at first: 0 (off) to 100. */
        public Builder dryMultiplier(float value) {
            dryMultiplier = value;
            return this;
        }

        /** How the penalty of DRY grows with each token of a repetition: 1 to 100. */
        public Builder dryBase(float value) {
            dryBase = value;
            return this;
        }

        /** The length in tokens from which on DRY penalises a repetition: 1 to 65536. */
        public Builder dryAllowedLength(int value) {
            dryAllowedLength = value;
            return this;
        }

        /** Tokens that DRY looks back on: 0 to 65536. */
        public Builder dryWindow(int value) {
            dryWindow = value;
            return this;
        }

        /** Texts that no repetition reaches across for DRY: at most 16, each 1 to 40 bytes of UTF-8. */
        public Builder drySequenceBreakers(List<String> value) {
            drySequenceBreakers = value;
            return this;
        }

        /** Of the random stream; null draws one. */
        public Builder seed(@Nullable Integer value) {
            seed = value;
            return this;
        }

        /** Added to the logits of tokens: -1000 to 1000, or negative infinity to forbid the token. */
        public Builder logitBias(Map<Integer, Float> value) {
            logitBias = value;
            return this;
        }

        /** A GBNF grammar that the answer must match, or null. */
        public Builder grammar(@Nullable String value) {
            grammar = value;
            return this;
        }

        /** A JSON schema that the answer must match, or null. */
        public Builder jsonSchema(@Nullable String value) {
            jsonSchema = value;
            return this;
        }

        /** What was collected. */
        public SamplingParameters build() {
            return new SamplingParameters(
                    temperature,
                    topK,
                    topP,
                    minP,
                    typicalP,
                    topNSigma,
                    xtcProbability,
                    xtcThreshold,
                    dynamicTemperatureRange,
                    dynamicTemperatureExponent,
                    mirostatTau,
                    mirostatEta,
                    repeatPenalty,
                    frequencyPenalty,
                    presencePenalty,
                    penaltyWindow,
                    dryMultiplier,
                    dryBase,
                    dryAllowedLength,
                    dryWindow,
                    drySequenceBreakers,
                    seed,
                    logitBias,
                    grammar,
                    jsonSchema);
        }
    }
}
