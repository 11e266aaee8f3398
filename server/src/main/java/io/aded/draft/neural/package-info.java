/**
 * Drafts by a model: a small one that shares the target's vocabulary, or a cheaper copy of the target itself. One
 * context of it serves all streams of an engine, level by level: a forward pass for every stream that wants another
 * token of its chain. It keeps a KV cache of its own, or takes over the target's cells where it is a copy of it.
 */
@NullMarked
package io.aded.draft.neural;

import org.jspecify.annotations.NullMarked;
