/**
 * Drafters that copy from their own stream: prompt look-up decoding and the n-gram rules of llama.cpp. They draft one
 * chain, give no probabilities of their own, and serve as baselines for the adaptive drafter.
 */
@NullMarked
package io.aded.draft.history;

import org.jspecify.annotations.NullMarked;
