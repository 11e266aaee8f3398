/** Tests of how models write calls and reasoning. */
@NullMarked
package io.aded.dialect;

import org.jspecify.annotations.NullMarked;
