/** Tests of the command line. */
@NullMarked
package io.aded.cli;

import org.jspecify.annotations.NullMarked;
