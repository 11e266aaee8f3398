package io.aded.store;

import io.aded.model.AdedException;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Packages of an npm registry, read without npm: the package's metadata over HTTP, then its archive, whose SHA-512 the
 * metadata publishes. Which registry, and how to be let in, comes from npm's own configuration. Thread-safe.
 */
public final class NpmRegistry {
    private final NpmSettings settings;
    private final Downloader downloader;

    private NpmRegistry(NpmSettings settings, Downloader downloader) {
        this.settings = settings;
        this.downloader = downloader;
    }

    /** The registry that the environment configures, else npm's public one. */
    public static NpmRegistry of(ProcessEnvironment environment, Downloader downloader) {
        return new NpmRegistry(NpmSettings.of(environment), downloader);
    }

    /**
     * One version's archive.
     *
     * @param address where it lies
     * @param checksum what it must have
     */
    public record Archive(URI address, Checksum checksum) {}

    /**
     * Looks a version up.
     *
     * @throws AdedException.NotFound if the registry has no such package or version
     * @throws AdedException.Unavailable if it cannot be reached
     * @throws AdedException.InvalidArtifact if its answer makes no sense
     */
    public Archive locate(String packageName, String version) {
        URI registry = settings.registryOf(packageName);
        // A scope's slash is part of the name, not of the path.
        URI address = registry.resolve(packageName.replace("/", "%2F"));
        JsonNode distribution;
        try {
            Map<String, String> headers = new HashMap<>(settings.authorization(address));
            headers.put("Accept", "application/json");
            distribution = JsonMapper.shared()
                    .readTree(downloader.text(address, headers))
                    .path("versions")
                    .path(version)
                    .path("dist");
        } catch (JacksonException e) {
            throw new AdedException.InvalidArtifact(
                    "REGISTRY_ANSWER",
                    "the registry " + registry + " does not answer in JSON; is that its address?",
                    e);
        } catch (AdedException.NotFound e) {
            throw absent(packageName, registry);
        }
        if (distribution.isMissingNode()) {
            throw absent(packageName + "@" + version, registry);
        }
        String archive = distribution.path("tarball").asString("");
        String integrity = distribution.path("integrity").asString("");
        if (archive.isEmpty() || integrity.isEmpty()) {
            throw new AdedException.InvalidArtifact(
                    "REGISTRY_ANSWER",
                    "the registry " + registry + " publishes no archive or no checksum for " + packageName + "@"
                            + version);
        }
        return new Archive(atRegistry(address(archive, registry), registry), Checksum.ofIntegrity(integrity));
    }

    /**
     * Fetches a version's archive, or the rest of it, and verifies it.
     *
     * @param destination where it appears when it is whole
     * @param most bytes that are taken of it, whatever it says
     * @return what the registry said about it
     * @throws AdedException as {@link #locate} and {@link Downloader#fetch} do
     */
    public Archive fetch(
            String packageName, String version, Path destination, long most, String label, TransferListener listener) {
        Archive archive = locate(packageName, version);
        downloader.fetch(
                new Download(
                        archive.address(),
                        settings.authorization(archive.address()),
                        destination,
                        archive.checksum(),
                        -1,
                        most,
                        label),
                listener);
        return archive;
    }

    private static URI address(String archive, URI registry) {
        try {
            URI address = registry.resolve(archive);
            if (address.getHost() != null && address.getRawPath() != null) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // Told below.
        }
        throw new AdedException.InvalidArtifact(
                "REGISTRY_ANSWER", "the registry " + registry + " publishes an archive at what is no address");
    }

    /** A mirror that hands the public registry's metadata on names the public host in it; npm asks the mirror then. */
    private static URI atRegistry(URI archive, URI registry) {
        URI known = URI.create(NpmSettings.PUBLIC_REGISTRY);
        if (!known.getHost().equals(archive.getHost()) || known.getHost().equals(registry.getHost())) {
            return archive;
        }
        String below = archive.getRawPath().replaceFirst("^/+", "");
        return registry.resolve(below);
    }

    private static AdedException.NotFound absent(String what, URI registry) {
        return new AdedException.NotFound(
                "NOT_IN_REGISTRY",
                "the registry " + registry + " has no " + what
                        + "; npm's configuration (npm_config_registry, .npmrc) decides which registry is asked");
    }
}
