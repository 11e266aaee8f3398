package io.aded.lab.alignment;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Where the answers of a folder come from and how they were made.
 *
 * @param date when the export began, as ISO 8601
 * @param version of this program
 * @param target whose answers they are
 * @param source of the prompts, in words
 * @param raw whether prompts went to the target as they are, without its chat template
 * @param maxTokens the longest answer
 * @param samples answers to a prompt that is not held out
 * @param temperature of all samples but the first, which is greedy
 * @param seed of the random streams
 * @param heldOut share of prompts that no training may see, from 0 to 1
 * @param loops whether answers were left as they are where they fall into a loop
 * @param draft the drafter whose guesses they hold; null for none
 */
public record AlignmentFacts(
        String date,
        String version,
        Target target,
        String source,
        boolean raw,
        int maxTokens,
        int samples,
        double temperature,
        int seed,
        double heldOut,
        boolean loops,
        @Nullable String draft) {
    static final String FORMAT = "aded-alignment";
    static final int VERSION = 1;

    private static final JsonMapper MAPPER =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /**
     * The model that answered.
     *
     * @param name what it is called
     * @param quantization its predominant tensor type
     * @param parameters its number of weights
     * @param library what computed
     * @param trainedContext tokens that it was trained on
     * @param vocabularySize its number of tokens
     * @param fingerprint of its vocabulary, see {@link io.aded.draft.table.BaseTable#fingerprint}
     */
    public record Target(
            String name,
            String quantization,
            long parameters,
            String library,
            int trainedContext,
            int vocabularySize,
            long fingerprint) {}

    /**
     * Refuses to go on with an export under other settings, since its answers would not be of one kind.
     *
     * @throws AdedException.InvalidRequest naming all that differs
     */
    void requireSame(AlignmentFacts wanted, Path folder) {
        List<FieldViolation> wrong = new ArrayList<>();
        differs(wrong, "model", target.name(), wanted.target.name());
        differs(wrong, "requantize", target.quantization(), wanted.target.quantization());
        differs(wrong, "model", target.fingerprint(), wanted.target.fingerprint());
        differs(wrong, "prompts", source, wanted.source);
        differs(wrong, "raw", raw, wanted.raw);
        differs(wrong, "max_tokens", maxTokens, wanted.maxTokens);
        differs(wrong, "samples", samples, wanted.samples);
        differs(wrong, "temperature", temperature, wanted.temperature);
        differs(wrong, "seed", seed, wanted.seed);
        differs(wrong, "held_out", heldOut, wanted.heldOut);
        differs(wrong, "keep_loops", loops, wanted.loops);
        differs(wrong, "draft", draft, wanted.draft);
        if (!wrong.isEmpty()) {
            wrong.add(new FieldViolation(
                    "output", "is " + folder + ", where an export with other settings was begun; name another folder"));
            throw new AdedException.InvalidRequest(wrong);
        }
    }

    private static void differs(
            List<FieldViolation> wrong, String field, @Nullable Object begun, @Nullable Object wanted) {
        if (!Objects.equals(begun, wanted)) {
            wrong.add(new FieldViolation(field, "is " + wanted + "; the export was begun with " + begun));
        }
    }

    /**
     * Writes a file, whole or not at all.
     *
     * @param rights that it is made with
     */
    void writeTo(Path file, FileAttribute<?>... rights) throws IOException {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("format", FORMAT);
        root.put("version", VERSION);
        root.put("date", date);
        root.put("aded", version);
        ObjectNode model = root.putObject("target");
        model.put("name", target.name());
        model.put("quantization", target.quantization());
        model.put("parameters", target.parameters());
        model.put("library", target.library());
        model.put("trained_context", target.trainedContext());
        model.put("vocabulary_size", target.vocabularySize());
        model.put("vocabulary_fingerprint", String.format(Locale.ROOT, "%016x", target.fingerprint()));
        root.put("source", source);
        root.put("raw", raw);
        root.put("max_tokens", maxTokens);
        root.put("samples", samples);
        root.put("temperature", temperature);
        root.put("seed", seed);
        root.put("held_out", heldOut);
        root.put("keep_loops", loops);
        root.put("draft", draft);
        Path partial = file.resolveSibling(partial(file.getFileName().toString()));
        Files.deleteIfExists(partial);
        Files.createFile(partial, rights);
        Files.writeString(partial, MAPPER.writeValueAsString(root) + "\n");
        Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** What a file is called while it is written. */
    static String partial(String name) {
        return name + ".part";
    }

    /** Whether a file is absent, or what {@link #writeTo} leaves when the process is killed. */
    static boolean isBeginning(Path file) throws IOException {
        if (!Files.exists(file)) {
            return true;
        }
        String beginning = MAPPER.writeValueAsString(Map.of("format", FORMAT));
        byte[] begun = beginning.substring(0, beginning.lastIndexOf('"') + 1).getBytes(StandardCharsets.UTF_8);
        try (InputStream in = Files.newInputStream(file)) {
            byte[] there = in.readNBytes(begun.length);
            return Arrays.equals(there, 0, there.length, begun, 0, there.length);
        }
    }

    /**
     * Reads what {@link #writeTo} wrote.
     *
     * @throws AdedException.InvalidArtifact if it is no description of an export, or of a newer version
     */
    static AlignmentFacts read(Path file) {
        try {
            JsonNode root = MAPPER.readTree(Files.readString(file));
            if (!root.path("format").asString("").equals(FORMAT)) {
                throw invalid(file + " describes no export for alignment", null);
            }
            int version = root.path("version").asInt(0);
            if (version != VERSION) {
                throw invalid(file + " has version " + version + "; supported: " + VERSION, null);
            }
            JsonNode model = root.path("target");
            JsonNode draft = root.path("draft");
            return new AlignmentFacts(
                    root.path("date").asString(),
                    root.path("aded").asString(),
                    new Target(
                            model.path("name").asString(),
                            model.path("quantization").asString(),
                            model.path("parameters").asLong(),
                            model.path("library").asString(),
                            model.path("trained_context").asInt(),
                            model.path("vocabulary_size").asInt(),
                            Long.parseUnsignedLong(
                                    model.path("vocabulary_fingerprint").asString(), 16)),
                    root.path("source").asString(),
                    root.path("raw").asBoolean(),
                    root.path("max_tokens").asInt(),
                    root.path("samples").asInt(),
                    root.path("temperature").asDouble(),
                    root.path("seed").asInt(),
                    root.path("held_out").asDouble(),
                    root.path("keep_loops").asBoolean(),
                    draft.isString() ? draft.asString() : null);
        } catch (IOException | JacksonException | NumberFormatException e) {
            throw invalid(file + " cannot be understood", e);
        }
    }

    private static AdedException.InvalidArtifact invalid(String message, @Nullable Throwable cause) {
        return new AdedException.InvalidArtifact("ALIGNMENT_INVALID", message, cause);
    }
}
