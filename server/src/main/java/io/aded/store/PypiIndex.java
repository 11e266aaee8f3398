package io.aded.store;

import io.aded.model.AdedException;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Packages of an index that pip asks, read without pip: the package's page of files over HTTP, then its wheel, whose
 * SHA-256 the page publishes. Thread-safe.
 *
 * <p>A page is asked for in JSON (PEP 691) and understood in HTML, too (PEP 503), which is what mirrors made of plain
 * files serve. The wheel is fetched whole although one member of it is wanted: that member is nearly all of it, and
 * only the whole file has a checksum that the index publishes.
 */
final class PypiIndex {
    // Nothing is looked through twice: a page is as long and as odd as its server likes.
    private static final Pattern LINK = Pattern.compile("<a\\s([^<>]*+)>([^<]*+)</a>");
    private static final Pattern ADDRESS = Pattern.compile("(?<!\\S)href\\s*+=\\s*+[\"']([^\"']*+)[\"']");
    private static final String DIGEST = "sha256=";

    private final PypiSettings settings;
    private final Downloader downloader;

    private PypiIndex(PypiSettings settings, Downloader downloader) {
        this.settings = settings;
        this.downloader = downloader;
    }

    /** The index that the environment configures, else the public one. */
    static PypiIndex of(ProcessEnvironment environment, Downloader downloader) {
        return new PypiIndex(PypiSettings.of(environment), downloader);
    }

    /**
     * One version's wheel.
     *
     * @param address where it lies
     * @param checksum what it must have
     */
    record Wheel(URI address, Checksum checksum) {}

    /**
     * Looks a version's wheel up, the one that is for every Python and every platform.
     *
     * @throws AdedException.NotFound if the index has no such package, or no such wheel of it
     * @throws AdedException.Unavailable if it cannot be reached
     * @throws AdedException.InvalidArtifact if its answer makes no sense
     */
    Wheel locate(String packageName, String version) {
        URI page = settings.index().resolve(packageName.toLowerCase(Locale.ROOT).replaceAll("[-_.]+", "-") + "/");
        Map<String, String> headers = new LinkedHashMap<>(settings.authorization(page));
        headers.put("Accept", "application/vnd.pypi.simple.v1+json, text/html;q=0.2");
        String wheel = packageName.replaceAll("[-_.]+", "_") + "-" + version + "-py3-none-any.whl";
        try {
            String answer = downloader.text(page, headers);
            return answer.strip().startsWith("{") ? inJson(page, wheel, answer) : inLinks(page, wheel, answer);
        } catch (AdedException.NotFound e) {
            throw absent(packageName);
        } catch (JacksonException | IllegalArgumentException e) {
            throw new AdedException.InvalidArtifact(
                    "REGISTRY_ANSWER",
                    "the package index " + settings.index() + " does not answer as one; is that its address?",
                    e);
        }
    }

    private Wheel inJson(URI page, String wheel, String answer) {
        for (JsonNode file : JsonMapper.shared().readTree(answer).path("files")) {
            if (file.path("filename").asString("").equalsIgnoreCase(wheel)) {
                return wheel(
                        page,
                        wheel,
                        file.path("url").asString(""),
                        file.path("hashes").path("sha256").asString(""));
            }
        }
        throw absent(wheel);
    }

    private Wheel inLinks(URI page, String wheel, String answer) {
        Matcher link = LINK.matcher(answer);
        while (link.find()) {
            if (link.group(2).strip().equalsIgnoreCase(wheel)) {
                Matcher target = ADDRESS.matcher(link.group(1));
                String address = target.find() ? target.group(1).replace("&amp;", "&") : "";
                int digest = address.indexOf('#');
                String fragment = digest < 0 ? "" : address.substring(digest + 1);
                return wheel(
                        page,
                        wheel,
                        digest < 0 ? address : address.substring(0, digest),
                        fragment.startsWith(DIGEST) ? fragment.substring(DIGEST.length()) : "");
            }
        }
        throw absent(wheel);
    }

    private Wheel wheel(URI page, String wheel, String address, String sha256) {
        if (address.isEmpty() || !sha256.matches("[0-9a-fA-F]{64}")) {
            throw new AdedException.InvalidArtifact(
                    "REGISTRY_ANSWER",
                    "the package index " + settings.index() + " publishes no address or no SHA-256 for " + wheel);
        }
        return new Wheel(page.resolve(address), Checksum.sha256(sha256));
    }

    /**
     * Fetches a version's wheel, or the rest of it, and verifies it.
     *
     * @param destination where it appears when it is whole
     * @param most bytes that are taken of it, whatever it says
     * @throws AdedException as {@link #locate} and {@link Downloader#fetch} do
     */
    void fetch(
            String packageName, String version, Path destination, long most, String label, TransferListener listener) {
        Wheel wheel = locate(packageName, version);
        downloader.fetch(
                new Download(
                        wheel.address(),
                        settings.authorization(wheel.address()),
                        destination,
                        wheel.checksum(),
                        -1,
                        most,
                        label),
                listener);
    }

    private AdedException.NotFound absent(String what) {
        return new AdedException.NotFound(
                "NOT_IN_REGISTRY",
                "the package index " + settings.index() + " has no " + what
                        + "; pip's configuration (PIP_INDEX_URL, pip.conf) decides which index is asked");
    }
}
