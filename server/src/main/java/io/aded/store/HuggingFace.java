package io.aded.store;

import io.aded.model.AdedException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * GGUF files of a Hugging Face hub, or of a mirror that {@code HF_ENDPOINT} names; {@code HF_TOKEN} lets one into gated
 * repositories. Thread-safe.
 */
final class HuggingFace {
    private static final Pattern SPECIFICATION =
            Pattern.compile("([A-Za-z0-9][\\w.-]*)/([A-Za-z0-9][\\w.-]*)(?::([\\w./ -]+))?");
    /** A big model is split into files of this form; llama.cpp wants all of them, which is not offered yet. */
    private static final Pattern SHARD = Pattern.compile(".*-\\d{5}-of-\\d{5}\\.gguf");
    /** If there is a choice and the user made none: a size that keeps quality and fits a laptop, then the next best. */
    private static final List<String> PREFERRED = List.of("Q4_K_M", "Q4_0", "Q5_K_M", "Q8_0");

    private final URI endpoint;
    private final Map<String, String> headers;
    private final Downloader downloader;

    HuggingFace(Surroundings surroundings, Downloader downloader) {
        String named = surroundings.variable("HF_ENDPOINT");
        String address = named == null ? "https://huggingface.co" : named;
        endpoint = URI.create(address.endsWith("/") ? address : address + "/");
        String token = surroundings.variable("HF_TOKEN");
        headers = token == null ? Map.of() : Map.of("Authorization", "Bearer " + token);
        this.downloader = downloader;
    }

    /** A file of a repository, with what the hub says about it. */
    private record Remote(String name, long size, @Nullable Checksum checksum) {}

    /**
     * Fetches a model.
     *
     * @param specification {@code OWNER/REPO}, or {@code OWNER/REPO:FILE}, where FILE may also be a part of the name
     *     that only one file has, such as {@code Q8_0}
     * @param directory below which it is kept
     * @return where it lies
     */
    Path fetch(String specification, Path directory, TransferListener listener) {
        Matcher matcher = SPECIFICATION.matcher(specification);
        if (!matcher.matches() || specification.contains("..")) {
            throw new AdedException.InvalidRequest(
                    "hf", "is \"" + specification + "\"; expected OWNER/REPO or OWNER/REPO:FILE");
        }
        String repository = matcher.group(1) + "/" + matcher.group(2);
        String wanted = matcher.group(3);
        Path home = directory.resolve(repository);
        if (wanted != null
                && wanted.endsWith(".gguf")
                && home.resolve(wanted).toFile().isFile()) {
            return home.resolve(wanted);
        }
        Remote file = choose(repository, wanted, list(repository));
        if (SHARD.matcher(file.name()).matches()) {
            throw new AdedException.FailedPrecondition(
                    "SPLIT_MODEL",
                    file.name() + " is one of several files of a split model; fetch them all and name the first");
        }
        Path destination = home.resolve(file.name());
        downloader.fetch(
                new Download(
                        endpoint.resolve(
                                repository + "/resolve/main/" + file.name().replace(" ", "%20")),
                        headers,
                        destination,
                        file.checksum(),
                        file.size(),
                        repository + ":" + file.name()),
                listener);
        return destination;
    }

    private List<Remote> list(String repository) {
        URI address = endpoint.resolve("api/models/" + repository + "?blobs=true");
        Map<String, String> asked = new HashMap<>(headers);
        asked.put("Accept", "application/json");
        JsonNode siblings;
        try {
            siblings = JsonMapper.shared()
                    .readTree(downloader.text(address, asked))
                    .path("siblings");
        } catch (JacksonException e) {
            throw new AdedException.InvalidArtifact(
                    "HUB_ANSWER", endpoint + " does not answer as a Hugging Face hub does; check HF_ENDPOINT", e);
        } catch (AdedException.NotFound e) {
            throw new AdedException.NotFound(
                    "NOT_ON_HUB",
                    endpoint.getHost() + " has no repository " + repository
                            + ", or shows it only to those who set HF_TOKEN");
        }
        List<Remote> found = new ArrayList<>();
        for (JsonNode sibling : siblings) {
            String name = sibling.path("rfilename").asString("");
            String sha256 = sibling.path("lfs").path("sha256").asString("");
            if (name.endsWith(".gguf") && !name.contains("..") && !name.startsWith("/")) {
                found.add(new Remote(
                        name,
                        sibling.path("size").asLong(-1),
                        sha256.matches("[0-9a-fA-F]{64}") ? Checksum.sha256(sha256) : null));
            }
        }
        return found;
    }

    private static Remote choose(String repository, @Nullable String wanted, List<Remote> files) {
        String names = String.join(", ", files.stream().map(Remote::name).toList());
        if (files.isEmpty()) {
            throw new AdedException.NotFound("NO_GGUF", repository + " holds no .gguf file; look for one that does");
        }
        if (wanted != null) {
            List<Remote> matching = files.stream()
                    .filter(file -> file.name().equals(wanted))
                    .findFirst()
                    .map(List::of)
                    .orElseGet(() -> containing(files, wanted));
            if (matching.size() == 1) {
                return matching.getFirst();
            }
            throw new AdedException.NotFound(
                    "NO_SUCH_FILE",
                    (matching.isEmpty() ? "no file of " : "more than one file of ") + repository + " matches \""
                            + wanted + "\"; there are: " + names);
        }
        for (String preferred : PREFERRED) {
            List<Remote> matching = containing(files, preferred);
            if (matching.size() == 1) {
                return matching.getFirst();
            }
        }
        if (files.size() == 1) {
            return files.getFirst();
        }
        throw new AdedException.InvalidRequest(
                "hf", repository + " holds several models; name one as " + repository + ":FILE, of: " + names);
    }

    private static List<Remote> containing(List<Remote> files, String part) {
        String lower = part.toLowerCase(Locale.ROOT);
        return files.stream()
                .filter(file -> file.name().toLowerCase(Locale.ROOT).contains(lower))
                .toList();
    }
}
