package io.aded.natives;

import io.aded.store.StandInServer;
import io.aded.store.TarballBuilder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A package registry on the loopback. Close it to have a registry that nobody answers for. */
public final class RegistryStandIn implements AutoCloseable {
    private final StandInServer server = new StandInServer();
    private final Map<String, List<String>> versions = new LinkedHashMap<>();

    /** The registry's address. */
    public String address() {
        return server.address();
    }

    /** The server behind it, to make it misbehave. */
    public StandInServer server() {
        return server;
    }

    /** Publishes an archive under its true checksum. */
    public RegistryStandIn publish(String packageName, String version, byte[] archive) {
        return publish(packageName, version, archive, archive);
    }

    /** Publishes an archive under the checksum of something else. */
    public RegistryStandIn publishDamaged(String packageName, String version, byte[] archive) {
        return publish(packageName, version, archive, new byte[] {1});
    }

    /** Publishes a package laid out like a real one, with libraries that are only text. */
    public RegistryStandIn publishLibraries(String packageName, String version, String... libraries) {
        TarballBuilder archive = new TarballBuilder()
                .file("package/LICENSE", "MIT")
                .file("package/package.json", "{}")
                .file("package/dist/index.js", "")
                .file(
                        "package/bins/x/_nlcBuildMetadata.json",
                        "{\"buildOptions\":{\"llamaCpp\":{\"release\":\"v0.5.0\"}}}")
                .file("package/bins/x/llama-addon.node", "not wanted");
        for (String library : libraries) {
            archive.file("package/bins/x/" + library, packageName + " " + library);
        }
        return publish(packageName, version, archive.build());
    }

    /** The archives that were asked for, with the range if there was one, such as {@code /-/x-1.0.0.tgz bytes=10-}. */
    public List<String> archiveRequests() {
        return server.requests().stream()
                .filter(request -> request.path().startsWith("/-/"))
                .map(request -> (request.path() + " " + request.header("Range")).strip())
                .toList();
    }

    @Override
    public void close() {
        server.close();
    }

    private RegistryStandIn publish(String packageName, String version, byte[] archive, byte[] checksummed) {
        String path = "/-/" + packageName.replaceAll("[@/]", "_") + "-" + version + ".tgz";
        server.file(path, archive);
        List<String> known = versions.computeIfAbsent(packageName, name -> new ArrayList<>());
        known.add("\"%s\":{\"dist\":{\"integrity\":\"%s\",\"tarball\":\"%s\"}}"
                .formatted(version, integrity(checksummed), address() + path.substring(1)));
        byte[] metadata = ("{\"versions\":{" + String.join(",", known) + "}}").getBytes(StandardCharsets.UTF_8);
        server.file("/" + packageName.replace("/", "%2F"), metadata);
        return this;
    }

    private static String integrity(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-512").digest(bytes);
            return "sha512-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
