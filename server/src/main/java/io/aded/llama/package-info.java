/**
 * The only package that touches native memory: llama.cpp's C API through the Foreign Function &amp; Memory API.
 *
 * <p>{@link io.aded.llama.LlamaLibrary} finds and opens a library, recognises which {@linkplain io.aded.llama.abi line}
 * it is of, and checks that before it writes a single field; {@link io.aded.llama.LlamaModel} loads weights and
 * implements {@link io.aded.model.TargetModel} over them. Files, grammars and templates are read in Java before
 * anything is handed down, in {@code io.aded.gguf}, {@code io.aded.grammar} and {@code io.aded.template}.
 *
 * <p>llama.cpp checks its arguments with assertions that end the process. Everything is therefore validated here
 * first: token ids, positions, sequence ids, batch widths, grammars, files. Pointers are plain {@code long}s inside
 * the package and never leave it; each owner frees its own, once.
 */
@NullMarked
package io.aded.llama;

import org.jspecify.annotations.NullMarked;
