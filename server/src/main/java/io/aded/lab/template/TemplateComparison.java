package io.aded.lab.template;

import io.aded.template.jinja.Bounds;
import io.aded.template.jinja.JinjaTemplate;
import io.aded.template.jinja.TemplateException;
import io.aded.template.jinja.Value;
import io.aded.template.jinja.Values;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Renders templates and compares each result with a reference, byte for byte, refusals included.
 *
 * <p>Input, one JSON object a line: {@code template} (a file's path), {@code conversation} (a name), {@code variables}
 * (what the template is given), {@code epoch} (the time it is told, in seconds) and the reference, either {@code text}
 * or {@code error}.
 */
public final class TemplateComparison {
    private static final int SHOWN = 60;

    private final ObjectMapper json = new ObjectMapper();
    private final Map<String, JinjaTemplate> parsed = new HashMap<>();
    private final Set<String> files = new HashSet<>();
    private final PrintStream out;

    private int equal;
    private int refusedAlike;
    private final Map<String, Integer> differing = new TreeMap<>();

    private TemplateComparison(PrintStream out) {
        this.out = out;
    }

    /**
     * Compares all that a file of references holds.
     *
     * @param arguments the file; then, if wanted, {@code --verbose}
     */
    public static void main(String[] arguments) throws IOException {
        TemplateComparison comparison = new TemplateComparison(System.out);
        boolean verbose = arguments.length > 1 && arguments[1].equals("--verbose");
        System.exit(comparison.run(Path.of(arguments[0]), verbose) ? 0 : 1);
    }

    private boolean run(Path references, boolean verbose) throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(references)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                compare(json.readTree(line), verbose);
            }
        }
        int different = differing.values().stream().mapToInt(Integer::intValue).sum();
        differing.forEach((template, count) -> out.println("differs " + count + " times: " + template));
        out.println(files.size() + " templates, " + (equal + refusedAlike + different) + " renderings: " + equal
                + " equal, " + refusedAlike + " refused by both, " + different + " different");
        return different == 0 && equal > 0;
    }

    private void compare(JsonNode reference, boolean verbose) throws IOException {
        String file = reference.get("template").asString();
        files.add(file);
        String name = Path.of(file).getFileName() + " / "
                + reference.get("conversation").asString();
        JsonNode expected = reference.get("text");
        String text = null;
        String error = null;
        try {
            text = render(file, reference);
        } catch (TemplateException e) {
            error = e.kind() + ": " + e.getMessage();
        }
        String wanted = expected == null || expected.isNull() ? null : expected.asString();
        if (wanted == null && text == null) {
            refusedAlike++;
        } else if (Objects.equals(wanted, text)) {
            equal++;
        } else {
            differing.merge(Path.of(file).getFileName().toString(), 1, Integer::sum);
            if (verbose) {
                show(
                        name,
                        wanted == null ? "(refused) " + reference.get("error") : wanted,
                        text == null ? error : text);
            }
        }
    }

    private String render(String file, JsonNode reference) throws IOException {
        JinjaTemplate template = parsed.get(file);
        if (template == null) {
            template = JinjaTemplate.parse(Files.readString(Path.of(file)));
            parsed.put(file, template);
        }
        Map<String, Value> variables = new LinkedHashMap<>();
        reference
                .get("variables")
                .properties()
                .forEach(entry -> variables.put(
                        entry.getKey(), Values.fromCaller(json.treeToValue(entry.getValue(), Object.class))));
        ZonedDateTime now =
                Instant.ofEpochSecond(reference.get("epoch").asLong()).atZone(ZoneOffset.UTC);
        return template.render(variables, now, Bounds.DEFAULT).string();
    }

    private void show(String name, String wanted, @Nullable String got) {
        String text = String.valueOf(got);
        int at = 0;
        while (at < Math.min(wanted.length(), text.length()) && wanted.charAt(at) == text.charAt(at)) {
            at++;
        }
        out.println(name + ": differs at " + at);
        out.println("  wanted: " + around(wanted, at));
        out.println("  got:    " + around(text, at));
    }

    private static String around(String text, int at) {
        return text.substring(Math.max(0, at - SHOWN), Math.min(text.length(), at + SHOWN))
                .replace("\n", "\\n");
    }
}
