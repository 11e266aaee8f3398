/** Tests of chat templates without a library. */
@NullMarked
package io.aded.template;

import org.jspecify.annotations.NullMarked;
