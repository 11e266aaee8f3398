/** Tests of fetching, choosing and trying libraries. No network; what dies, dies in a process of its own. */
@NullMarked
package io.aded.natives;

import org.jspecify.annotations.NullMarked;
