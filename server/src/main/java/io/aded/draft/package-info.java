/**
 * What might come next: the seam between the decode loop and whatever drafts.
 *
 * <p>A {@link io.aded.draft.Proposer} serves all streams of an engine and is asked once a pass; a {@link
 * io.aded.draft.Drafter} belongs to one stream and is asked through {@link io.aded.draft.LoopProposer}. Both propose a
 * tree of tokens, see what the target model made of it, and learn. The drafters themselves are in the packages below
 * ({@code history}, {@code mcts}, {@code adaptive}, over the tables of {@code table}); {@code catalogue} lists them.
 * Everything is plain Java over flat arrays: deterministic for a seed, free of allocation in the hot path, and testable
 * with no model at hand.
 */
@NullMarked
package io.aded.draft;

import org.jspecify.annotations.NullMarked;
