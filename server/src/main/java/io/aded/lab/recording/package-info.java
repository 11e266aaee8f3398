/**
 * Recorded answers: what a model said to prompts, with its best tokens at every position, so that drafters can be
 * evaluated without the model, in seconds, with the same figures on every machine.
 */
@NullMarked
package io.aded.lab.recording;

import org.jspecify.annotations.NullMarked;
