/**
 * GGUF, the files that llama.cpp's models come in, read and written in Java: no library is asked.
 *
 * <p>{@link io.aded.gguf.SyntheticModel} writes models with random weights in the shape of real ones, to price passes of
 * a size that nobody wants to carry about.
 */
@NullMarked
package io.aded.gguf;

import org.jspecify.annotations.NullMarked;
