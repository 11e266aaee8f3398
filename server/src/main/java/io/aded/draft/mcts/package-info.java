/**
 * ADED as published: a tri-gram table that adapts to what was just said, searched by Monte-Carlo tree search with the
 * PUCT rule. The table itself lives in {@link io.aded.draft.table}.
 */
@NullMarked
package io.aded.draft.mcts;

import org.jspecify.annotations.NullMarked;
