package io.aded.store;

import io.aded.model.AdedException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A gzip-compressed tar archive, as package registries serve them, read once from front to back.
 *
 * <p>An archive comes from outside, so nothing in it is believed: every header's checksum is verified, and names that
 * are absolute, climb with {@code ..}, or hold a backslash, a colon or a control character are refused before a caller
 * sees them. Links and devices are reported as {@link Kind#OTHER}; a caller that unpacks must not follow them.
 */
public final class Tarball implements AutoCloseable {
    /*
     * Layout (POSIX.1-1988 ustar, with the pax extensions of POSIX.1-2001 as far as they name a file):
     *
     *   offset  size  field
     *        0   100  name
     *      124    12  size, octal, or base-256 with the top bit set
     *      148     8  checksum: the sum of the header's bytes, these eight taken as spaces
     *      156     1  type: '0' or NUL a file, '5' a directory, 'x'/'g' a pax header, 'L' a GNU long name
     *      257     6  "ustar"
     *      345   155  prefix, put before the name with a slash
     *
     * Contents follow in blocks of 512 bytes; two blocks of zeros end the archive. Its absence means a truncated file.
     */
    private static final int BLOCK = 512;
    /** A name longer than this is no name: pax headers and GNU long names above it are refused. */
    private static final int MAX_EXTENDED_HEADER = 64 * 1024;

    private final InputStream in;
    private final byte[] block = new byte[BLOCK];
    private final Content content = new Content();
    private long remaining;
    private int padding;
    private boolean ended;

    private Tarball(InputStream in) {
        this.in = in;
    }

    /** What an entry is. */
    public enum Kind {
        FILE,
        DIRECTORY,
        OTHER
    }

    /**
     * One entry's header.
     *
     * @param name a relative path with slashes, without {@code ..}
     * @param size the length of the content in bytes
     * @param kind what it is
     */
    public record Entry(String name, long size, Kind kind) {}

    /**
     * Starts reading.
     *
     * @param gzip the archive; closed with this
     * @throws AdedException.InvalidArtifact if it is not compressed with gzip
     */
    public static Tarball open(InputStream gzip) throws IOException {
        try {
            return new Tarball(new GZIPInputStream(gzip, 1 << 16));
        } catch (ZipException | EOFException e) {
            throw corrupt("it is not compressed with gzip", e);
        }
    }

    /**
     * Goes to the next entry, past what is unread of this one.
     *
     * @return null at the archive's end
     * @throws AdedException.InvalidArtifact if the archive is damaged, cut short, or names a path outside itself
     */
    public @Nullable Entry next() throws IOException {
        if (ended) {
            return null;
        }
        String longName = null;
        while (true) {
            skipContent();
            readBlock();
            if (isZero(block)) {
                ended = true;
                return null;
            }
            verifyChecksum();
            long size = number(124, 12);
            char type = (char) (block[156] & 0xff);
            remaining = size;
            padding = (int) ((BLOCK - size % BLOCK) % BLOCK);
            switch (type) {
                case 'x' -> longName = paxPath(extendedHeader(size), longName);
                case 'g' -> extendedHeader(size);
                case 'L' -> longName = text(extendedHeader(size), 0, MAX_EXTENDED_HEADER);
                default -> {
                    Kind kind = switch (type) {
                        case '0', '\0', '7' -> Kind.FILE;
                        case '5' -> Kind.DIRECTORY;
                        default -> Kind.OTHER;
                    };
                    return new Entry(checked(longName != null ? longName : headerName()), size, kind);
                }
            }
        }
    }

    /** The content of the entry that {@link #next} returned last; it ends where the entry does. Not to be closed. */
    public InputStream content() {
        return content;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private void skipContent() throws IOException {
        try {
            in.skipNBytes(remaining + padding);
        } catch (EOFException | ZipException e) {
            throw corrupt("it ends too early", e);
        }
        remaining = 0;
        padding = 0;
    }

    private void readBlock() throws IOException {
        try {
            if (in.readNBytes(block, 0, BLOCK) < BLOCK) {
                throw corrupt("it ends too early", null);
            }
        } catch (EOFException | ZipException e) {
            throw corrupt("it ends too early", e);
        }
    }

    private byte[] extendedHeader(long size) throws IOException {
        if (size > MAX_EXTENDED_HEADER) {
            throw corrupt("it has a header of " + size + " bytes", null);
        }
        byte[] header = content.readNBytes((int) size);
        if (header.length < size) {
            throw corrupt("it ends too early", null);
        }
        return header;
    }

    private void verifyChecksum() {
        int sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : block[i] & 0xff;
        }
        if (sum != number(148, 8)) {
            throw corrupt("a header's checksum is wrong", null);
        }
    }

    private long number(int offset, int length) {
        if ((block[offset] & 0x80) != 0) {
            long value = block[offset] & 0x7f;
            for (int i = offset + 1; i < offset + length; i++) {
                if (value > Long.MAX_VALUE >> 8) {
                    throw corrupt("a header's number is too large", null);
                }
                value = value << 8 | block[i] & 0xff;
            }
            return value;
        }
        String octal = text(block, offset, length).trim();
        try {
            long value = octal.isEmpty() ? 0 : Long.parseLong(octal, 8);
            if (value < 0) {
                throw corrupt("a header's number is negative", null);
            }
            return value;
        } catch (NumberFormatException e) {
            throw corrupt("a header's number cannot be read", e);
        }
    }

    private String headerName() {
        String name = text(block, 0, 100);
        boolean ustar = text(block, 257, 5).equals("ustar");
        String prefix = ustar ? text(block, 345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    /** A pax header is a list of "LENGTH key=value\n", where LENGTH counts the whole record. */
    private static @Nullable String paxPath(byte[] header, @Nullable String otherwise) {
        String path = otherwise;
        int at = 0;
        while (at < header.length) {
            int space = at;
            int length = 0;
            while (space < header.length && header[space] >= '0' && header[space] <= '9' && length < header.length) {
                length = length * 10 + header[space++] - '0';
            }
            int end = at + length;
            if (space == at || space >= header.length || header[space] != ' ' || end > header.length || end <= space) {
                throw corrupt("an extended header cannot be read", null);
            }
            String entry = new String(header, space + 1, end - space - 1, StandardCharsets.UTF_8);
            if (entry.startsWith("path=")) {
                path = entry.substring("path=".length()).stripTrailing();
            }
            at = end;
        }
        return path;
    }

    private static String text(byte[] bytes, int offset, int length) {
        int end = offset;
        int limit = Math.min(bytes.length, offset + length);
        while (end < limit && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, offset, end - offset, StandardCharsets.UTF_8);
    }

    private static String checked(String name) {
        boolean climbs = Arrays.asList(name.split("/", -1)).contains("..");
        boolean odd = name.chars().anyMatch(c -> c < ' ' || c == '\\' || c == ':');
        if (name.isEmpty() || name.startsWith("/") || climbs || odd) {
            throw new AdedException.InvalidArtifact(
                    "UNSAFE_ARCHIVE",
                    "the archive names the path \"" + name.replaceAll("\\p{Cntrl}", "?")
                            + "\", which may lead outside the place it is unpacked to; nothing was unpacked from it");
        }
        return name;
    }

    private static boolean isZero(byte[] bytes) {
        for (byte b : bytes) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    private static AdedException.InvalidArtifact corrupt(String how, @Nullable Throwable cause) {
        return new AdedException.InvalidArtifact("CORRUPT_ARCHIVE", "the archive is damaged: " + how, cause);
    }

    private final class Content extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (remaining == 0) {
                return -1;
            }
            int got;
            try {
                got = in.read(bytes, offset, (int) Math.min(length, remaining));
            } catch (EOFException | ZipException e) {
                throw corrupt("it ends too early, or its compressed data is wrong", e);
            }
            if (got < 0) {
                throw corrupt("it ends too early", null);
            }
            remaining -= got;
            return got;
        }
    }
}
