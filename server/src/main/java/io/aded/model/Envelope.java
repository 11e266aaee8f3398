package io.aded.model;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/**
 * The header that files of aded share: what a file is, in which version, where it came from, and whether it is whole.
 *
 * <h2>The layout</h2>
 *
 * Little-endian; offsets and sizes in bytes.
 *
 * <pre>
 *  offset  size
 *       0     4  magic: the ASCII letters ADED
 *       4     4  kind: four ASCII letters, such as RECO
 *       8     4  version of the kind's body, at least 1
 *      12     4  F, the length of the facts
 *      16     8  B, the length of the body
 *      24     4  CRC-32C of the body
 *      28     4  CRC-32C of the 28 bytes above and of the facts
 *      32     F  facts: UTF-8 lines {@code name=value}, by name, each ended by a line feed
 *    32+F     B  body, which is the kind's
 * </pre>
 *
 * The facts can be read with {@code strings} or {@code head}; they are for people, and for refusing what does not fit.
 *
 * @param kind four upper case letters
 * @param version of the body, at least 1
 * @param facts names of lower case letters, digits and underscores; values without line feeds
 * @param body from position to limit
 */
public record Envelope(String kind, int version, SortedMap<String, String> facts, ByteBuffer body) {
    /** Bytes before the facts. */
    public static final int HEADER_BYTES = 32;

    private static final int MAGIC = 'A' | 'D' << 8 | 'E' << 16 | 'D' << 24;
    private static final int AT_KIND = 4;
    private static final int AT_VERSION = 8;
    private static final int AT_FACTS = 12;
    private static final int AT_BODY = 16;
    private static final int AT_BODY_CHECKSUM = 24;
    private static final int AT_HEADER_CHECKSUM = 28;
    /** Facts are a few lines; a length beyond is damage. */
    private static final int MOST_FACTS = 1 << 16;

    private static final Pattern NAME = Pattern.compile("[a-z0-9_]+");
    /** Of a line that is quoted in a message. */
    private static final int MOST_QUOTED = 80;

    /** Checks the parts; the facts are copied, the body is not. */
    public Envelope {
        if (!kind.matches("[A-Z]{4}")) {
            throw new IllegalArgumentException("the kind is \"" + kind + "\"; allowed: four upper case letters");
        }
        if (version < 1) {
            throw new IllegalArgumentException("the version is " + version + "; allowed: 1 or more");
        }
        TreeMap<String, String> copied = new TreeMap<>(facts);
        copied.forEach((name, value) -> {
            if (!isFact(name, value)) {
                throw new IllegalArgumentException("the fact " + name
                        + " cannot be written; allowed: names of letters, digits and underscores, values of one line");
            }
        });
        facts = copied;
        body = body.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static boolean isFact(String name, String value) {
        return NAME.matcher(name).matches() && value.indexOf('\n') < 0;
    }

    /** An envelope around a body. */
    public static Envelope of(String kind, int version, Map<String, String> facts, ByteBuffer body) {
        return new Envelope(kind, version, new TreeMap<>(facts), body);
    }

    /** A fact, or {@code unknown}. */
    public String fact(String name) {
        return facts.getOrDefault(name, "unknown");
    }

    /**
     * Opens an envelope and checks all of it.
     *
     * @param file all bytes of the file
     * @param what the file is to be and where it lies, for messages, such as {@code the recording a.bin}
     * @param kind that is wanted
     * @param newest the newest version that is understood; all from 1 on are
     * @throws AdedException.InvalidArtifact if it is of another kind or a newer version, or is damaged
     */
    public static Envelope open(ByteBuffer file, String what, String kind, int newest) {
        ByteBuffer in = file.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < HEADER_BYTES || in.getInt(0) != MAGIC) {
            throw invalid("FOREIGN", what + " is no file of aded: it does not begin with ADED");
        }
        byte[] letters = new byte[4];
        in.get(AT_KIND, letters);
        String found = new String(letters, StandardCharsets.US_ASCII);
        if (!found.equals(kind)) {
            throw invalid("FOREIGN", what + " is of the kind " + found + "; wanted: " + kind);
        }
        int version = in.getInt(AT_VERSION);
        if (version < 1 || version > newest) {
            throw invalid("VERSION", what + " has version " + version + "; supported: 1 to " + newest);
        }
        int factBytes = in.getInt(AT_FACTS);
        long bodyBytes = in.getLong(AT_BODY);
        if (factBytes < 0 || factBytes > MOST_FACTS || bodyBytes != in.capacity() - (long) HEADER_BYTES - factBytes) {
            throw invalid(
                    "TRUNCATED",
                    what + " has " + in.capacity() + " bytes; its header announces " + HEADER_BYTES + " + " + factBytes
                            + " + " + bodyBytes);
        }
        ByteBuffer facts = in.slice(HEADER_BYTES, factBytes);
        ByteBuffer body = in.slice(HEADER_BYTES + factBytes, (int) bodyBytes);
        if (in.getInt(AT_HEADER_CHECKSUM) != checksum(in.slice(0, AT_HEADER_CHECKSUM), facts)) {
            throw invalid("CORRUPT", what + " is damaged: its header does not match its checksum");
        }
        if (in.getInt(AT_BODY_CHECKSUM) != checksum(body)) {
            throw invalid("CORRUPT", what + " is damaged: its content does not match its checksum");
        }
        return new Envelope(kind, version, facts(facts, what), body);
    }

    /**
     * As {@link #open(ByteBuffer, String, String, int)}, of a file.
     *
     * @throws AdedException.NotFound if there is none
     * @throws AdedException.InvalidArtifact also if it is no regular file
     */
    public static Envelope open(Path file, String what, String kind, int newest) {
        RegularFiles.require(file, "FILE_UNREADABLE", what);
        try {
            return open(ByteBuffer.wrap(Files.readAllBytes(file)), what, kind, newest);
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("FILE_NOT_FOUND", what + " is not there");
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("FILE_UNREADABLE", what + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Whether bytes begin as an envelope does, of whatever kind. */
    public static boolean begins(ByteBuffer file) {
        return file.remaining() >= HEADER_BYTES
                && file.slice().order(ByteOrder.LITTLE_ENDIAN).getInt(0) == MAGIC;
    }

    /** Header, facts and body as one. */
    public byte[] bytes() {
        StringBuilder lines = new StringBuilder();
        facts.forEach(
                (name, value) -> lines.append(name).append('=').append(value).append('\n'));
        byte[] written = lines.toString().getBytes(StandardCharsets.UTF_8);
        if (written.length > MOST_FACTS) {
            throw new IllegalArgumentException("the facts are longer than " + MOST_FACTS + " bytes");
        }
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + written.length + body.remaining())
                .order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC)
                .put(kind.getBytes(StandardCharsets.US_ASCII))
                .putInt(version)
                .putInt(written.length)
                .putLong(body.remaining())
                .putInt(checksum(body))
                .putInt(checksum(out.slice(0, AT_HEADER_CHECKSUM), ByteBuffer.wrap(written)))
                .put(written)
                .put(body.duplicate());
        return out.array();
    }

    /** Writes a file anew, whole or not at all. */
    public void writeTo(Path file) throws IOException {
        // Not a temporary file of the JDK's: those can be read by their owner only.
        Path partial = file.resolveSibling(
                "." + file.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        try {
            try (OutputStream out = Files.newOutputStream(partial)) {
                out.write(bytes());
            }
            Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(partial);
        }
    }

    /** A checksum is no signature: what no envelope can be made of is refused. */
    private static TreeMap<String, String> facts(ByteBuffer lines, String what) {
        TreeMap<String, String> facts = new TreeMap<>();
        String text = StandardCharsets.UTF_8.decode(lines.duplicate()).toString();
        int end;
        for (int at = 0; at < text.length(); at = end + 1) {
            int feed = text.indexOf('\n', at);
            end = feed < 0 ? text.length() : feed;
            String line = text.substring(at, end);
            int equals = line.indexOf('=');
            String name = equals < 0 ? line : line.substring(0, equals);
            String value = line.substring(equals + 1);
            if (equals < 0 || !isFact(name, value)) {
                throw invalid(
                        "CORRUPT",
                        what + " is damaged: its fact \""
                                + (line.length() <= MOST_QUOTED ? line : line.substring(0, MOST_QUOTED) + "…")
                                + "\" is none; allowed: name=value, names of lower case letters, digits and"
                                + " underscores");
            }
            if (facts.put(name, value) != null) {
                throw invalid("CORRUPT", what + " is damaged: it has the fact " + name + " twice");
            }
        }
        return facts;
    }

    private static int checksum(ByteBuffer... parts) {
        CRC32C checksum = new CRC32C();
        for (ByteBuffer part : parts) {
            checksum.update(part.duplicate());
        }
        return (int) checksum.getValue();
    }

    private static AdedException.InvalidArtifact invalid(String reason, String message) {
        return new AdedException.InvalidArtifact("FILE_" + reason, message);
    }
}
