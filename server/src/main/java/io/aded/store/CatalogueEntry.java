package io.aded.store;

import java.util.List;

/**
 * A model that can be pulled by its name.
 *
 * @param name what users call it
 * @param description one line
 * @param licence an SPDX identifier
 * @param file the name under which it is kept
 * @param size its length in bytes
 * @param sha256 its checksum in hexadecimal digits
 * @param parts the pieces that it is put together from, in order
 */
public record CatalogueEntry(
        String name, String description, String licence, String file, long size, String sha256, List<Part> parts) {

    /**
     * A piece of a model: one member of a package's archive.
     *
     * @param npm the package
     * @param version its version
     * @param member the path in the archive
     * @param size the member's length in bytes
     */
    public record Part(String npm, String version, String member, long size) {}

    public CatalogueEntry {
        parts = List.copyOf(parts);
        long sum = parts.stream().mapToLong(Part::size).sum();
        if (sum != size) {
            throw new IllegalArgumentException(name + " has " + size + " bytes, its parts " + sum);
        }
    }
}
