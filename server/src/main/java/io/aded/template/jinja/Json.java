package io.aded.template.jinja;

import io.aded.model.JsonValues;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The filter {@code tojson} as transformers defines it: Python's {@code json.dumps}, without escaping for HTML. */
final class Json {
    private final boolean ascii;
    private final @Nullable String indent;
    private final Text itemSeparator;
    private final Text keySeparator;
    private final boolean sorted;
    private final Meter meter;
    private final TextBuilder out = new TextBuilder();

    private Json(
            boolean ascii,
            @Nullable String indent,
            Text itemSeparator,
            Text keySeparator,
            boolean sorted,
            Meter meter) {
        this.ascii = ascii;
        this.indent = indent;
        this.itemSeparator = itemSeparator;
        this.keySeparator = keySeparator;
        this.sorted = sorted;
        this.meter = meter;
    }

    static Text filter(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
        boolean ascii = bound[0] != null && Operators.isTrue(bound[0]);
        String indent = null;
        if (bound[1] instanceof Text text) {
            indent = text.string();
        } else if (bound[1] != null && !(bound[1] instanceof Value.None)) {
            long width = Operators.integer(bound[1]);
            meter.size(Math.max(0, width));
            indent = " ".repeat((int) Math.max(0, width));
        }
        Text itemSeparator = Text.of(indent == null ? ", " : ",");
        Text keySeparator = Text.of(": ");
        if (bound[2] != null && !(bound[2] instanceof Value.None)) {
            List<Value> separators = Operators.items(bound[2], meter);
            if (separators.size() != 2
                    || !(separators.get(0) instanceof Text item)
                    || !(separators.get(1) instanceof Text key)) {
                throw TemplateException.failed("tojson takes separators as two strings");
            }
            itemSeparator = item;
            keySeparator = key;
        }
        boolean sorted = bound[3] != null && Operators.isTrue(bound[3]);
        Json json = new Json(ascii, indent, itemSeparator, keySeparator, sorted, meter);
        json.write(value, 0);
        return json.out.build();
    }

    private void write(Value value, int level) {
        meter.step();
        switch (value) {
            case Value.None _ -> out.append("null");
            case Value.Bool bool -> out.append(bool.value() ? "true" : "false");
            case Value.Int integer -> out.append(Long.toString(integer.value()));
            case Value.Large large -> out.append(large.value().toString());
            case Value.Float real -> out.append(real(real.value()));
            case Text text -> string(text);
            case Value.ListValue list -> array(list.items(), level);
            case Value.Tuple tuple -> array(tuple.items(), level);
            case Value.Dict dict -> object(dict.entries(), level);
            default ->
                throw TemplateException.failed("Object of type " + Python.type(value) + " is not JSON serializable");
        }
        meter.size(out.length());
    }

    private static String real(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? value > 0 ? "Infinity" : "-Infinity" : Python.real(value);
    }

    private void array(List<Value> items, int level) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        meter.enter();
        out.append("[");
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                out.append(itemSeparator);
            }
            newLine(level + 1);
            write(items.get(i), level + 1);
        }
        newLine(level);
        out.append("]");
        meter.leave();
    }

    private void object(Map<Value, Value> entries, int level) {
        if (entries.isEmpty()) {
            out.append("{}");
            return;
        }
        meter.enter();
        Map<Value, Value> ordered = entries;
        if (sorted) {
            ordered = new TreeMap<>((a, b) -> Operators.compare(a, b, "<", meter));
            ordered.putAll(entries);
        }
        out.append("{");
        for (Iterator<Map.Entry<Value, Value>> all = ordered.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<Value, Value> entry = all.next();
            newLine(level + 1);
            string(key(entry.getKey()));
            out.append(keySeparator);
            write(entry.getValue(), level + 1);
            if (all.hasNext()) {
                out.append(itemSeparator);
            }
        }
        newLine(level);
        out.append("}");
        meter.leave();
    }

    private Text key(Value key) {
        return switch (key) {
            case Text text -> text;
            case Value.None _ -> Text.of("null");
            case Value.Bool bool -> Text.of(bool.value() ? "true" : "false");
            case Value.Int integer -> Text.of(Long.toString(integer.value()));
            case Value.Float real -> Text.of(real(real.value()));
            default ->
                throw TemplateException.failed("keys must be str, int, float, bool or None, not " + Python.type(key));
        };
    }

    private void newLine(int level) {
        if (indent != null) {
            meter.size((long) indent.length() * level);
            out.append("\n").append(indent.repeat(level));
        }
    }

    private void string(Text text) {
        String string = text.string();
        meter.size(string.length());
        out.append("\"");
        int start = 0;
        for (int i = 0; i < string.length(); i++) {
            String escape = escape(string.charAt(i));
            if (escape != null) {
                out.append(text.substring(start, i))
                        .append(escape, text.substring(i, i + 1).hasMarks());
                start = i + 1;
            }
        }
        out.append(text.substring(start, string.length())).append("\"");
    }

    private @Nullable String escape(char c) {
        return c < 0x20 || c == '"' || c == '\\' || ascii && c > 0x7E ? JsonValues.escaped(c) : null;
    }
}
