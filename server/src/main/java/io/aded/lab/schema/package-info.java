/**
 * Draws answers at random from JSON schemas and grammars, so that others can say whether they are right. What is drawn
 * from is fetched on the spot by scripts ({@code bench/schemas}, {@code bench/grammars}), which also judge.
 */
@NullMarked
package io.aded.lab.schema;

import org.jspecify.annotations.NullMarked;
