/** Tests of what an embedder calls. */
@NullMarked
package io.aded.host;

import org.jspecify.annotations.NullMarked;
