package io.aded.store;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file to fetch.
 *
 * @param source an {@code http} or {@code https} address
 * @param headers sent to the source's own host only, never after a redirect to another
 * @param destination where the whole, checked file appears; until then it grows beside it as {@code NAME.part}
 * @param checksum what the file must have, or null if nobody published one
 * @param size its length in bytes, or -1 if that is not known
 * @param most bytes that are taken of it where its length is not known
 * @param label what to call it when talking to the user
 */
public record Download(
        URI source,
        Map<String, String> headers,
        Path destination,
        @Nullable Checksum checksum,
        long size,
        long most,
        String label) {

    public Download {
        headers = Map.copyOf(headers);
    }

    /** A file that may be as long as the disk has room for, where its length is not known. */
    public Download(
            URI source,
            Map<String, String> headers,
            Path destination,
            @Nullable Checksum checksum,
            long size,
            String label) {
        this(source, headers, destination, checksum, size, Long.MAX_VALUE, label);
    }
}
