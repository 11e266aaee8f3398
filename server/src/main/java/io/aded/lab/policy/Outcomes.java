package io.aded.lab.policy;

import io.aded.draft.select.DrafterChoice;
import io.aded.lab.prompts.Scenario;
import io.aded.lab.report.Figures;
import io.aded.lab.report.Statistics;
import io.aded.model.AdedException;
import io.aded.model.RegularFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code aded bench --json} wrote, as a choice is trained on it.
 *
 * <p>Which mode is which arm: {@code off} is none; {@code auto-table} is the table, and so is {@code auto} of a run
 * without a draft model; {@code model} is the model; {@code auto} of a run with one is both. A speed-up compares an
 * answer with the one that {@code off} gave to the same prompt in the same repeat of the same run; of several repeats
 * and runs the median counts. As in the reports of {@code aded bench}, decoding is timed from the first round's end, so
 * that reading the prompt, by the target or by a draft model, is not in it.
 */
public final class Outcomes {
    /** Some thousand prompts by some modes; what is larger was not written by a benchmark. */
    private static final long MOST_BYTES = 256L << 20;

    /** An answer with hardly a token after its first round says nothing of speed. */
    private static final int LEAST_TOKENS = 8;

    /** Of a group's name. */
    private static final int MOST_LETTERS = 60;

    private static final Pattern FINGERPRINT = Pattern.compile("[0-9a-fA-F]{16}");

    /** Seconds of an answer; no benchmark waits for thirty years. */
    private static final double MOST_SECONDS = 1e9;

    /** A speed-up beyond, or one as far below 1, is no measurement. */
    private static final double MOST_SPEED_UP = 1e6;

    private static final String NONE = DrafterChoice.arms().getFirst();

    private final List<Outcome> complete;
    private final int leftOut;
    private final Set<String> models;
    private final Set<String> dates;
    private final String vocabulary;

    private Outcomes(List<Outcome> complete, int leftOut, Set<String> models, Set<String> dates, String vocabulary) {
        this.complete = List.copyOf(complete);
        this.leftOut = leftOut;
        this.models = models;
        this.dates = dates;
        this.vocabulary = vocabulary;
    }

    /** One prompt's numbers while files are read. */
    private static final class Prompt {
        final String group;
        final double[] features;
        final List<Double> plainSeconds = new ArrayList<>();
        final Map<String, List<Double>> speedUps = new HashMap<>();

        Prompt(String group, double[] features) {
            this.group = group;
            this.features = features;
        }
    }

    /**
     * Reads results, one or several of the same vocabulary.
     *
     * @param grouping what is reported together
     * @throws AdedException.NotFound if a file is not there
     * @throws AdedException.InvalidArtifact if one holds no results that say of every arm what a choice needs
     */
    public static Outcomes read(List<Path> files, Scenario.Grouping grouping) {
        Map<String, Prompt> prompts = new TreeMap<>();
        Set<String> models = new TreeSet<>();
        Set<String> dates = new TreeSet<>();
        String vocabulary = "";
        for (Path file : files) {
            JsonNode root = tree(file);
            JsonNode choice = root.path("choice");
            requireResults(file, root, choice);
            String own = fingerprint(file, choice.path("vocabulary_fingerprint"));
            if (!vocabulary.isEmpty() && !vocabulary.equals(own)) {
                throw invalid(
                        file,
                        "was measured with another vocabulary (fingerprint " + own + ") than the results before it ("
                                + vocabulary + "); a choice is trained for one");
            }
            vocabulary = own;
            models.add(root.path("environment").path("model").asString(""));
            dates.add(root.path("environment").path("date").asString(""));
            addPrompts(file, choice, grouping, prompts);
            addAnswers(file, root, choice.path("draft_model").asBoolean(false), prompts);
        }
        List<Outcome> complete = new ArrayList<>();
        Map<String, Integer> missing = new LinkedHashMap<>();
        prompts.forEach((key, prompt) -> {
            Map<String, Double> speedUps = new LinkedHashMap<>();
            for (String arm : DrafterChoice.arms()) {
                List<Double> of = arm.equals(NONE) && !prompt.plainSeconds.isEmpty()
                        ? List.of(1.0)
                        : prompt.speedUps.getOrDefault(arm, List.of());
                if (of.isEmpty()) {
                    missing.merge(arm, 1, Integer::sum);
                } else {
                    speedUps.put(arm, median(of));
                }
            }
            if (speedUps.size() == DrafterChoice.arms().size()) {
                complete.add(new Outcome(key, prompt.group, prompt.features, median(prompt.plainSeconds), speedUps));
            }
        });
        if (complete.isEmpty()) {
            throw new AdedException.InvalidArtifact(
                    "CHOICE_WITHOUT_OUTCOMES",
                    "no prompt was answered by every arm with at least " + LEAST_TOKENS + " tokens to time; missing: "
                            + missing.keySet() + ". Measure all of them in one run of aded bench with a"
                            + " draft model: the modes off, auto, auto-table and model");
        }
        return new Outcomes(complete, prompts.size() - complete.size(), models, dates, vocabulary);
    }

    private static JsonNode tree(Path file) {
        RegularFiles.require(file, "RESULTS_INVALID", file.toString());
        try {
            long bytes = Files.size(file);
            if (bytes > MOST_BYTES) {
                throw invalid(file, "has " + bytes + " bytes; allowed: " + MOST_BYTES);
            }
            return JsonMapper.shared().readTree(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new AdedException.NotFound("FILE_NOT_FOUND", "there is no " + file);
        } catch (IOException | JacksonException e) {
            throw invalid(file, "is no JSON that aded bench wrote");
        }
    }

    private static void requireResults(Path file, JsonNode root, JsonNode choice) {
        if (!root.path("answers").isArray() || !root.path("settings").isObject()) {
            throw invalid(file, "holds no results that aded bench has written as JSON");
        }
        if (!choice.path("prompts").isArray()) {
            throw invalid(file, "says nothing of its prompts, so it was written by an older version; measure again");
        }
        if (!choice.path("features").asString("").equals(DrafterChoice.layout())) {
            throw invalid(
                    file,
                    "tells of prompts by \"" + choice.path("features").asString("")
                            + "\"; this version's features are \"" + DrafterChoice.layout() + "\": measure again");
        }
        if (root.path("settings").path("synthetic_acceptance").isNumber()) {
            throw invalid(file, "was measured with made-up drafts, which say nothing of drafters");
        }
    }

    private static String fingerprint(Path file, JsonNode node) {
        String written = node.isString() ? node.asString() : "";
        if (!FINGERPRINT.matcher(written).matches()) {
            throw invalid(
                    file,
                    "has the vocabulary_fingerprint " + Figures.shorten(node.toString(), MOST_LETTERS)
                            + "; allowed: 16 hexadecimal digits, as aded bench writes them");
        }
        return written.toLowerCase(Locale.ROOT);
    }

    private static void addPrompts(
            Path file, JsonNode choice, Scenario.Grouping grouping, Map<String, Prompt> prompts) {
        Set<String> own = new HashSet<>();
        for (JsonNode node : choice.path("prompts")) {
            JsonNode numbers = node.path("features");
            double[] features = new double[numbers.size()];
            for (int i = 0; i < features.length; i++) {
                features[i] = numbers.get(i).asDouble(Double.NaN);
            }
            String key = key(node);
            if (features.length != DrafterChoice.featureNames().size()
                    || !Arrays.stream(features).allMatch(Double::isFinite)) {
                throw invalid(file, "has other features of the prompt " + key + " than it says");
            }
            String wrong = DrafterChoice.wrongFeature(features);
            if (wrong != null) {
                throw invalid(file, "says of the prompt " + key + " what no prompt has: " + wrong);
            }
            String group = node.path(grouping == Scenario.Grouping.TASK ? "task" : "category")
                    .asString("");
            group = Figures.shorten(group, MOST_LETTERS);
            Prompt before = prompts.putIfAbsent(key, new Prompt(group, features));
            if (!own.add(key) || before != null && !Arrays.equals(before.features, features)) {
                throw invalid(file, "calls another prompt " + key + ", too; give each its own id");
            }
        }
    }

    private static String key(JsonNode node) {
        return node.path("task").asString("") + "/" + node.path("id").asString("");
    }

    private static void addAnswers(Path file, JsonNode root, boolean drafted, Map<String, Prompt> prompts) {
        Map<String, Double> plain = new HashMap<>();
        for (JsonNode answer : root.path("answers")) {
            if (answer.path("mode").asString("").equals("off")
                    && answer.path("turn").asInt(0) == 0) {
                double speed = tokensPerSecond(answer);
                Prompt prompt = prompts.get(key(answer));
                if (prompt == null) {
                    throw invalid(file, "has an answer to " + key(answer) + ", of which it tells nothing");
                }
                if (speed > 0) {
                    plain.put(key(answer) + "/" + answer.path("repeat").asInt(0), speed);
                    double seconds = answer.path("decode_seconds").asDouble(0);
                    if (seconds > MOST_SECONDS) {
                        throw invalid(
                                file,
                                "has an answer to " + key(answer) + " of " + seconds + " seconds; allowed: at most "
                                        + MOST_SECONDS);
                    }
                    prompt.plainSeconds.add(seconds);
                }
            }
        }
        for (JsonNode answer : root.path("answers")) {
            String arm = arm(answer.path("mode").asString(""), drafted);
            double speed = tokensPerSecond(answer);
            Double without = plain.get(key(answer) + "/" + answer.path("repeat").asInt(0));
            Prompt prompt = prompts.get(key(answer));
            if (!arm.isEmpty() && answer.path("turn").asInt(0) == 0 && without != null && prompt != null && speed > 0) {
                double speedUp = speed / without;
                // Written so that NaN fails.
                if (!(speedUp >= 1 / MOST_SPEED_UP && speedUp <= MOST_SPEED_UP)) {
                    throw invalid(
                            file,
                            "has an answer to " + key(answer) + " " + speedUp + " times as fast as plain decoding;"
                                    + " allowed: " + 1 / MOST_SPEED_UP + " to " + MOST_SPEED_UP);
                }
                prompt.speedUps.computeIfAbsent(arm, _ -> new ArrayList<>()).add(speedUp);
            }
        }
    }

    /** After the first round; 0 where there is too little to say. */
    private static double tokensPerSecond(JsonNode answer) {
        int tokens = answer.path("completion_tokens").asInt(0)
                - answer.path("first_round_tokens").asInt(0);
        double seconds = answer.path("decode_seconds").asDouble(0);
        double speed = tokens / seconds;
        return tokens >= LEAST_TOKENS && Double.isFinite(speed) ? Math.max(0, speed) : 0;
    }

    /** Empty for a mode that is no arm. */
    private static String arm(String mode, boolean drafted) {
        return switch (mode) {
            case "auto" -> drafted ? "both" : "table";
            case "auto-table" -> "table";
            case "model" -> "model";
            default -> "";
        };
    }

    private static double median(List<Double> values) {
        return Statistics.median(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static AdedException.InvalidArtifact invalid(Path file, String why) {
        return new AdedException.InvalidArtifact("RESULTS_INVALID", file + " " + why);
    }

    /** Those of prompts that every arm answered, by their keys. */
    List<Outcome> complete() {
        return complete;
    }

    /** Prompts that not every arm answered at length. */
    public int leftOut() {
        return leftOut;
    }

    /** Names of the models that answered, in one line. */
    String models() {
        return String.join(", ", models);
    }

    /** When they were measured, in one line. */
    String dates() {
        return String.join(", ", dates);
    }

    /** The fingerprint of their vocabulary, as its fact is written. */
    long vocabulary() {
        return Long.parseUnsignedLong(vocabulary, 16);
    }
}
