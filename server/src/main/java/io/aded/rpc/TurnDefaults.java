package io.aded.rpc;

import io.aded.engine.DraftPolicy;
import io.aded.model.SamplingParameters;

/**
 * What a conversation says where a turn does not.
 *
 * @param sampling how tokens are drawn
 * @param draft how the stream drafts
 * @param reportRounds whether rounds are reported
 * @param logProbabilities alternatives per token; -1 for no log-probabilities
 */
record TurnDefaults(SamplingParameters sampling, DraftPolicy draft, boolean reportRounds, int logProbabilities) {

    static TurnDefaults of(ServedModel model) {
        return new TurnDefaults(
                model.sampling(), model.engines().getFirst().options().defaultDraft(), false, -1);
    }
}
