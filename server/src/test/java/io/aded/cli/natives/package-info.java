/** Tests of choosing and trying libraries. No network; what dies, dies in a process of its own. */
@NullMarked
package io.aded.cli.natives;

import org.jspecify.annotations.NullMarked;
