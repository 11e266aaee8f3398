package io.aded.template.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Jinja's filters. Not there: {@code pprint}, {@code random}, {@code urlize}, {@code wordwrap} and {@code xmlattr},
 * which no prompt needs; a template that names one is refused by its name.
 */
final class Filters {

    /** What a filter does; the first argument is what is filtered. */
    @FunctionalInterface
    private interface Filter {
        Value apply(Value value, Arguments arguments, Meter meter);
    }

    /** What an item is sorted, joined or chosen by. */
    @FunctionalInterface
    private interface Key {
        Value of(Value item);
    }

    /** Whether an item is chosen. */
    @FunctionalInterface
    private interface Condition {
        boolean holds(Value item);
    }

    private static final Map<String, Filter> ALL = all();

    /** Those that take nothing but what is filtered. */
    private static final Set<String> BARE = Set.of(
            "abs",
            "capitalize",
            "count",
            "e",
            "escape",
            "first",
            "forceescape",
            "items",
            "last",
            "length",
            "list",
            "lower",
            "reverse",
            "safe",
            "string",
            "striptags",
            "title",
            "upper",
            "urlencode",
            "wordcount");

    private Filters() {}

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static Value apply(String name, Value value, Arguments arguments, Meter meter) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw TemplateException.failed("No filter named '" + name + "' found.");
        }
        if (BARE.contains(name)) {
            arguments.bind(name);
        }
        meter.step();
        return filter.apply(value, arguments, meter);
    }

    private static Map<String, Filter> all() {
        Map<String, Filter> all = new HashMap<>();
        // Text
        all.put("capitalize", (value, _, meter) -> StringMethods.capitalize(TextFilters.soft(value, meter)));
        all.put("lower", (value, _, meter) -> StringMethods.lower(TextFilters.soft(value, meter)));
        all.put("upper", (value, _, meter) -> StringMethods.upper(TextFilters.soft(value, meter)));
        all.put("title", (value, _, meter) -> TextFilters.title(TextFilters.soft(value, meter)));
        all.put("trim", TextFilters::trim);
        all.put("replace", TextFilters::replace);
        all.put("indent", TextFilters::indent);
        all.put("center", (value, arguments, meter) -> {
            @Nullable Value[] bound = arguments.bind("center", "width");
            long width = bound[0] == null ? 80 : Operators.integer(bound[0]);
            return StringMethods.padded(TextFilters.soft(value, meter), width, " ", "center", meter);
        });
        all.put("truncate", TextFilters::truncate);
        all.put(
                "wordcount",
                (value, _, meter) -> new Value.Int(
                        TextFilters.words(TextFilters.soft(value, meter).string())));
        all.put("string", (value, _, meter) -> TextFilters.soft(value, meter));
        all.put("safe", (value, _, meter) -> TextFilters.soft(value, meter).asMarkup(true));
        all.put(
                "escape",
                (value, _, meter) -> Operators.escapedUnlessMarkup(TextFilters.soft(value, meter))
                        .asMarkup(true));
        all.put(
                "e",
                (value, _, meter) -> Operators.escapedUnlessMarkup(TextFilters.soft(value, meter))
                        .asMarkup(true));
        all.put(
                "forceescape",
                (value, _, meter) ->
                        TextFilters.escape(TextFilters.soft(value, meter)).asMarkup(true));
        all.put("striptags", (value, _, meter) -> {
            Text text = TextFilters.soft(value, meter);
            String stripped = text.string().replaceAll("(?s)<!--.*?-->", "").replaceAll("<[^>]*>", "");
            return text.derived(String.join(" ", stripped.strip().split("\\s+")))
                    .asMarkup(false);
        });
        all.put("urlencode", TextFilters::urlEncode);
        all.put("format", (value, arguments, meter) -> {
            if (arguments.count() > 0 && !arguments.named().isEmpty()) {
                throw TemplateException.failed("can't handle positional and keyword arguments at the same time");
            }
            Value values =
                    arguments.named().isEmpty() ? new Value.Tuple(arguments.positional()) : dict(arguments.named());
            return Formatting.percent(TextFilters.soft(value, meter), values, meter);
        });
        all.put("tojson", Json::filter);
        // Numbers
        all.put("abs", (value, _, _) -> {
            Operators.requireDefined(value);
            if (!Operators.isNumber(value)) {
                throw TemplateException.failed("bad operand type for abs(): '" + Python.type(value) + "'");
            }
            return value instanceof Value.Float(double real)
                    ? new Value.Float(Math.abs(real))
                    : new Value.Int(Math.absExact(Operators.integer(value)));
        });
        all.put("int", NumberFilters::toInteger);
        all.put("float", NumberFilters::toReal);
        all.put("round", NumberFilters::round);
        all.put("filesizeformat", NumberFilters::fileSize);
        // Sequences
        all.put("length", Filters::length);
        all.put("count", Filters::length);
        all.put("first", (value, _, meter) -> {
            Value first = Operators.iterate(value, meter).next();
            return first != null ? first : new Value.Undefined("No first item, sequence was empty.");
        });
        all.put("last", (value, _, meter) -> {
            List<Value> items = reversible(value, meter);
            return items.isEmpty() ? new Value.Undefined("No last item, sequence was empty.") : items.getLast();
        });
        all.put("list", (value, _, meter) -> new Value.ListValue(List.copyOf(Operators.items(value, meter))));
        all.put(
                "reverse",
                (value, _, meter) -> value instanceof Text text
                        ? Operators.slice(text, Value.None.NONE, Value.None.NONE, new Value.Int(-1), meter)
                        : generator(reversible(value, meter).reversed()));
        all.put("join", Filters::join);
        all.put("items", (value, _, meter) -> {
            if (value instanceof Value.Undefined) {
                return generator(List.of());
            }
            if (!(value instanceof Value.Dict dict)) {
                throw TemplateException.failed("Can only get item pairs from a mapping.");
            }
            return generator(Attributes.pairs(dict.entries(), meter));
        });
        all.put("dictsort", Filters::dictSort);
        all.put("sort", Filters::sort);
        all.put("unique", Filters::unique);
        all.put("min", (value, arguments, meter) -> extreme(value, arguments, meter, true));
        all.put("max", (value, arguments, meter) -> extreme(value, arguments, meter, false));
        all.put("sum", Filters::sum);
        all.put("batch", Filters::batch);
        all.put("slice", Filters::slice);
        all.put("groupby", Filters::groupBy);
        all.put("map", Filters::map);
        all.put("select", (value, arguments, meter) -> select(value, arguments, meter, false, true));
        all.put("reject", (value, arguments, meter) -> select(value, arguments, meter, false, false));
        all.put("selectattr", (value, arguments, meter) -> select(value, arguments, meter, true, true));
        all.put("rejectattr", (value, arguments, meter) -> select(value, arguments, meter, true, false));
        // Anything
        all.put("default", Filters::orDefault);
        all.put("d", Filters::orDefault);
        all.put("attr", (value, arguments, _) -> {
            Attributes.byPlace("attr", arguments, 1);
            Text name = StringMethods.text(arguments, "attr", 0);
            Operators.requireDefined(value);
            Value own = Attributes.own(value, name.string());
            return own != null
                    ? own
                    : new Value.Undefined("'" + Python.type(value) + " object' has no attribute '" + name + "'");
        });
        return Map.copyOf(all);
    }

    // --- sequences

    static Value.Generator generator(List<Value> items) {
        return new Value.Generator(Items.of(items));
    }

    private static Value length(Value value, Arguments arguments, Meter meter) {
        Integer length = Operators.length(value);
        if (length == null) {
            throw TemplateException.failed("object of type '" + Python.type(value) + "' has no len()");
        }
        return new Value.Int(length);
    }

    private static List<Value> reversible(Value value, Meter meter) {
        if (value instanceof Value.Generator) {
            throw TemplateException.failed("'generator' object is not reversible");
        }
        return Operators.items(value, meter);
    }

    private static Value join(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("join", "d", "attribute");
        Text separator = bound[0] == null
                ? Text.EMPTY
                : TextFilters.soft(bound[0], meter).asMarkup(false);
        Key key = bound[1] == null || bound[1] instanceof Value.None ? item -> item : getter(bound[1], null, meter);
        TextBuilder out = new TextBuilder();
        boolean first = true;
        Items items = Operators.iterate(value, meter);
        for (Value item = items.next(); item != null; item = items.next()) {
            if (!first) {
                out.append(separator);
            }
            first = false;
            out.append(TextFilters.soft(key.of(item), meter));
            meter.size(out.length());
        }
        return out.build();
    }

    /** A function that reads an attribute, {@code a.b.0} included. */
    private static Key getter(Value attribute, @Nullable Value whenMissing, Meter meter) {
        List<Value> path = new ArrayList<>();
        if (attribute instanceof Text text) {
            for (String part : text.string().split("\\.", -1)) {
                boolean number =
                        !part.isEmpty() && part.length() < 10 && part.chars().allMatch(Character::isDigit);
                path.add(number ? new Value.Int(Integer.parseInt(part)) : Text.of(part));
            }
        } else {
            path.add(attribute);
        }
        return item -> {
            Value value = item;
            for (Value part : path) {
                value = Operators.subscript(value, part, meter);
                if (value instanceof Value.Undefined && whenMissing != null) {
                    value = whenMissing;
                }
            }
            return value;
        };
    }

    private static Key sortKey(@Nullable Value attribute, @Nullable Value caseSensitive, Meter meter) {
        Key get = attribute == null || attribute instanceof Value.None ? item -> item : getter(attribute, null, meter);
        boolean exact = caseSensitive != null && Operators.isTrue(caseSensitive);
        return item -> {
            Value value = get.of(item);
            return exact || !(value instanceof Text text) ? value : StringMethods.lower(text);
        };
    }

    private static List<Value> sorted(List<Value> items, Key key, boolean reverse, Meter meter) {
        record Keyed(Value key, Value item) {}
        List<Keyed> keyed = new ArrayList<>();
        for (Value item : items) {
            keyed.add(new Keyed(key.of(item), item));
        }
        Comparator<Keyed> order = (a, b) -> Operators.compare(a.key(), b.key(), "<", meter);
        keyed.sort(reverse ? order.reversed() : order);
        return keyed.stream().map(Keyed::item).toList();
    }

    private static Value dictSort(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
        if (!(value instanceof Value.Dict dict)) {
            Operators.requireDefined(value);
            throw TemplateException.failed("'" + Python.type(value) + "' object has no attribute 'items'");
        }
        String by = bound[1] == null ? "key" : Python.str(bound[1], meter).string();
        if (!by.equals("key") && !by.equals("value")) {
            throw TemplateException.failed("You can only sort by either \"key\" or \"value\"");
        }
        boolean byValue = by.equals("value");
        Key key = sortKey(new Value.Int(byValue ? 1 : 0), bound[0], meter);
        boolean reverse = bound[2] != null && Operators.isTrue(bound[2]);
        return new Value.ListValue(sorted(Attributes.pairs(dict.entries(), meter), key, reverse, meter));
    }

    private static Value sort(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        Key key = sortKey(null, bound[1], meter);
        if (bound[2] instanceof Text attributes) {
            List<Key> keys = new ArrayList<>();
            for (String attribute : attributes.string().split(",")) {
                keys.add(sortKey(Text.of(attribute.strip()), bound[1], meter));
            }
            key = item -> new Value.Tuple(keys.stream().map(one -> one.of(item)).toList());
        } else if (bound[2] != null) {
            key = sortKey(bound[2], bound[1], meter);
        }
        boolean reverse = bound[0] != null && Operators.integer(bound[0]) != 0;
        return new Value.ListValue(sorted(Operators.items(value, meter), key, reverse, meter));
    }

    private static Value unique(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("unique", "case_sensitive", "attribute");
        Key key = sortKey(bound[1], bound[0], meter);
        Map<Value, Value> seen = new LinkedHashMap<>();
        for (Value item : Operators.items(value, meter)) {
            seen.putIfAbsent(Operators.key(key.of(item)), item);
        }
        return generator(List.copyOf(seen.values()));
    }

    private static Value extreme(Value value, Arguments arguments, Meter meter, boolean least) {
        @Nullable Value[] bound = arguments.bind(least ? "min" : "max", "case_sensitive", "attribute");
        Key key = sortKey(bound[1], bound[0], meter);
        Value best = null;
        for (Value item : Operators.items(value, meter)) {
            if (best == null || Operators.ordered(least ? "<" : ">", key.of(item), key.of(best), meter)) {
                best = item;
            }
        }
        return best == null ? new Value.Undefined("No aggregated item, sequence was empty.") : best;
    }

    private static Value sum(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("sum", "attribute", "start");
        Key key = bound[0] == null || bound[0] instanceof Value.None ? item -> item : getter(bound[0], null, meter);
        Value total = bound[1] == null ? new Value.Int(0) : bound[1];
        if (total instanceof Text) {
            throw TemplateException.failed("sum() can't sum strings [use ''.join(seq) instead]");
        }
        for (Value item : Operators.items(value, meter)) {
            total = Operators.binary("+", total, key.of(item), meter);
        }
        return total;
    }

    private static Value batch(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("batch", "linecount", "fill_with");
        long size = bound[0] == null ? 0 : Operators.integer(bound[0]);
        if (size < 1) {
            throw TemplateException.failed("batch() takes a line count of at least 1");
        }
        List<Value> batches = new ArrayList<>();
        List<Value> batch = new ArrayList<>();
        for (Value item : Operators.items(value, meter)) {
            if (batch.size() == size) {
                batches.add(new Value.ListValue(batch));
                batch = new ArrayList<>();
            }
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            if (bound[1] != null && !(bound[1] instanceof Value.None)) {
                meter.size(size);
                while (batch.size() < size) {
                    batch.add(bound[1]);
                }
            }
            batches.add(new Value.ListValue(batch));
        }
        return generator(batches);
    }

    private static Value slice(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("slice", "slices", "fill_with");
        int slices = bound[0] == null ? 0 : (int) Math.clamp(Operators.integer(bound[0]), 0, 1 << 20);
        if (slices < 1) {
            throw TemplateException.failed("integer division or modulo by zero");
        }
        List<Value> items = Operators.items(value, meter);
        meter.size(slices);
        int each = items.size() / slices;
        int longer = items.size() % slices;
        List<Value> all = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < slices; i++) {
            int end = at + each + (i < longer ? 1 : 0);
            List<Value> part = new ArrayList<>(items.subList(at, end));
            if (bound[1] != null && !(bound[1] instanceof Value.None) && i >= longer) {
                part.add(bound[1]);
            }
            all.add(new Value.ListValue(part));
            at = end;
        }
        return generator(all);
    }

    private static Value groupBy(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("groupby", "attribute", "default", "case_sensitive");
        if (bound[0] == null) {
            throw TemplateException.failed("groupby() is missing an argument");
        }
        Key get = getter(bound[0], bound[1], meter);
        boolean exact = bound[2] != null && Operators.isTrue(bound[2]);
        Key key = item -> {
            Value own = get.of(item);
            return exact || !(own instanceof Text text) ? own : StringMethods.lower(text);
        };
        List<Value> groups = new ArrayList<>();
        Value current = null;
        List<Value> members = List.of();
        for (Value item : sorted(Operators.items(value, meter), key, false, meter)) {
            Value own = key.of(item);
            if (current == null || !Operators.equal(own, current, meter)) {
                members = new ArrayList<>();
                groups.add(new Group(get.of(item), members).tuple());
                current = own;
            }
            members.add(item);
        }
        return new Value.ListValue(groups);
    }

    /** A group's name and members, which templates take apart as a pair. */
    private record Group(Value grouper, List<Value> list) {
        Value tuple() {
            return new Value.Tuple(List.of(grouper, new Value.ListValue(list)));
        }
    }

    // --- functions over sequences

    /** These filters take whatever is false for an empty sequence, {@code none} too. */
    private static Items unlessFalse(Value value, Meter meter) {
        return Operators.isTrue(value) ? Operators.iterate(value, meter) : () -> null;
    }

    private static Value map(Value value, Arguments arguments, Meter meter) {
        Key function;
        if (arguments.count() == 0) {
            @Nullable Value[] bound = arguments.bind("map", "attribute", "default");
            if (bound[0] == null) {
                throw TemplateException.failed("map requires a filter argument");
            }
            function = getter(bound[0], bound[1], meter);
        } else {
            String name = StringMethods.text(arguments, "map", 0).string();
            Arguments rest = arguments.from(1);
            function = item -> apply(name, item, rest, meter);
        }
        Items items = unlessFalse(value, meter);
        return new Value.Generator(() -> {
            Value item = items.next();
            return item == null ? null : function.of(item);
        });
    }

    private static Value select(Value value, Arguments arguments, Meter meter, boolean byAttribute, boolean wanted) {
        Arguments rest = arguments;
        Key get = item -> item;
        if (byAttribute) {
            get = getter(rest.required("selectattr", 0), null, meter);
            rest = rest.from(1);
        }
        Key key = get;
        Condition test;
        if (rest.count() == 0) {
            test = item -> Operators.isTrue(key.of(item));
        } else {
            String name = StringMethods.text(rest, "select", 0).string();
            Arguments more = rest.from(1);
            if (!Tests.exists(name)) {
                throw TemplateException.failed("No test named '" + name + "'.");
            }
            test = item -> Tests.holds(name, key.of(item), more, meter);
        }
        Items items = unlessFalse(value, meter);
        return new Value.Generator(() -> {
            Value item = items.next();
            while (item != null && test.holds(item) != wanted) {
                item = items.next();
            }
            return item;
        });
    }

    private static Value orDefault(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("default", "default_value", "boolean");
        boolean falseToo = bound[1] != null && Operators.isTrue(bound[1]);
        boolean replaces = value instanceof Value.Undefined || falseToo && !Operators.isTrue(value);
        return !replaces ? value : bound[0] == null ? Text.EMPTY : bound[0];
    }

    /** Values by name as a dictionary. */
    static Value.Dict dict(Map<String, Value> named) {
        Value.Dict dict = Value.Dict.empty();
        named.forEach((name, value) -> dict.entries().put(Text.of(name), value));
        return dict;
    }
}
