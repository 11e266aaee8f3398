/**
 * Tri-gram tables, the "LLM representative" of ADED: rows that map a pair of tokens to its most frequent successors. A
 * {@linkplain io.aded.draft.table.BaseTable base table} is counted from text beforehand, lies in a file and is shared
 * read-only; each stream's own {@link io.aded.draft.table.TrigramTable} adapts above it.
 */
@NullMarked
package io.aded.draft.table;

import org.jspecify.annotations.NullMarked;
