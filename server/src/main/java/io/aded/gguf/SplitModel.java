package io.aded.gguf;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model in several files, which llama.cpp finds by their names: {@code NAME-00001-of-00003.gguf} and so on, side by
 * side. Only the first says what the model is; each has some of the tensors.
 */
final class SplitModel {
    private static final Pattern NAME = Pattern.compile("(.*)-00001-of-(\\d{5})\\.gguf");
    /** More no published model has. */
    private static final long MOST = 1000;

    private final GgufFile first;
    private final long count;

    SplitModel(GgufFile first, long count) {
        this.first = first;
        this.count = count;
    }

    GgufFile join() {
        Path path = first.path();
        Matcher name = NAME.matcher(String.valueOf(path.getFileName()));
        if (!name.matches() || Integer.parseInt(name.group(2)) != count || count > MOST) {
            throw GgufFile.invalid(
                    path,
                    "it is the first of " + count + " files, which llama.cpp only finds if its name ends in"
                            + String.format(Locale.ROOT, " -00001-of-%05d.gguf", Math.min(count, 99_999)));
        }
        List<GgufFile.Tensor> tensors = new ArrayList<>(first.tensors());
        long size = first.size();
        for (int part = 2; part <= count; part++) {
            Path file =
                    path.resolveSibling(String.format(Locale.ROOT, "%s-%05d-of-%05d.gguf", name.group(1), part, count));
            if (!Files.exists(file)) {
                throw GgufFile.invalid(
                        path, "it is the first of " + count + " files, and " + file.getFileName() + " is missing");
            }
            GgufFile more = GgufFile.read(file);
            if (more.integer("split.count", 1) != count || more.integer("split.no", -1) != part - 1) {
                throw GgufFile.invalid(file, "it does not say that it is part " + part + " of " + count);
            }
            tensors.addAll(more.tensors());
            size += more.size();
        }
        return first.withParts(tensors, size, (int) count);
    }
}
