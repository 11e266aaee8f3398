/** Tests of grammars and schemas, valid and hostile, and of the order of a vocabulary. */
@NullMarked
package io.aded.grammar;

import org.jspecify.annotations.NullMarked;
