/**
 * Grammars that constrain an answer, as texts and as questions about a vocabulary; pure Java.
 *
 * <p>A grammar comes from a caller, so nothing here may cost what the caller likes: its size is bounded when it is read
 * ({@link io.aded.grammar.Gbnf}, {@link io.aded.grammar.JsonSchemaGrammar}), and it is recognised in time and memory
 * that its size bounds, however ambiguous it is ({@link io.aded.grammar.Machine}). {@link io.aded.grammar.TokenMasks}
 * answers what a sampler asks: which tokens may come next, and which text must.
 */
@NullMarked
package io.aded.grammar;

import org.jspecify.annotations.NullMarked;
