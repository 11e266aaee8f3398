package io.aded.lab.load;

import org.jspecify.annotations.Nullable;

/**
 * The settings of a load test's requests, the same for all of them.
 *
 * @param system a system message before each conversation; null for none
 * @param turns questions in a conversation
 * @param temperature of sampling; 0 always takes the best token
 * @param ignoreEnd whether answers go on past the model's own end
 * @param raw whether prompts go to the model without its chat template
 * @param timeoutNanos the longest that an answer may take
 */
public record Manner(
        @Nullable String system, int turns, float temperature, boolean ignoreEnd, boolean raw, long timeoutNanos) {}
