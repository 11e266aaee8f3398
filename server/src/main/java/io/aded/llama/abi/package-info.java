/**
 * What is different between the lines of llama.cpp builds that the binding knows, one class a line.
 *
 * <p>llama.cpp gives no promise about its C interface: fields of the structs that travel by value come, go and move,
 * often without a change of size, and functions are renamed. A field written at the wrong offset is a silent
 * catastrophe (a thread count read as a pointer). So each line has its structs here, as its header writes them, with
 * the defaults that it is known to have; a library is accepted only if its exports say which line it is of <i>and</i>
 * its own defaults, fetched by value, stand where that line's structs say. Anything else is refused by name.
 *
 * <p>To add a line: a {@link io.aded.llama.abi.LibraryLine} of its own, and its place in {@link
 * io.aded.llama.abi.LibraryLines}. Only the binding uses this package; none of it is an interface for others.
 */
@NullMarked
package io.aded.llama.abi;

import org.jspecify.annotations.NullMarked;
