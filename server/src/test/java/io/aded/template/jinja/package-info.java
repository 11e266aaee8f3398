/** Tests of the template language. */
@NullMarked
package io.aded.template.jinja;

import org.jspecify.annotations.NullMarked;
