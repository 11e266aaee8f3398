/**
 * How a model writes tool calls and reasoning.
 *
 * <p>A model was trained on what its chat template makes of calls and reasoning, so the template knows how it writes
 * them. {@link io.aded.dialect.DialectProbe} renders conversations with marked names, arguments and thoughts and reads
 * off what stands around them; {@link io.aded.dialect.AnswerSplitter} finds the same in what a model writes; and
 * {@link io.aded.dialect.AnswerGrammar} holds it to the tools that a request has.
 */
@NullMarked
package io.aded.dialect;

import org.jspecify.annotations.NullMarked;
