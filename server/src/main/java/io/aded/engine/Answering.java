package io.aded.engine;

import io.aded.model.TokenSampler;
import io.aded.telemetry.TurnTelemetry;
import org.jspecify.annotations.Nullable;

/**
 * How one turn's tokens are drawn, split and reported.
 *
 * @param sampler draws them
 * @param parts what they are split into; null if the answer is mere text
 * @param seed of the sampler's random stream
 * @param telemetry the turn's span
 * @param transcript what it says, if that is kept; else null
 */
record Answering(
        TokenSampler sampler,
        @Nullable AnswerParts parts,
        int seed,
        TurnTelemetry telemetry,
        @Nullable Transcript transcript) {}
