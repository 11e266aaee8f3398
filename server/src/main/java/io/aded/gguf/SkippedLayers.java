package io.aded.gguf;

import io.aded.model.AdedException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Layers that a copy of a model goes without: the other layers close up, and the copy drafts for the model (Draft &amp;
 * Verify, Zhang et al., ACL 2024, arXiv 2309.08168). Immutable.
 */
public final class SkippedLayers {
    /** Skips nothing. */
    public static final SkippedLayers NONE = new SkippedLayers(List.of());

    private static final String FIELD = "skip";
    private static final Pattern RANGE = Pattern.compile("(\\d{1,4})(?:-(\\d{1,4}))?");
    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,4})(\\..*)");

    /**
     * Architectures whose layers all do the same, so that a layer may get another number. In others the number says
     * what a layer is: with a window or without, dense or with experts, recurrent or not.
     */
    private static final Set<String> UNIFORM = Set.of(
            "apertus",
            "arcee",
            "baichuan",
            "bloom",
            "chatglm",
            "codeshell",
            "command-r",
            "dbrx",
            "ernie4_5",
            "exaone",
            "falcon",
            "gemma",
            "glm4",
            "gpt2",
            "gptneox",
            "granite",
            "hunyuan-dense",
            "internlm2",
            "jais",
            "llama",
            "mpt",
            "nemotron",
            "olmo",
            "olmo2",
            "olmoe",
            "orion",
            "phi2",
            "phi3",
            "plamo",
            "qwen",
            "qwen2",
            "qwen2moe",
            "qwen3",
            "qwen3moe",
            "refact",
            "seed_oss",
            "stablelm",
            "starcoder",
            "starcoder2",
            "xverse");

    private final TreeSet<Integer> layers;

    private SkippedLayers(Collection<Integer> layers) {
        this.layers = new TreeSet<>(layers);
    }

    /** These layers, counted from 0. */
    public static SkippedLayers of(Collection<Integer> layers) {
        if (layers.stream().anyMatch(layer -> layer < 0)) {
            throw new AdedException.InvalidRequest(FIELD, "has a negative number; layers are counted from 0");
        }
        return layers.isEmpty() ? NONE : new SkippedLayers(layers);
    }

    /**
     * Reads numbers and ranges such as {@code 9-12} or {@code 3,9-12}, both ends included.
     *
     * @throws AdedException.InvalidRequest if it is no such text
     */
    public static SkippedLayers parse(String text) {
        Set<Integer> layers = new TreeSet<>();
        for (String part : text.split(",", -1)) {
            Matcher range = RANGE.matcher(part.strip());
            if (!range.matches()) {
                throw malformed(text);
            }
            int first = Integer.parseInt(range.group(1));
            int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
            if (last < first) {
                throw malformed(text);
            }
            for (int layer = first; layer <= last; layer++) {
                layers.add(layer);
            }
        }
        return new SkippedLayers(layers);
    }

    private static AdedException.InvalidRequest malformed(String text) {
        return new AdedException.InvalidRequest(
                FIELD, "is \"" + text + "\"; allowed: layers and ranges of them, such as 9-12 or 3,9-12");
    }

    /** Whether it skips nothing. */
    public boolean isEmpty() {
        return layers.isEmpty();
    }

    /** How many it skips. */
    public int count() {
        return layers.size();
    }

    /** Whether it skips this layer. */
    public boolean contains(int layer) {
        return layers.contains(layer);
    }

    /**
     * Checks that the model's layers can close up.
     *
     * @throws AdedException.InvalidRequest if a layer is not there, none would be left, or the numbers of this model's
     *     layers mean something
     */
    public void require(GgufFile model) {
        if (layers.isEmpty()) {
            return;
        }
        String architecture = model.architecture();
        long count = model.integer(architecture + ".block_count", 0);
        if (layers.last() >= count) {
            throw new AdedException.InvalidRequest(
                    FIELD, "names layer " + layers.last() + "; the model's layers are 0 to " + (count - 1));
        }
        if (layers.size() >= count) {
            throw new AdedException.InvalidRequest(FIELD, "leaves none of the model's " + count + " layers");
        }
        if (!UNIFORM.contains(architecture)) {
            throw new AdedException.InvalidRequest(
                    FIELD,
                    "cannot be had for a model of the architecture " + architecture
                            + ", whose layers may differ by their number");
        }
        if (model.integer(architecture + ".attention.sliding_window", 0) > 0) {
            throw new AdedException.InvalidRequest(
                    FIELD, "cannot be had for a model with a sliding window, whose layers take turns by their number");
        }
        for (Map.Entry<String, Object> entry : model.metadata().entrySet()) {
            if (entry.getKey().startsWith(architecture + ".")
                    && entry.getValue() instanceof GgufFile.Array array
                    && array.count() == count) {
                throw new AdedException.InvalidRequest(
                        FIELD,
                        "cannot be had for this model: its " + entry.getKey() + " has a value for each layer, so its"
                                + " layers differ");
            }
        }
    }

    /** What a tensor is called when the layers have closed up; null if it goes with its layer. */
    @Nullable
    String renamed(String tensor) {
        Matcher block = BLOCK.matcher(tensor);
        if (layers.isEmpty() || !block.matches()) {
            return tensor;
        }
        int layer = Integer.parseInt(block.group(1));
        return layers.contains(layer)
                ? null
                : "blk." + (layer - layers.headSet(layer).size()) + block.group(2);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SkippedLayers skipped && layers.equals(skipped.layers);
    }

    @Override
    public int hashCode() {
        return layers.hashCode();
    }

    /** In the form that {@link #parse} reads. */
    @Override
    public String toString() {
        List<String> ranges = new ArrayList<>();
        int first = -1;
        int last = -1;
        for (int layer : layers) {
            if (layer != last + 1 || first < 0) {
                add(ranges, first, last);
                first = layer;
            }
            last = layer;
        }
        add(ranges, first, last);
        return String.join(",", ranges);
    }

    private static void add(List<String> ranges, int first, int last) {
        if (first >= 0) {
            ranges.add(first == last ? String.valueOf(first) : first + "-" + last);
        }
    }
}
