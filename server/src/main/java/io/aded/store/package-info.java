/**
 * What is kept on disk, and how it gets there: models and the catalogue of those that have names, downloads that resume
 * and are checked, and the archives that they come in.
 *
 * <p>Nothing that comes from outside is believed: sizes, checksums and paths are verified before a file appears under
 * its final name, and it appears there by one rename.
 */
@NullMarked
package io.aded.store;

import org.jspecify.annotations.NullMarked;
