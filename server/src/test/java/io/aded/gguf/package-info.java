/** Tests of GGUF files, whole and damaged; the tiny models come from {@link io.aded.llama.TinyModels}. */
@NullMarked
package io.aded.gguf;

import org.jspecify.annotations.NullMarked;
