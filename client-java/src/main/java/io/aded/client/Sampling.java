package io.aded.client;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How tokens are drawn. Null leaves a value as the server or the conversation has it. Values are checked by the server,
 * all at once ({@link AdedClientException.InvalidRequest}); ranges stand in {@code sampling.proto}.
 *
 * @param temperature 0 (always the best token) to 100
 * @param topK keep the k best tokens; 0 keeps all
 * @param topP keep the best tokens up to this probability, above 0, up to 1
 * @param minP drop tokens below this share of the best one's probability, 0 to 1
 * @param typicalP locally typical sampling, above 0, up to 1 (off)
 * @param topNSigma drop tokens more than so many standard deviations below the best logit, 0 (off) to 100
 * @param xtcProbability how often XTC drops the top choices but the least likely of them, 0 (off) to 1
 * @param xtcThreshold the probability from which on a token is a top choice for XTC, above 0, up to 0.5
 * @param dynamicTemperatureRange how far the temperature moves with the entropy, 0 (fixed) to 100
 * @param dynamicTemperatureExponent the power of the relative entropy by which a dynamic temperature rises, above 0, up
 *     to 100
 * @param mirostatTau the surprise per token, in bits, that Mirostat holds the answer to, 0 (off) to 100
 * @param mirostatEta how far Mirostat's bound moves for each bit that a token's surprise is off, above 0, up to 1
 * @param repeatPenalty above 0, up to 100; 1 is off
 * @param frequencyPenalty -100 to 100; 0 is off
 * @param presencePenalty -100 to 100; 0 is off
 * @param penaltyWindow tokens that penalties look back on, 0 to 65536
 * @param dryMultiplier what a token that would continue a repetition is penalised by at first (DRY), 0 (off) to 100
 * @param dryBase how the penalty of DRY grows with each token of a repetition, 1 to 100
 * @param dryAllowedLength the length in tokens from which on DRY penalises a repetition, 1 to 65536
 * @param dryWindow tokens that DRY looks back on, 0 to 65536
 * @param drySequenceBreakers texts that no repetition reaches across for DRY; empty leaves them as they are
 * @param seed an unsigned number in an int; without one in force the server draws it, for each answer anew
 * @param logitBias added to the logits of token ids; empty leaves it as it is
 */
public record Sampling(
        @Nullable Float temperature,
        @Nullable Integer topK,
        @Nullable Float topP,
        @Nullable Float minP,
        @Nullable Float typicalP,
        @Nullable Float topNSigma,
        @Nullable Float xtcProbability,
        @Nullable Float xtcThreshold,
        @Nullable Float dynamicTemperatureRange,
        @Nullable Float dynamicTemperatureExponent,
        @Nullable Float mirostatTau,
        @Nullable Float mirostatEta,
        @Nullable Float repeatPenalty,
        @Nullable Float frequencyPenalty,
        @Nullable Float presencePenalty,
        @Nullable Integer penaltyWindow,
        @Nullable Float dryMultiplier,
        @Nullable Float dryBase,
        @Nullable Integer dryAllowedLength,
        @Nullable Integer dryWindow,
        List<String> drySequenceBreakers,
        @Nullable Integer seed,
        Map<Integer, Float> logitBias) {

    /** As the server or the conversation has it. */
    public static final Sampling DEFAULT = builder().build();

    /** Always the best token. */
    public static final Sampling GREEDY = builder().temperature(0).build();

    /** Defensive copies of the list and the map. */
    public Sampling {
        drySequenceBreakers = List.copyOf(drySequenceBreakers);
        logitBias = Map.copyOf(logitBias);
    }

    /** Starts with nothing set. */
    public static Builder builder() {
        return new Builder();
    }

    /** Collects what is to be set. */
    public static final class Builder {
        private @Nullable Float temperature;
        private @Nullable Integer topK;
        private @Nullable Float topP;
        private @Nullable Float minP;
        private @Nullable Float typicalP;
        private @Nullable Float topNSigma;
        private @Nullable Float xtcProbability;
        private @Nullable Float xtcThreshold;
        private @Nullable Float dynamicTemperatureRange;
        private @Nullable Float dynamicTemperatureExponent;
        private @Nullable Float mirostatTau;
        private @Nullable Float mirostatEta;
        private @Nullable Float repeatPenalty;
        private @Nullable Float frequencyPenalty;
        private @Nullable Float presencePenalty;
        private @Nullable Integer penaltyWindow;
        private @Nullable Float dryMultiplier;
        private @Nullable Float dryBase;
        private @Nullable Integer dryAllowedLength;
        private @Nullable Integer dryWindow;
        private List<String> drySequenceBreakers = List.of();
        private @Nullable Integer seed;
        private Map<Integer, Float> logitBias = Map.of();

        private Builder() {}

        /** 0 (always the best token) to 100. */
        public Builder temperature(double value) {
            temperature = (float) value;
            return this;
        }

        /** Keep the k best tokens; 0 keeps all. */
        public Builder topK(int value) {
            topK = value;
            return this;
        }

        /** Keep the best tokens up to this probability: above 0, up to 1. */
        public Builder topP(double value) {
            topP = (float) value;
            return this;
        }

        /** Drop tokens below this share of the best one's probability: 0 to 1. */
        public Builder minP(double value) {
            minP = (float) value;
            return this;
        }

        /** Locally typical sampling: above 0, up to 1 (off). */
        public Builder typicalP(double value) {
            typicalP = (float) value;
            return this;
        }

        /** Drop tokens more than so many standard deviations below the best logit, 0 (off) to 100. */
        public Builder topNSigma(double value) {
            topNSigma = (float) value;
            return this;
        }

        /** How often XTC drops the top choices but the least likely of them, 0 (off) to 1. */
        public Builder xtcProbability(double value) {
            xtcProbability = (float) value;
            return this;
        }

        /** The probability from which on a token is a top choice for XTC, above 0, up to 0.5. */
        public Builder xtcThreshold(double value) {
            xtcThreshold = (float) value;
            return this;
        }

        /** How far the temperature moves with the entropy, 0 (fixed) to 100. */
        public Builder dynamicTemperatureRange(double value) {
            dynamicTemperatureRange = (float) value;
            return this;
        }

        /** The power of the relative entropy by which a dynamic temperature rises, above 0, up to 100. */
        public Builder dynamicTemperatureExponent(double value) {
            dynamicTemperatureExponent = (float) value;
            return this;
        }

        /** The surprise per token, in bits, that Mirostat holds the answer to, 0 (off) to 100. */
        public Builder mirostatTau(double value) {
            mirostatTau = (float) value;
            return this;
        }

        /** How far Mirostat's bound moves for each bit that a token's surprise is off, above 0, up to 1. */
        public Builder mirostatEta(double value) {
            mirostatEta = (float) value;
            return this;
        }

        /** Above 0, up to 100; 1 is off. */
        public Builder repeatPenalty(double value) {
            repeatPenalty = (float) value;
            return this;
        }

        /** -100 to 100; 0 is off. */
        public Builder frequencyPenalty(double value) {
            frequencyPenalty = (float) value;
            return this;
        }

        /** -100 to 100; 0 is off. */
        public Builder presencePenalty(double value) {
            presencePenalty = (float) value;
            return this;
        }

        /** Tokens that penalties look back on: 0 to 65536. */
        public Builder penaltyWindow(int tokens) {
            penaltyWindow = tokens;
            return this;
        }

        /** What a token that would continue a repetition is penalised by at first (DRY), 0 (off) to 100. */
        public Builder dryMultiplier(double value) {
            dryMultiplier = (float) value;
            return this;
        }

        /** How the penalty of DRY grows with each token of a repetition, 1 to 100. */
        public Builder dryBase(double value) {
            dryBase = (float) value;
            return this;
        }

        /** The length in tokens from which on DRY penalises a repetition, 1 to 65536. */
        public Builder dryAllowedLength(int value) {
            dryAllowedLength = value;
            return this;
        }

        /** Tokens that DRY looks back on, 0 to 65536. */
        public Builder dryWindow(int value) {
            dryWindow = value;
            return this;
        }

        /** Texts that no repetition reaches across for DRY: at most 16, each 1 to 40 bytes of UTF-8. */
        public Builder drySequenceBreakers(List<String> texts) {
            drySequenceBreakers = List.copyOf(texts);
            return this;
        }

        /** All 32 bits are allowed; the number is unsigned. */
        public Builder seed(int value) {
            seed = value;
            return this;
        }

        /** Added to the logits of token ids: -1000 to 1000, or negative infinity to forbid the token. */
        public Builder logitBias(Map<Integer, Float> biases) {
            logitBias = Map.copyOf(biases);
            return this;
        }

        /** What was collected. */
        public Sampling build() {
            return new Sampling(
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
                    logitBias);
        }
    }
}
