/**
 * The llama.cpp builds that a user can add to the bundled one: for CUDA, Vulkan and Metal devices, and for CPUs with one
 * library per micro-architecture.
 *
 * <p>{@link io.aded.store.natives.NativesKind} says what there is for which system; {@link
 * io.aded.store.natives.NativesStore} fetches it from the package registry, checks and unpacks it, and keeps it in the
 * user's data directory; {@link io.aded.store.natives.NativesChoice} is what the user asked to be used. Whether a build
 * works on this machine is not known here: who loads libraries finds that out.
 */
@NullMarked
package io.aded.store.natives;

import org.jspecify.annotations.NullMarked;
