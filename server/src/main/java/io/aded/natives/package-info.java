/**
 * The llama.cpp builds that a command can run on: which there are, how one is fetched, and whether it really works
 * here.
 *
 * <p>{@link io.aded.natives.NativesKind} says what there is beside the bundled library for which system; {@link
 * io.aded.natives.NativesStore} fetches it from the package registry, checks and unpacks it, and keeps it in the user's
 * data directory; {@link io.aded.natives.NativesChoice} is what the user asked to be used.
 *
 * <p>{@link io.aded.natives.LibraryChoice} is what every command asks. A build that was installed is tried before it is
 * trusted: native code that does not suit the machine (a driver of the wrong age, a GPU that its kernels were not made
 * for) ends the process, so it is tried in a process of its own, which loads a tiny model, computes with it on the
 * device and compares the tokens with those that are known to be right. The verdict is kept beside the build until
 * something changes that could change it.
 */
@NullMarked
package io.aded.natives;

import org.jspecify.annotations.NullMarked;
