package io.aded.rpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Message;
import io.aded.model.FieldViolation;
import io.aded.v1.GenerationOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The fields of {@link GenerationOptions} that change by themselves, by the paths that a mask names them with. Three of
 * its messages are taken over field by field, so that {@code sampling} stands for {@code sampling.temperature} and so
 * on; every other field is taken over as a whole, and a path into it is refused.
 */
final class OptionPaths {
    private static final Set<String> BY_FIELD = Set.of("sampling", "draft", "reasoning");
    private static final String EVERYTHING = "*";
    private static final int MOST_NAMED = 4;
    private static final int LONGEST_NAMED = 64;
    private static final String ALLOWED = "allowed: fields of GenerationOptions, such as constraint, and one step into"
            + " sampling, draft and reasoning, such as sampling.seed; * for all";

    /** A field that changes by itself: the path from the options to it, one or two steps. */
    private record Leaf(FieldDescriptor outer, FieldDescriptor inner) {
        boolean isNested() {
            return !outer.equals(inner);
        }
    }

    private static final Map<String, Leaf> LEAVES = leaves();

    private OptionPaths() {}

    private static Map<String, Leaf> leaves() {
        Map<String, Leaf> leaves = new LinkedHashMap<>();
        for (FieldDescriptor outer : GenerationOptions.getDescriptor().getFields()) {
            if (BY_FIELD.contains(outer.getName())) {
                for (FieldDescriptor inner : outer.getMessageType().getFields()) {
                    leaves.put(outer.getName() + "." + inner.getName(), new Leaf(outer, inner));
                }
            } else {
                leaves.put(outer.getName(), new Leaf(outer, outer));
            }
        }
        return leaves;
    }

    /** Whether a name begins with a field of the options, such as {@code draft.max_nodes} does. */
    static boolean isOption(String name) {
        String first = name.split("[.\\[]", 2)[0];
        return GenerationOptions.getDescriptor().findFieldByName(first) != null;
    }

    /**
     * The fields that a mask names.
     *
     * @param field the mask's own name, under which paths that are none are reported
     */
    static Set<String> named(FieldMask mask, String field, List<FieldViolation> wrong) {
        Set<String> named = new LinkedHashSet<>();
        List<String> unknown = new ArrayList<>();
        for (String path : mask.getPathsList()) {
            if (LEAVES.containsKey(path)) {
                named.add(path);
            } else if (path.equals(EVERYTHING)) {
                named.addAll(LEAVES.keySet());
            } else if (BY_FIELD.contains(path)) {
                LEAVES.keySet().stream()
                        .filter(leaf -> leaf.startsWith(path + "."))
                        .forEach(named::add);
            } else {
                unknown.add(path);
            }
        }
        if (!unknown.isEmpty()) {
            wrong.add(new FieldViolation(field, "names " + quoted(unknown) + "; " + ALLOWED));
        }
        return named;
    }

    private static String quoted(List<String> paths) {
        StringBuilder text = new StringBuilder();
        for (String path : paths.subList(0, Math.min(paths.size(), MOST_NAMED))) {
            text.append(text.isEmpty() ? "\"" : ", \"")
                    .append(path.length() > LONGEST_NAMED ? path.substring(0, LONGEST_NAMED) + "\u2026" : path)
                    .append('"');
        }
        if (paths.size() > MOST_NAMED) {
            text.append(" and ").append(paths.size() - MOST_NAMED).append(" more");
        }
        return text.toString();
    }

    /** Whether a field is set: a list or a map is if it is not empty. */
    static boolean isSet(GenerationOptions options, String path) {
        Leaf leaf = LEAVES.get(path);
        if (leaf == null) {
            throw new IllegalArgumentException("no such field: " + path);
        }
        if (!leaf.isNested()) {
            return isSet(options, leaf.inner());
        }
        return options.hasField(leaf.outer()) && isSet((Message) options.getField(leaf.outer()), leaf.inner());
    }

    /** Whether a message has a value for a field. */
    static boolean isSet(Message message, FieldDescriptor field) {
        return field.isRepeated() ? message.getRepeatedFieldCount(field) > 0 : message.hasField(field);
    }

    /** The options with nothing but the given fields. */
    static GenerationOptions only(GenerationOptions options, Set<String> paths) {
        GenerationOptions.Builder kept = GenerationOptions.newBuilder();
        for (String path : paths) {
            Leaf leaf = LEAVES.get(path);
            if (leaf == null || !isSet(options, path)) {
                continue;
            }
            if (leaf.isNested()) {
                Message.Builder inner = ((Message) kept.getField(leaf.outer())).toBuilder();
                inner.setField(leaf.inner(), ((Message) options.getField(leaf.outer())).getField(leaf.inner()));
                kept.setField(leaf.outer(), inner.build());
            } else {
                kept.setField(leaf.outer(), options.getField(leaf.outer()));
            }
        }
        return kept.build();
    }
}
