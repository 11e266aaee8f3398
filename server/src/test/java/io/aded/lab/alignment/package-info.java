/** Tests of exports for alignment: resumed, refused when damaged, and judged by hand-worked block efficiencies. */
@NullMarked
package io.aded.lab.alignment;

import org.jspecify.annotations.NullMarked;
