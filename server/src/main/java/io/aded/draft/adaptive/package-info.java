/**
 * The adaptive drafter, the default: several kinds of evidence from the stream itself, weighed by what they proved to
 * be worth, searched best-first.
 *
 * <p>{@link io.aded.draft.adaptive.AdedDrafter} explains how the parts fit together. What is learned of the evidence's
 * worth ({@link io.aded.draft.adaptive.EvidenceWeights}) holds no token, so the streams of one engine share it; all
 * else is a stream's own.
 */
@NullMarked
package io.aded.draft.adaptive;

import org.jspecify.annotations.NullMarked;
