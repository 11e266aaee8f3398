package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The checksum that a file must have.
 *
 * @param algorithm as {@link MessageDigest} names it, such as {@code SHA-512}
 * @param hex the value in lower-case hexadecimal digits
 */
public record Checksum(String algorithm, String hex) {

    public Checksum {
        hex = hex.toLowerCase(Locale.ROOT);
    }

    /** A SHA-256 checksum in hexadecimal digits. */
    public static Checksum sha256(String hex) {
        return new Checksum("SHA-256", hex);
    }

    /**
     * The strongest checksum of a subresource-integrity text such as {@code sha512-BASE64}, as package registries
     * publish it.
     *
     * @throws AdedException.InvalidArtifact if it holds no SHA-512 checksum
     */
    public static Checksum ofIntegrity(String text) {
        for (String entry : text.strip().split("\\s+")) {
            if (entry.startsWith("sha512-")) {
                // An entry may carry options after a question mark; none is defined.
                String base64 = entry.substring("sha512-".length()).replaceFirst("\\?.*", "");
                try {
                    return new Checksum(
                            "SHA-512",
                            HexFormat.of().formatHex(Base64.getDecoder().decode(base64)));
                } catch (IllegalArgumentException e) {
                    throw new AdedException.InvalidArtifact(
                            "REGISTRY_ANSWER", "the registry's checksum \"" + text + "\" cannot be read", e);
                }
            }
        }
        throw new AdedException.InvalidArtifact(
                "REGISTRY_ANSWER", "the registry's checksum \"" + text + "\" holds no sha512; only that is accepted");
    }

    /** Whether the file has this checksum. */
    public boolean matches(Path file) throws IOException {
        return of(algorithm, file).equals(this);
    }

    /** A file's checksum. */
    public static Checksum of(String algorithm, Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalArgumentException("unknown checksum algorithm " + algorithm, e);
        }
        byte[] buffer = new byte[1 << 18];
        try (InputStream in = Files.newInputStream(file)) {
            for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
                digest.update(buffer, 0, got);
            }
        }
        return new Checksum(algorithm, HexFormat.of().formatHex(digest.digest()));
    }
}
