@NullMarked
package io.aded.gguf;

import org.jspecify.annotations.NullMarked;
