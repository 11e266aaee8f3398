package io.aded.lab.prompts;

import io.aded.model.AdedException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads and chooses prompts. A file has one JSON object a line: {@code id} (text or number), {@code task},
 * {@code category} (either may be absent) and {@code turns}, an array of user messages.
 */
public final class Scenarios {
    private static final String BUILT_IN = "scenarios.jsonl";
    private static final String DEMONSTRATION = "demonstration.jsonl";

    private Scenarios() {}

    /** The scenarios that come with the program: chat, code, quoting, editing, JSON, creative writing. */
    public static List<Scenario> builtIn() {
        return resource(BUILT_IN);
    }

    /** What a newcomer asks first: the prompts of {@code chat}'s {@code /try}, in order, and of the hello examples. */
    public static List<Scenario> demonstration() {
        return resource(DEMONSTRATION);
    }

    private static List<Scenario> resource(String name) {
        InputStream resource = Scenarios.class.getResourceAsStream(name);
        if (resource == null) {
            throw new IllegalStateException("the program's own " + name + " is missing from the class path");
        }
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(resource, StandardCharsets.UTF_8))) {
            return parse(reader, name.equals(BUILT_IN) ? "built-in scenarios" : name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads a file.
     *
     * @throws AdedException.NotFound if there is none
     * @throws AdedException.InvalidArtifact if a line cannot be used; the message names the line and what is wanted
     */
    public static List<Scenario> read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new AdedException.NotFound("PROMPTS_NOT_FOUND", "there is no file of prompts at " + file);
        }
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            return parse(reader, String.valueOf(file.getFileName()));
        } catch (CharacterCodingException e) {
            throw new AdedException.InvalidArtifact("PROMPTS_INVALID", file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new AdedException.InvalidArtifact("PROMPTS_UNREADABLE", "cannot read " + file, e);
        }
    }

    static List<Scenario> parse(BufferedReader reader, String name) throws IOException {
        JsonMapper mapper = JsonMapper.shared();
        List<Scenario> scenarios = new ArrayList<>();
        int number = 0;
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            number++;
            if (!line.isBlank()) {
                scenarios.add(parseLine(mapper, line, name + " line " + number));
            }
        }
        if (scenarios.isEmpty()) {
            throw invalid(name + " holds no prompts; wanted: one JSON object a line", null);
        }
        return scenarios;
    }

    private static Scenario parseLine(JsonMapper mapper, String line, String where) {
        JsonNode object;
        try {
            object = mapper.readTree(line);
        } catch (JacksonException e) {
            // The parser's message may quote the prompt; the column says enough.
            int column =
                    e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getColumnNr());
            throw invalid(where + " is not JSON (column " + column + ")", null);
        }
        if (!object.isObject()) {
            throw invalid(where + " is not a JSON object; wanted: id, task, category, turns", null);
        }
        JsonNode id = object.get("id");
        if (id == null || !(id.isString() || id.isNumber()) || id.asString().isBlank()) {
            throw invalid(where + ": \"id\" is missing; wanted: text or a number", null);
        }
        JsonNode turns = object.get("turns");
        if (turns == null || !turns.isArray() || turns.isEmpty()) {
            throw invalid(where + ": \"turns\" is missing or empty; wanted: an array of user messages", null);
        }
        List<String> messages = new ArrayList<>();
        for (JsonNode turn : turns.values()) {
            if (!turn.isString() || turn.asString().isBlank()) {
                throw invalid(where + ": \"turns\" holds what is not text or is blank; wanted: user messages", null);
            }
            messages.add(turn.asString());
        }
        String category = label(object, "category", where);
        String task = label(object, "task", where);
        String either = task == null ? (category == null ? "prompts" : category) : task;
        return new Scenario(id.asString(), either, category == null ? either : category, messages);
    }

    private static @Nullable String label(JsonNode object, String field, String where) {
        JsonNode value = object.get(field);
        if (value == null || value.isNull()) {
            return null;
        }
        if (!value.isString() || value.asString().isBlank()) {
            throw invalid(where + ": \"" + field + "\" is not text; wanted: a short name, or leave it out", null);
        }
        return value.asString();
    }

    private static AdedException.InvalidArtifact invalid(String message, @Nullable Throwable cause) {
        return new AdedException.InvalidArtifact("PROMPTS_INVALID", message, cause);
    }

    /**
     * Chooses at most {@code limit} scenarios, the same number from each group as far as they last, and within a group
     * evenly from its beginning to its end. The order of the file stays.
     *
     * @param names tasks or categories to keep; empty keeps all
     * @param limit 0 for no limit
     * @throws AdedException.InvalidRequest if a name fits nothing
     */
    public static List<Scenario> select(
            List<Scenario> all, Scenario.Grouping grouping, Collection<String> names, int limit) {
        List<Scenario> kept = new ArrayList<>(all);
        if (!names.isEmpty()) {
            for (String name : names) {
                if (all.stream().noneMatch(scenario -> carries(scenario, Set.of(name)))) {
                    throw new AdedException.InvalidRequest(
                            "category", "no prompt has \"" + name + "\"; there are: " + known(all));
                }
            }
            kept.removeIf(scenario -> !carries(scenario, names));
        }
        if (limit <= 0 || limit >= kept.size()) {
            return List.copyOf(kept);
        }
        Map<String, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < kept.size(); i++) {
            groups.computeIfAbsent(grouping.of(kept.get(i)), _ -> new ArrayList<>())
                    .add(i);
        }
        boolean[] chosen = new boolean[kept.size()];
        Map<String, Integer> shares = shares(groups, limit);
        groups.forEach((group, members) -> {
            int share = shares.getOrDefault(group, 0);
            for (int i = 0; i < share; i++) {
                chosen[members.get((int) ((2L * i + 1) * members.size() / (2L * share)))] = true;
            }
        });
        List<Scenario> selected = new ArrayList<>();
        for (int i = 0; i < kept.size(); i++) {
            if (chosen[i]) {
                selected.add(kept.get(i));
            }
        }
        return selected;
    }

    /** Deals places out, one to each group in turn, until they or the scenarios are used up. */
    private static Map<String, Integer> shares(Map<String, List<Integer>> groups, int limit) {
        Map<String, Integer> shares = new LinkedHashMap<>();
        int left = limit;
        while (left > 0) {
            for (Map.Entry<String, List<Integer>> group : groups.entrySet()) {
                int share = shares.getOrDefault(group.getKey(), 0);
                if (left > 0 && share < group.getValue().size()) {
                    shares.put(group.getKey(), share + 1);
                    left--;
                }
            }
        }
        return shares;
    }

    private static boolean carries(Scenario scenario, Collection<String> names) {
        return names.contains(scenario.task()) || names.contains(scenario.category());
    }

    private static String known(List<Scenario> all) {
        return String.join(
                ", ",
                all.stream()
                        .flatMap(scenario -> Stream.of(scenario.task(), scenario.category()))
                        .distinct()
                        .sorted()
                        .toList());
    }
}
