package io.aded.rpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import io.aded.model.SamplingParameters;
import io.aded.serving.GenerationChange.SamplingChange;
import io.aded.v1.Sampling;
import java.util.Set;

/** Sampling parameters as messages of this API, there and back. A parameter that is added is written and read here. */
final class SamplingMessages {
    private SamplingMessages() {}

    /** Every field set, but for those that have no value. */
    static Sampling write(SamplingParameters parameters) {
        Sampling.Builder message = Sampling.newBuilder()
                .setTemperature(parameters.temperature())
                .setTopK(parameters.topK())
                .setTopP(parameters.topP())
                .setMinP(parameters.minP())
                .setTypicalP(parameters.typicalP())
                .setTopNSigma(parameters.topNSigma())
                .setXtcProbability(parameters.xtcProbability())
                .setXtcThreshold(parameters.xtcThreshold())
                .setDynamicTemperatureRange(parameters.dynamicTemperatureRange())
                .setDynamicTemperatureExponent(parameters.dynamicTemperatureExponent())
                .setMirostatTau(parameters.mirostatTau())
                .setMirostatEta(parameters.mirostatEta())
                .setRepeatPenalty(parameters.repeatPenalty())
                .setFrequencyPenalty(parameters.frequencyPenalty())
                .setPresencePenalty(parameters.presencePenalty())
                .setPenaltyWindow(parameters.penaltyWindow())
                .setDryMultiplier(parameters.dryMultiplier())
                .setDryBase(parameters.dryBase())
                .setDryAllowedLength(parameters.dryAllowedLength())
                .setDryWindow(parameters.dryWindow())
                .addAllDrySequenceBreakers(parameters.drySequenceBreakers())
                .putAllLogitBias(parameters.logitBias());
        Integer seed = parameters.seed();
        if (seed != null) {
            message.setSeed(seed);
        }
        return message.build();
    }

    /** What {@link #write} wrote. The constraint is no part of the message. */
    static SamplingParameters read(Sampling message) {
        return SamplingParameters.builder()
                .temperature(message.getTemperature())
                .topK(message.getTopK())
                .topP(message.getTopP())
                .minP(message.getMinP())
                .typicalP(message.getTypicalP())
                .topNSigma(message.getTopNSigma())
                .xtcProbability(message.getXtcProbability())
                .xtcThreshold(message.getXtcThreshold())
                .dynamicTemperatureRange(message.getDynamicTemperatureRange())
                .dynamicTemperatureExponent(message.getDynamicTemperatureExponent())
                .mirostatTau(message.getMirostatTau())
                .mirostatEta(message.getMirostatEta())
                .repeatPenalty(message.getRepeatPenalty())
                .frequencyPenalty(message.getFrequencyPenalty())
                .presencePenalty(message.getPresencePenalty())
                .penaltyWindow(message.getPenaltyWindow())
                .dryMultiplier(message.getDryMultiplier())
                .dryBase(message.getDryBase())
                .dryAllowedLength(message.getDryAllowedLength())
                .dryWindow(message.getDryWindow())
                .drySequenceBreakers(message.getDrySequenceBreakersList())
                .seed(message.hasSeed() ? Integer.valueOf(message.getSeed()) : null)
                .logitBias(message.getLogitBiasMap())
                .build();
    }

    /**
     * Takes over what is set, field by field, after other fields have returned to the server's.
     *
     * @param cleared such as {@code sampling.seed}
     */
    static SamplingChange change(Sampling set, Set<String> cleared) {
        return (before, server) -> {
            Sampling.Builder merged = write(before).toBuilder();
            Sampling unsaid = write(server);
            for (FieldDescriptor field : Sampling.getDescriptor().getFields()) {
                if (OptionPaths.isSet(set, field)) {
                    merged.setField(field, set.getField(field));
                } else if (cleared.contains("sampling." + field.getName())) {
                    merged.clearField(field);
                    if (OptionPaths.isSet(unsaid, field)) {
                        merged.setField(field, unsaid.getField(field));
                    }
                }
            }
            return read(merged.build());
        };
    }
}
