/**
 * What is kept on disk, and how it gets there: downloads that resume and are checked, and the archives they come in.
 *
 * <p>Nothing that comes from outside is believed: sizes, checksums and paths are verified before a file appears under
 * its final name, and it appears there by one rename.
 */
@NullMarked
package io.aded.store;

import org.jspecify.annotations.NullMarked;
