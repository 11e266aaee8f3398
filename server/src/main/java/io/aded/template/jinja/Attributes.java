package io.aded.template.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The attributes and methods that values have in Python, as far as they only read. What would change a list or a
 * dictionary is there too, as something undefined that says why: transformers runs templates in jinja2's immutable
 * sandbox.
 */
final class Attributes {
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private Attributes() {}

    /** An attribute or method of a value's type, or null if the type has none of that name. */
    static @Nullable Value own(Value object, String name) {
        if (name.startsWith("_")) {
            return null;
        }
        return switch (object) {
            case Text text -> StringMethods.of(text, name);
            case Value.ListValue(List<Value> items) ->
                LIST_CHANGES.contains(name) ? unsafe("list", name) : ofSequence(items, name, true);
            case Value.Tuple(List<Value> items) -> ofSequence(items, name, false);
            case Value.Dict(Map<Value, Value> entries) ->
                DICT_CHANGES.contains(name) ? unsafe("dict", name) : ofDict(entries, name);
            case Value.Range range ->
                switch (name) {
                    case "start" -> new Value.Int(range.start());
                    case "stop" -> new Value.Int(range.stop());
                    case "step" -> new Value.Int(range.step());
                    case "count", "index" -> ofRange(range, name);
                    default -> null;
                };
            case Value.Namespace namespace -> namespace.attributes().get(name);
            case Value.Callable callable -> callable.attribute(name);
            case Value.Instance instance -> instance.attribute(name);
            default -> null;
        };
    }

    private static Value unsafe(String type, String name) {
        return new Value.Undefined("access to attribute '" + name + "' of '" + type + "' object is unsafe.");
    }

    private static @Nullable Value ofSequence(List<Value> items, String name, boolean isList) {
        return switch (name) {
            case "count" ->
                new Function(name, (arguments, meter) -> {
                    byPlace(name, arguments, 1);
                    Value wanted = arguments.required("count", 0);
                    long count = items.stream()
                            .filter(item -> Operators.equal(item, wanted, meter))
                            .count();
                    return new Value.Int(count);
                });
            case "index" ->
                new Function(name, (arguments, meter) -> {
                    Value wanted = arguments.required("index", 0);
                    for (int i = 0; i < items.size(); i++) {
                        if (Operators.equal(items.get(i), wanted, meter)) {
                            return new Value.Int(i);
                        }
                    }
                    throw TemplateException.failed("the value is not in the list");
                });
            case "copy" -> isList ? bare(name, _ -> new Value.ListValue(items)) : null;
            default -> null;
        };
    }

    private static Value ofRange(Value.Range range, String name) {
        return new Function(name, (arguments, meter) -> {
            Attributes.byPlace(name, arguments, 1);
            Value wanted = arguments.required(name, 0);
            List<Value> items = Operators.items(range, meter);
            int at = 0;
            while (at < items.size() && !Operators.equal(items.get(at), wanted, meter)) {
                at++;
            }
            if (name.equals("count")) {
                return new Value.Int(at < items.size() ? 1 : 0);
            }
            if (at == items.size()) {
                throw TemplateException.failed("the value is not in the range");
            }
            return new Value.Int(at);
        });
    }

    private static @Nullable Value ofDict(Map<Value, Value> entries, String name) {
        return switch (name) {
            case "get" ->
                new Function(name, (arguments, _) -> {
                    Value key = Operators.key(arguments.required("get", 0));
                    byPlace("get", arguments, 2);
                    Value found = entries.get(key);
                    return found != null
                            ? found
                            : arguments.count() > 1 ? arguments.positional().get(1) : Value.None.NONE;
                });
            case "items" -> bare(name, meter -> new Value.View("dict_items", pairs(entries, meter)));
            case "keys" -> bare(name, _ -> new Value.View("dict_keys", List.copyOf(entries.keySet())));
            case "values" -> bare(name, _ -> new Value.View("dict_values", List.copyOf(entries.values())));
            case "copy" -> bare(name, _ -> new Value.Dict(entries));
            default -> null;
        };
    }

    /** What a method without arguments does. */
    @FunctionalInterface
    private interface Bare {
        Value call(Meter meter);
    }

    private static Function bare(String name, Bare body) {
        return new Function(name, (arguments, meter) -> {
            byPlace(name, arguments, 0);
            return body.call(meter);
        });
    }

    /** Many of Python's own functions take their arguments by place only. */
    static void byPlace(String function, Arguments arguments, int most) {
        if (!arguments.named().isEmpty()) {
            throw TemplateException.failed(function + "() takes no keyword arguments");
        }
        if (arguments.count() > most) {
            throw TemplateException.failed(
                    function + "() takes at most " + most + " arguments, but " + arguments.count() + " were given");
        }
    }

    /** The entries as tuples of two. */
    static List<Value> pairs(Map<Value, Value> entries, Meter meter) {
        meter.work(entries.size());
        List<Value> pairs = new ArrayList<>();
        entries.forEach((key, value) -> pairs.add(new Value.Tuple(List.of(key, value))));
        return pairs;
    }
}
