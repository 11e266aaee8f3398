/**
 * The choice among drafters, and drafts of several in one tree. {@link io.aded.draft.select.AdaptiveProposer} lets the
 * table of {@code adaptive} draft first, has a draft model of {@code neural} say what it thinks of the most probable
 * path where that is unsure and a level pays, mixes what both say into one probability, and searches the tree anew.
 * What each would have been worth by itself is reckoned in hindsight on every verified round, and the choice follows.
 */
@NullMarked
package io.aded.draft.select;

import org.jspecify.annotations.NullMarked;
