/** Tests of the builds' store against a registry on the loopback: no network, no real library. */
@NullMarked
package io.aded.store.natives;

import org.jspecify.annotations.NullMarked;
