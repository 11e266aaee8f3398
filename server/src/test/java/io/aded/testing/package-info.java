/** What several test packages share. */
@NullMarked
package io.aded.testing;

import org.jspecify.annotations.NullMarked;
