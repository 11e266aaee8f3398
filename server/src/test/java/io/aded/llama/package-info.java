/**
 * Tests of the native binding, and the tiny models that they (and the tests of other packages) decode with: {@link
 * io.aded.llama.TinyModels} writes a real GGUF file with random weights, so that no test needs a download.
 */
@NullMarked
package io.aded.llama;

import org.jspecify.annotations.NullMarked;
