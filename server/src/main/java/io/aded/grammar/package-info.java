/**
 * Grammars that constrain an answer, as texts and as questions about a vocabulary; pure Java.
 *
 * <p>A caller's grammar or schema is foreign text that native code would believe, so {@link io.aded.grammar.Gbnf} and
 * {@link io.aded.grammar.JsonSchemaGrammar} read it first and refuse, by place, what is wrong or would cost too much.
 * {@link io.aded.grammar.TokenTrie} orders a vocabulary by prefixes, so that a matcher is asked about few tokens.
 */
@NullMarked
package io.aded.grammar;

import org.jspecify.annotations.NullMarked;
