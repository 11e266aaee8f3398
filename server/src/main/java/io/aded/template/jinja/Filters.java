package io.aded.template.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Jinja's filters. Not there: {@code pprint}, {@code random}, {@code urlize}, {@code wordwrap} and {@code xmlattr}, which no
 * prompt needs; a template that names one is refused by its name.
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

    private Filters() {}

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static Value apply(String name, Value value, Arguments arguments, Meter meter) {
        Filter filter = ALL.get(name);
        if (filter == null) {
            throw TemplateException.failed("No filter named '" + name + "' found.");
        }
        meter.step();
        return filter.apply(value, arguments, meter);
    }

    private static Map<String, Filter> all() {
        Map<String, Filter> all = new HashMap<>();
        // Text
        all.put("capitalize", (value, _, meter) -> StringMethods.capitalize(soft(value, meter)));
        all.put("lower", (value, _, meter) -> StringMethods.lower(soft(value, meter)));
        all.put("upper", (value, _, meter) -> StringMethods.upper(soft(value, meter)));
        all.put("title", (value, _, meter) -> title(soft(value, meter)));
        all.put("trim", Filters::trim);
        all.put("replace", Filters::replace);
        all.put("indent", Filters::indent);
        all.put("center", (value, arguments, meter) -> {
            @Nullable Value[] bound = arguments.bind("center", "width");
            long width = bound[0] == null ? 80 : Operators.integer(bound[0]);
            return StringMethods.padded(soft(value, meter), width, " ", "center", meter);
        });
        all.put("truncate", Filters::truncate);
        all.put(
                "wordcount",
                (value, _, meter) -> new Value.Int(words(soft(value, meter).string())));
        all.put("string", (value, _, meter) -> soft(value, meter));
        all.put("safe", (value, _, meter) -> soft(value, meter).asMarkup(true));
        all.put(
                "escape",
                (value, _, meter) ->
                        Operators.escapedUnlessMarkup(soft(value, meter)).asMarkup(true));
        all.put(
                "e",
                (value, _, meter) ->
                        Operators.escapedUnlessMarkup(soft(value, meter)).asMarkup(true));
        all.put("forceescape", (value, _, meter) -> escape(soft(value, meter)).asMarkup(true));
        all.put("striptags", (value, _, meter) -> {
            Text text = soft(value, meter);
            String stripped = text.string().replaceAll("(?s)<!--.*?-->", "").replaceAll("<[^>]*>", "");
            return text.derived(String.join(" ", stripped.strip().split("\\s+")))
                    .asMarkup(false);
        });
        all.put("urlencode", Filters::urlEncode);
        all.put("format", (value, arguments, meter) -> {
            Value values =
                    arguments.named().isEmpty() ? new Value.Tuple(arguments.positional()) : dict(arguments.named());
            return Formatting.percent(soft(value, meter), values, meter);
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
        all.put("int", Filters::toInteger);
        all.put("float", Filters::toReal);
        all.put("round", Filters::round);
        all.put("filesizeformat", Filters::fileSize);
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
            Text name = StringMethods.text(arguments, "attr", 0);
            Operators.requireDefined(value);
            Value own = Attributes.own(value, name.string());
            return own != null
                    ? own
                    : new Value.Undefined("'" + Python.type(value) + " object' has no attribute '" + name + "'");
        });
        return Map.copyOf(all);
    }

    // --- text

    private static Text soft(Value value, Meter meter) {
        Text text = Python.str(value, meter);
        meter.work(text.length());
        return text;
    }

    /** HTML's five special characters as entities. */
    static Text escape(Text text) {
        TextBuilder out = new TextBuilder();
        String string = text.string();
        int start = 0;
        for (int i = 0; i < string.length(); i++) {
            String entity = switch (string.charAt(i)) {
                case '&' -> "&amp;";
                case '<' -> "&lt;";
                case '>' -> "&gt;";
                case '\'' -> "&#39;";
                case '"' -> "&#34;";
                default -> null;
            };
            if (entity != null) {
                out.append(text.substring(start, i))
                        .append(entity, text.substring(i, i + 1).hasMarks());
                start = i + 1;
            }
        }
        return start == 0
                ? text.asMarkup(true)
                : out.append(text.substring(start, string.length())).build().asMarkup(true);
    }

    private static Text title(Text text) {
        TextBuilder out = new TextBuilder();
        String string = text.string();
        boolean wordStarts = true;
        for (Value character : text.characters()) {
            Text one = (Text) character;
            int c = one.string().codePointAt(0);
            boolean separates = Whitespace.is(c) || "-({[<".indexOf(c) >= 0;
            out.append(separates ? one : wordStarts ? StringMethods.upper(one) : StringMethods.lower(one));
            wordStarts = separates;
        }
        return string.isEmpty() ? text : out.build().asMarkup(text.isMarkup());
    }

    private static Value trim(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("trim", "chars");
        String characters = bound[0] instanceof Text text ? text.string() : null;
        return StringMethods.strip(soft(value, meter), characters, true, true);
    }

    private static Value replace(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("replace", "old", "new", "count");
        if (bound[0] == null || bound[1] == null) {
            throw TemplateException.failed("replace() is missing an argument");
        }
        long most = bound[2] == null || bound[2] instanceof Value.None ? -1 : Operators.integer(bound[2]);
        Text old = soft(bound[0], meter).asMarkup(false);
        return StringMethods.replace(
                soft(value, meter).asMarkup(false), old, soft(bound[1], meter).asMarkup(false), most, meter);
    }

    private static Value indent(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("indent", "width", "first", "blank");
        Text indention;
        if (bound[0] instanceof Text text) {
            indention = text;
        } else {
            long width = bound[0] == null ? 4 : Operators.integer(bound[0]);
            meter.size(Math.max(0, width));
            indention = Text.of(" ".repeat((int) Math.max(0, width)));
        }
        boolean blank = bound[2] != null && Operators.isTrue(bound[2]);
        // A line feed is added, so that a last empty line counts as one.
        List<Value> lines = StringMethods.lines(soft(value, meter).plus(Text.of("\n")), false, meter);
        TextBuilder out = new TextBuilder();
        for (int i = 0; i < lines.size(); i++) {
            Text line = (Text) lines.get(i);
            if (i > 0) {
                out.append("\n");
            }
            boolean indents = i == 0 ? bound[1] != null && Operators.isTrue(bound[1]) : blank || !line.isEmpty();
            if (indents) {
                out.append(indention);
            }
            out.append(line);
            meter.size(out.length());
        }
        return out.build();
    }

    private static Value truncate(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
        Text text = soft(value, meter);
        int length = bound[0] == null ? 255 : (int) Math.clamp(Operators.integer(bound[0]), 0, 1L << 30);
        Text end = bound[2] == null ? Text.of("...") : soft(bound[2], meter);
        long leeway = bound[3] == null || bound[3] instanceof Value.None ? 5 : Operators.integer(bound[3]);
        if (text.codePoints() <= length + leeway) {
            return text;
        }
        Text kept = text.slice(0, Math.max(0, length - end.codePoints()));
        if (bound[1] == null || !Operators.isTrue(bound[1])) {
            int blank = kept.string().lastIndexOf(' ');
            kept = blank < 0 ? kept : kept.substring(0, blank);
        }
        return kept.plus(end);
    }

    private static int words(String text) {
        int words = 0;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean part = Character.isLetterOrDigit(c) || c == '_';
            words += part && !inWord ? 1 : 0;
            inWord = part;
        }
        return words;
    }

    private static Value urlEncode(Value value, Arguments arguments, Meter meter) {
        if (value instanceof Value.Dict dict) {
            StringBuilder out = new StringBuilder();
            dict.entries()
                    .forEach((key, entry) -> out.append(out.isEmpty() ? "" : "&")
                            .append(quoted(Python.str(key, meter).string(), false))
                            .append('=')
                            .append(quoted(Python.str(entry, meter).string(), false)));
            return Text.of(out.toString());
        }
        Text text = soft(value, meter);
        return text.derived(quoted(text.string(), true));
    }

    private static String quoted(String text, boolean keepSlash) {
        String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("*", "%2A")
                .replace("%7E", "~");
        return keepSlash ? encoded.replace("+", "%20").replace("%2F", "/") : encoded;
    }

    // --- numbers

    private static Value toInteger(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("int", "default", "base");
        Operators.requireDefined(value);
        int base = bound[1] == null ? 10 : (int) Operators.integer(bound[1]);
        Value whenNot = bound[0] == null ? new Value.Int(0) : bound[0];
        if (Operators.isInteger(value)) {
            return new Value.Int(Operators.integer(value));
        }
        if (value instanceof Value.Float(double real)) {
            return Double.isNaN(real) || Double.isInfinite(real) ? whenNot : new Value.Int((long) real);
        }
        if (!(value instanceof Text text)) {
            return whenNot;
        }
        String digits = text.string().strip().replace("_", "");
        try {
            return new Value.Int(
                    Long.parseLong(base == 16 ? digits.replaceFirst("(?i)^([+-]?)0x", "$1") : digits, base));
        } catch (NumberFormatException e) {
            try {
                double real = Double.parseDouble(digits);
                return Double.isNaN(real) || Double.isInfinite(real) || digits.matches(".*[dDfF]")
                        ? whenNot
                        : new Value.Int((long) real);
            } catch (NumberFormatException f) {
                return whenNot;
            }
        }
    }

    private static Value toReal(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("float", "default");
        Operators.requireDefined(value);
        Value whenNot = bound[0] == null ? new Value.Float(0) : bound[0];
        if (Operators.isNumber(value)) {
            return new Value.Float(Operators.real(value));
        }
        if (!(value instanceof Text text) || text.string().strip().matches(".*[dDfF]")) {
            return whenNot;
        }
        try {
            return new Value.Float(Double.parseDouble(text.string().strip().replace("_", "")));
        } catch (NumberFormatException e) {
            return whenNot;
        }
    }

    private static Value round(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("round", "precision", "method");
        Operators.requireDefined(value);
        if (!Operators.isNumber(value)) {
            throw TemplateException.failed("type " + Python.type(value) + " doesn't define __round__ method");
        }
        int precision = bound[0] == null ? 0 : (int) Math.clamp(Operators.integer(bound[0]), -400, 400);
        String method = bound[1] instanceof Text text ? text.string() : "common";
        if (method.equals("common") && Operators.isInteger(value)) {
            return new Value.Int(
                    precision >= 0
                            ? Operators.integer(value)
                            : BigDecimal.valueOf(Operators.integer(value))
                                    .setScale(precision, RoundingMode.HALF_EVEN)
                                    .longValue());
        }
        double real = Operators.real(value);
        if (Double.isNaN(real) || Double.isInfinite(real)) {
            return value;
        }
        return switch (method) {
            case "common" ->
                new Value.Float(new BigDecimal(real)
                        .setScale(precision, RoundingMode.HALF_EVEN)
                        .doubleValue());
            case "ceil" -> new Value.Float(Math.ceil(real * Math.pow(10, precision)) / Math.pow(10, precision));
            case "floor" -> new Value.Float(Math.floor(real * Math.pow(10, precision)) / Math.pow(10, precision));
            default -> throw TemplateException.failed("method must be common, ceil or floor");
        };
    }

    private static Value fileSize(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("filesizeformat", "binary");
        boolean binary = bound[0] != null && Operators.isTrue(bound[0]);
        double bytes = Operators.real(toReal(value, Arguments.NONE, meter));
        int base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return Text.of("1 Byte");
        }
        if (bytes < base) {
            return Text.of((long) bytes + " Bytes");
        }
        String units = "kMGTPEZY";
        int unit = 0;
        double size = bytes / base;
        while (size >= base && unit < units.length() - 1) {
            size /= base;
            unit++;
        }
        String name = binary ? Character.toUpperCase(units.charAt(unit)) + "iB" : units.charAt(unit) + "B";
        return Formatting.percent(Text.of("%.1f " + name), new Value.Float(size), meter);
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
        Text separator = bound[0] == null ? Text.EMPTY : soft(bound[0], meter).asMarkup(false);
        Key key = bound[1] == null || bound[1] instanceof Value.None ? item -> item : getter(bound[1], null, meter);
        TextBuilder out = new TextBuilder();
        boolean first = true;
        Items items = Operators.iterate(value, meter);
        for (Value item = items.next(); item != null; item = items.next()) {
            if (!first) {
                out.append(separator);
            }
            first = false;
            out.append(soft(key.of(item), meter));
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
        boolean byValue = bound[1] instanceof Text by && by.string().equals("value");
        Key key = sortKey(new Value.Int(byValue ? 1 : 0), bound[0], meter);
        boolean reverse = bound[2] != null && Operators.isTrue(bound[2]);
        return new Value.ListValue(sorted(Attributes.pairs(dict.entries(), meter), key, reverse, meter));
    }

    private static Value sort(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
        Key key = sortKey(null, bound[1], meter);
        if (bound[2] instanceof Text attributes && attributes.string().indexOf(',') >= 0) {
            List<Key> keys = new ArrayList<>();
            for (String attribute : attributes.string().split(",")) {
                keys.add(sortKey(Text.of(attribute.strip()), bound[1], meter));
            }
            key = item -> new Value.Tuple(keys.stream().map(one -> one.of(item)).toList());
        } else if (bound[2] != null) {
            key = sortKey(bound[2], bound[1], meter);
        }
        boolean reverse = bound[0] != null && Operators.isTrue(bound[0]);
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
