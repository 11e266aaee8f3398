/**
 * Data for aligning a small draft model with a target, and what came of it: answers of the target with its best tokens
 * at every position and what a drafter guessed there, written so that an export that was killed goes on where it
 * stopped; and the block efficiency of draft models on those answers that no training has seen.
 *
 * <p>Training itself is a Python program of its own, in the folder {@code align} beside the server; the folder that is
 * written here is all that the two share. The method is that of Goel et al., "Direct Alignment of Draft Model for
 * Speculative Decoding with Chat-Fine-Tuned LLMs" (arXiv 2403.00858).
 */
@NullMarked
package io.aded.lab.alignment;

import org.jspecify.annotations.NullMarked;
