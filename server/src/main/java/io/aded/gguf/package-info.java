/**
 * GGUF, the files that llama.cpp's models come in, read and written in Java: no library is asked, and no native memory
 * is touched but a file's own mapping.
 *
 * <p>{@link io.aded.gguf.GgufFile} is a file's header, believed only as far as the file's length allows; nothing that
 * llama.cpp would answer with an assertion gets past {@link io.aded.gguf.GgufFile#requireModel}. {@link
 * io.aded.gguf.Requantizer} writes a model again with its matrices in another {@link io.aded.gguf.TensorType}; the
 * arithmetic of the formats is ggml's and comes in as a {@link io.aded.gguf.RowConverter}. {@link
 * io.aded.gguf.SyntheticModel} writes models with random weights in the shape of real ones, to price passes of a size
 * that nobody wants to carry about.
 */
@NullMarked
package io.aded.gguf;

import org.jspecify.annotations.NullMarked;
