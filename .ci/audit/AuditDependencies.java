import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.maven.artifact.versioning.DefaultArtifactVersion;
import org.apache.maven.artifact.versioning.InvalidVersionSpecificationException;
import org.apache.maven.artifact.versioning.VersionRange;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Holds a CycloneDX bill of materials against what {@code advisories.json} and {@code policy.json} say, and keeps the
 * list of licences that follows from it.
 *
 * <p>Arguments: {@code check} (exit 1 on a finding, or if the list of licences is out of date) or {@code apply} (write
 * that list first), the bill of materials, the directory of the two files, the list of licences.
 *
 * <p>A finding is an artifact that an advisory names in its version, an artifact under no licence that is allowed, or
 * one that the policy does not want at all. A finding may be excused by name, with a reason and a last day. An excuse
 * that is past its day excuses nothing; one that nothing needs is itself a finding, so that the list stays true.
 */
final class AuditDependencies {
    /** An artifact of the bill; {@code licences} are alternatives, as its own description names them. */
    private record Component(String name, String version, List<String> licences) {
        @Override
        public String toString() {
            return name + ":" + version;
        }
    }

    private record Excuse(String artifact, String finding, String why, LocalDate until) {
        boolean covers(Component component, String found) {
            return artifact.equals(component.name) && finding.equals(found);
        }
    }

    private final JsonNode advisories;
    private final JsonNode policy;
    private final List<Excuse> excuses;
    private final Set<Excuse> used = new HashSet<>();
    private final List<String> findings = new ArrayList<>();
    private final List<String> excused = new ArrayList<>();

    private AuditDependencies(Path directory) {
        advisories = JsonMapper.shared().readTree(directory.resolve("advisories.json"));
        policy = JsonMapper.shared().readTree(directory.resolve("policy.json"));
        excuses = policy.path("excused")
                .valueStream()
                .map(entry -> new Excuse(
                        entry.required("artifact").asString(),
                        entry.required("finding").asString(),
                        entry.required("why").asString(),
                        LocalDate.parse(entry.required("until").asString())))
                .toList();
    }

    public static void main(String[] arguments) throws IOException {
        boolean apply = switch (arguments[0]) {
            case "apply" -> true;
            case "check" -> false;
            default -> throw new IllegalArgumentException("is " + arguments[0] + "; allowed: check, apply");
        };
        List<Component> components = read(Path.of(arguments[1]));
        AuditDependencies audit = new AuditDependencies(Path.of(arguments[2]));
        Path list = Path.of(arguments[3]);
        audit.run(components);
        String licences = audit.describe(components);
        if (apply) {
            Files.writeString(list, licences);
        } else if (!Files.exists(list) || !Files.readString(list).equals(licences)) {
            audit.findings.add("docs/licences.md is out of date; to write it:\n"
                    + "        mvn -B -DskipTests -pl .ci/audit -am verify -Daudit=apply");
        }
        System.out.println(components.size() + " artifacts held against " + audit.advisories.size() + " advisories: "
                + audit.findings.size() + " findings, " + audit.excused.size() + " excused");
        audit.excused.forEach(line -> System.out.println("    excused: " + line));
        audit.findings.forEach(line -> System.out.println("    FOUND: " + line));
        if (!audit.findings.isEmpty()) {
            System.exit(1);
        }
    }

    /** The artifacts of others; ours carry our own licence. */
    private static List<Component> read(Path bill) {
        List<Component> components = new ArrayList<>();
        for (JsonNode entry : JsonMapper.shared().readTree(bill).required("components")) {
            String group = entry.path("group").asString("");
            if (group.equals("io.aded")) {
                continue;
            }
            Set<String> licences = new TreeSet<>();
            for (JsonNode licence : entry.path("licenses")) {
                JsonNode named = licence.path("license");
                licences.add(named.path("id")
                        .asString(named.path("name")
                                .asString(licence.path("expression").asString(""))));
            }
            components.add(new Component(
                    group + ":" + entry.required("name").asString(),
                    entry.required("version").asString(),
                    List.copyOf(licences)));
        }
        if (components.isEmpty()) {
            throw new IllegalStateException(bill + " names no artifact");
        }
        components.sort(Comparator.comparing(Component::name));
        return components;
    }

    private void run(List<Component> components) {
        for (Component component : components) {
            for (JsonNode advisory : advisories) {
                if (advisory.required("artifact").asString().equals(component.name)
                        && covers(advisory.required("affected").asString(), component.version)) {
                    String fixed = advisory.path("fixed").asString("no version");
                    report(
                            component,
                            advisory.required("id").asString(),
                            advisory.required("what").asString() + "; fixed in " + fixed);
                }
            }
            for (JsonNode unwanted : policy.required("unwanted")) {
                if (component.name.matches(unwanted.required("artifacts").asString())) {
                    report(component, "unwanted", unwanted.required("why").asString());
                }
            }
            if (licence(component).isEmpty()) {
                report(component, "licence", "is under " + component.licences + ", none of which is allowed");
            }
        }
        for (Excuse excuse : excuses) {
            if (!used.contains(excuse)) {
                findings.add("policy.json excuses " + excuse.finding + " of " + excuse.artifact
                        + ", which is found no more: take the entry out");
            }
        }
    }

    private void report(Component component, String found, String what) {
        String line = component + ": " + found + ": " + what;
        for (Excuse excuse : excuses) {
            if (excuse.covers(component, found)) {
                used.add(excuse);
                if (LocalDate.now().isAfter(excuse.until)) {
                    findings.add(line + " (it was excused until " + excuse.until + ")");
                } else {
                    excused.add(line + " (until " + excuse.until + ": " + excuse.why + ")");
                }
                return;
            }
        }
        findings.add(line);
    }

    /** Whether a version lies in a Maven range such as {@code [2.0,2.15.0),[2.16,2.16.2)}. */
    private static boolean covers(String range, String version) {
        try {
            return VersionRange.createFromVersionSpec(range).containsVersion(new DefaultArtifactVersion(version));
        } catch (InvalidVersionSpecificationException e) {
            throw new IllegalStateException("advisories.json: " + e.getMessage(), e);
        }
    }

    /** The licence under which an artifact is used: the first allowed one that it offers; empty if there is none. */
    private String licence(Component component) {
        Set<String> offered = new HashSet<>(component.licences);
        JsonNode stated = policy.required("licences_not_in_the_pom").path(component.name);
        if (!stated.isMissingNode()) {
            offered.add(stated.asString());
        }
        return policy.required("allowed_licences")
                .valueStream()
                .map(JsonNode::asString)
                .filter(offered::contains)
                .findFirst()
                .orElse("");
    }

    private String describe(List<Component> components) {
        StringBuilder text = new StringBuilder("""
            # Licences of what the server ships

            Written by `.ci/audit` from the bill of materials (`server/target/aded-server-sbom.json`); what must be said of
            some of them is in [NOTICE](../NOTICE). Where an artifact offers several licences, the one named is the one it is
            used under. The client for Java ships a part of this list: gRPC and what gRPC needs.

            | artifact | version | licence |
            |---|---|---|
            """);
        for (Component component : components) {
            text.append("| `%s` | %s | %s |%n".formatted(component.name, component.version, licence(component)));
        }
        return text.toString();
    }
}
