package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
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
    /** A big model is split into files of this form; llama.cpp finds all by the first. */
    private static final Pattern SHARD = Pattern.compile("(.*)-(\\d{5})-of-(\\d{5})\\.gguf");
    /** Names that can be files anywhere and be printed. */
    private static final Pattern NAME = Pattern.compile("[\\w.,+()\\[\\] /=@~-]+\\.(?:gguf|GGUF)");
    /** Files that are no models: projectors for images, and what was measured to quantise by. */
    private static final Pattern BESIDE =
            Pattern.compile("mmproj|(?:^|/)imatrix[^/]*$|[._-]imatrix\\.gguf$", Pattern.CASE_INSENSITIVE);
    /** What stands before a tag of Unsloth's own mixtures, which have the names of others otherwise. */
    private static final Pattern MIXTURE = Pattern.compile("(?i)(?<![A-Za-z0-9])UD-");
    /** If there is a choice and the user made none: a size that keeps quality and fits a laptop, then the next best. */
    private static final List<String> PREFERRED = List.of("Q4_K_M", "Q4_0", "Q5_K_M", "Q8_0");

    private final URI endpoint;
    private final Map<String, String> headers;
    private final Downloader downloader;

    HuggingFace(ProcessEnvironment environment, Downloader downloader) {
        String named = environment.variable("HF_ENDPOINT");
        String address = named == null ? "https://huggingface.co" : named;
        endpoint = endpoint(address.endsWith("/") ? address : address + "/");
        String token = environment.variable("HF_TOKEN");
        headers = token == null || token.isBlank() ? Map.of() : Map.of("Authorization", "Bearer " + token.strip());
        this.downloader = downloader;
    }

    private static URI endpoint(String address) {
        try {
            URI uri = URI.create(address);
            if (uri.getHost() != null && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            // Refused below.
        }
        throw new AdedException.InvalidRequest(
                "HF_ENDPOINT", "is \"" + address + "\"; expected an http or https address");
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
        Path known = cached(home, wanted);
        if (known != null) {
            return known;
        }
        List<Remote> all = list(repository);
        Remote file = choose(repository, wanted, models(all));
        for (Remote part : parts(file, all)) {
            URI source = endpoint.resolve(repository + "/resolve/main/" + escaped(part.name()));
            downloader.fetch(
                    new Download(
                            source,
                            headers,
                            home.resolve(part.name()),
                            part.checksum(),
                            part.size(),
                            repository + ":" + part.name()),
                    listener,
                    arrived -> {
                        // With a checksum it is what its owner published.
                        if (part.checksum() == null) {
                            FetchedModel.require(arrived, source, repository + ":" + part.name());
                        }
                    });
        }
        remember(home, wanted, file.name());
        return home.resolve(file.name());
    }

    /** What was chosen before for the same words, without asking anybody. */
    private static @Nullable Path cached(Path home, @Nullable String wanted) {
        try {
            if (wanted != null
                    && wanted.endsWith(".gguf")
                    && !SHARD.matcher(wanted).matches()
                    && Files.isRegularFile(home.resolve(wanted))) {
                return home.resolve(wanted);
            }
            Path choice = home.resolve(choiceOf(wanted));
            Path file = Files.isRegularFile(choice) ? home.resolve(Files.readString(choice)) : null;
            return file != null && Files.isRegularFile(file) ? file : null;
        } catch (IOException | InvalidPathException e) {
            return null;
        }
    }

    private static void remember(Path home, @Nullable String wanted, String chosen) {
        try {
            Files.writeString(home.resolve(choiceOf(wanted)), chosen);
        } catch (IOException e) {
            // It is asked for again.
        }
    }

    private static String choiceOf(@Nullable String wanted) {
        return ".chosen-" + (wanted == null ? "" : wanted.replaceAll("[^\\w.-]", "_"));
    }

    /** Models, each by its first file: no projectors for images, and no later part of a split model. */
    private static List<Remote> models(List<Remote> all) {
        return all.stream()
                .filter(file -> !BESIDE.matcher(file.name()).find())
                .filter(file ->
                        !SHARD.matcher(file.name()).matches() || file.name().contains("-00001-of-"))
                .toList();
    }

    /** All files of a model. */
    private static List<Remote> parts(Remote first, List<Remote> all) {
        Matcher shard = SHARD.matcher(first.name());
        if (!shard.matches()) {
            return List.of(first);
        }
        List<Remote> parts = all.stream()
                .filter(file -> {
                    Matcher other = SHARD.matcher(file.name());
                    return other.matches()
                            && other.group(1).equals(shard.group(1))
                            && other.group(3).equals(shard.group(3));
                })
                .toList();
        int count = Integer.parseInt(shard.group(3));
        if (parts.size() != count) {
            throw new AdedException.NotFound(
                    "SPLIT_MODEL", "of the " + count + " files of " + first.name() + " there are only " + parts.size());
        }
        return parts;
    }

    /** As it stands in an address. */
    private static String escaped(String name) {
        StringBuilder escaped = new StringBuilder();
        name.chars().forEach(c -> {
            boolean plain = Character.isLetterOrDigit(c) || "-._~/".indexOf(c) >= 0;
            escaped.append(plain ? Character.toString(c) : String.format(Locale.ROOT, "%%%02X", c)); // all are ASCII
        });
        return escaped.toString();
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
        Map<String, Remote> found = new LinkedHashMap<>();
        for (JsonNode sibling : siblings) {
            String name = sibling.path("rfilename").asString("");
            String sha256 = sibling.path("lfs").path("sha256").asString("");
            if (NAME.matcher(name).matches() && !name.contains("..") && !name.startsWith("/")) {
                found.putIfAbsent(
                        name,
                        new Remote(
                                name,
                                Math.max(-1, sibling.path("size").asLong(-1)),
                                sha256.matches("[0-9a-fA-F]{64}") ? Checksum.sha256(sha256) : null));
            }
        }
        return List.copyOf(found.values());
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

    /**
     * Files that have the words in their name; as a tag by itself, if there are such: Q6_K is not Q6_K_L. Of those, a
     * tag that is another's with something before it comes last: UD-Q4_K_M is asked for by that name.
     */
    private static List<Remote> containing(List<Remote> files, String part) {
        Pattern tag = Pattern.compile(
                "(?<![A-Za-z0-9_])" + Pattern.quote(part) + "(?![A-Za-z0-9_])", Pattern.CASE_INSENSITIVE);
        List<Remote> exact =
                files.stream().filter(file -> tag.matcher(file.name()).find()).toList();
        if (exact.isEmpty()) {
            String lower = part.toLowerCase(Locale.ROOT);
            return files.stream()
                    .filter(file -> file.name().toLowerCase(Locale.ROOT).contains(lower))
                    .toList();
        }
        List<Remote> plain = exact.stream()
                .filter(file -> !MIXTURE.matcher(file.name()).find())
                .toList();
        return plain.isEmpty() ? exact : plain;
    }
}
