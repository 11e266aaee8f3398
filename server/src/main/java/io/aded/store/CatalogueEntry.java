package io.aded.store;

import com.fasterxml.jackson.annotation.JsonProperty;
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
     * @param registry who serves the package
     * @param name the package's
     * @param version its version
     * @param member the path in the archive
     * @param size the member's length in bytes
     */
    public record Part(
            Registry registry, @JsonProperty("package") String name, String version, String member, long size) {}

    /** Kinds of registries that packages come from. */
    public enum Registry {
        /** One that npm asks; its archives are compressed tar files. */
        @JsonProperty("npm")
        NPM(".tgz"),
        /** One that pip asks; of its archives, wheels, which are zip files. */
        @JsonProperty("pypi")
        PYPI(".whl");

        private final String suffix;

        Registry(String suffix) {
            this.suffix = suffix;
        }

        /** How names of its archives end. */
        String suffix() {
            return suffix;
        }
    }

    public CatalogueEntry {
        parts = List.copyOf(parts);
        long sum = parts.stream().mapToLong(Part::size).sum();
        if (sum != size) {
            throw new IllegalArgumentException(name + " has " + size + " bytes, its parts " + sum);
        }
    }
}
