/** Tests of the library lines' structs, against what was measured with each library. */
@NullMarked
package io.aded.llama.abi;

import org.jspecify.annotations.NullMarked;
