/**
 * What might come next: drafters, and the adaptive state that they learn from.
 *
 * <p>A {@link io.aded.draft.Drafter} belongs to one stream. It proposes a tree of tokens, sees what the target model
 * made of it, and learns. Everything is plain Java over flat arrays: deterministic for a seed, free of allocation in the
 * hot path, and testable with no model at hand.
 */
@NullMarked
package io.aded.draft;

import org.jspecify.annotations.NullMarked;
