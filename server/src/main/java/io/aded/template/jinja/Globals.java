package io.aded.template.jinja;

import io.aded.template.jinja.TemplateException.Kind;
import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template has: Jinja's, and the two that transformers adds. */
final class Globals {
    /** The longest range, as in jinja2's sandbox. */
    private static final int LONGEST_RANGE = 100_000;

    private Globals() {}

    static Map<String, Value> at(ZonedDateTime now) {
        Map<String, Value> globals = new HashMap<>();
        add(globals, "range", (arguments, _) -> range(arguments));
        add(globals, "dict", Globals::dict);
        add(globals, "namespace", (arguments, meter) -> {
            Map<String, Value> attributes = new LinkedHashMap<>();
            ((Value.Dict) dict(arguments, meter))
                    .entries()
                    .forEach((name, value) ->
                            attributes.put(Python.str(name, meter).string(), value));
            return new Value.Namespace(attributes);
        });
        add(globals, "cycler", (arguments, _) -> new Cycler(arguments.positional()));
        add(globals, "joiner", (arguments, _) -> {
            @Nullable Value[] bound = arguments.bind("joiner", "sep");
            boolean[] used = {false};
            Value separator = bound[0] == null ? Text.of(", ") : bound[0];
            return new Function("joiner", (_, _) -> {
                Value now2 = used[0] ? separator : Text.EMPTY;
                used[0] = true;
                return now2;
            });
        });
        add(globals, "raise_exception", (arguments, meter) -> {
            throw new TemplateException(
                    Kind.REFUSED, withoutCallers(Python.str(arguments.required("raise_exception", 0), meter)));
        });
        add(
                globals,
                "strftime_now",
                (arguments, _) -> Text.of(Strftime.format(
                        StringMethods.text(arguments, "strftime_now", 0).string(), now)));
        globals.put("self", (Value.Instance) _ -> null); // the template's blocks, which cannot be called
        return globals;
    }

    private static void add(Map<String, Value> globals, String name, Function.Body body) {
        globals.put(name, new Function(name, body));
    }

    /** A refusal's message goes to logs and reports; what a caller wrote does not. */
    private static String withoutCallers(Text text) {
        StringBuilder shown = new StringBuilder();
        int done = 0;
        for (int i = 0; i < text.marks(); i++) {
            shown.append(text.string(), done, text.markStart(i)).append('…');
            done = text.markEnd(i);
        }
        return shown.append(text.string(), done, text.length()).toString();
    }

    private static Value range(Arguments arguments) {
        if (arguments.count() < 1 || arguments.count() > 3 || !arguments.named().isEmpty()) {
            throw TemplateException.failed("range expected 1 to 3 arguments, got " + arguments.count());
        }
        long[] values =
                arguments.positional().stream().mapToLong(Operators::integer).toArray();
        long start = values.length == 1 ? 0 : values[0];
        long stop = values.length == 1 ? values[0] : values[1];
        long step = values.length == 3 ? values[2] : 1;
        if (step == 0) {
            throw TemplateException.failed("range() arg 3 must not be zero");
        }
        long limit = 1L << 40;
        if (Math.abs(start) > limit
                || Math.abs(stop) > limit
                || Math.abs(step) > limit
                || (step > 0 ? stop - start : start - stop) / Math.abs(step) > LONGEST_RANGE) {
            throw TemplateException.failed(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + LONGEST_RANGE + ").");
        }
        return new Value.Range(start, stop, step);
    }

    private static Value dict(Arguments arguments, Meter meter) {
        Value.Dict dict = Value.Dict.empty();
        if (arguments.count() > 1) {
            throw TemplateException.failed("dict expected at most 1 argument, got " + arguments.count());
        }
        if (arguments.count() == 1) {
            Value from = arguments.positional().getFirst();
            if (from instanceof Value.Dict(Map<Value, Value> entries)) {
                dict.entries().putAll(entries);
            } else {
                for (Value pair : Operators.items(from, meter)) {
                    List<Value> two = Operators.items(pair, meter);
                    if (two.size() != 2) {
                        throw TemplateException.failed(
                                "dictionary update sequence element has length " + two.size() + "; 2 is required");
                    }
                    dict.entries().put(Operators.key(two.get(0)), two.get(1));
                }
            }
        }
        arguments.named().forEach((name, value) -> dict.entries().put(Text.of(name), value));
        return dict;
    }

    /** What {@code cycler(…)} gives. */
    private static final class Cycler implements Value.Instance {
        private final List<Value> items;
        private int at;

        Cycler(List<Value> items) {
            if (items.isEmpty()) {
                throw TemplateException.failed("at least one item has to be provided");
            }
            this.items = items;
        }

        @Override
        public @Nullable Value attribute(String attribute) {
            return switch (attribute) {
                case "current" -> items.get(at);
                case "next" ->
                    new Function(attribute, (_, _) -> {
                        Value item = items.get(at);
                        at = (at + 1) % items.size();
                        return item;
                    });
                case "reset" ->
                    new Function(attribute, (_, _) -> {
                        at = 0;
                        return Value.None.NONE;
                    });
                default -> null;
            };
        }
    }
}
