package io.aded.template.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What Python's operators do with values. */
final class Operators {
    private Operators() {}

    // --- truth, equality, order

    static boolean isTrue(Value value) {
        return switch (value) {
            case Text text -> !text.isEmpty();
            case Value.None _, Value.Undefined _ -> false;
            case Value.Bool bool -> bool.value();
            case Value.Int integer -> integer.value() != 0;
            case Value.Float real -> real.value() != 0;
            case Value.ListValue list -> !list.items().isEmpty();
            case Value.Tuple tuple -> !tuple.items().isEmpty();
            case Value.Dict dict -> !dict.entries().isEmpty();
            case Value.View view -> !view.items().isEmpty();
            case Value.Range range -> range.size() > 0;
            case Value.Large _, Value.Generator _, Value.Namespace _, Value.Callable _, Value.Instance _ -> true;
        };
    }

    static boolean equal(Value a, Value b, Meter meter) {
        meter.step();
        if (isNumber(a) && isNumber(b)) {
            return a instanceof Value.Float || b instanceof Value.Float ? real(a) == real(b) : integer(a) == integer(b);
        }
        return switch (a) {
            case Text text -> {
                meter.work(text.length());
                yield text.equals(b);
            }
            case Value.ListValue(List<Value> items) ->
                b instanceof Value.ListValue(List<Value> others) && equalItems(items, others, meter);
            case Value.Tuple(List<Value> items) ->
                b instanceof Value.Tuple(List<Value> others) && equalItems(items, others, meter);
            case Value.Dict(Map<Value, Value> entries) ->
                b instanceof Value.Dict(Map<Value, Value> others) && equalEntries(entries, others, meter);
            case Value.Undefined _ -> b instanceof Value.Undefined;
            case Value.Range range -> range.equals(b);
            case Value.View(String name, List<Value> items) ->
                b instanceof Value.View(String other, List<Value> others)
                        && name.equals(other)
                        && equalItems(items, others, meter);
            case Value.Large large -> large.equals(b);
            default -> a == b;
        };
    }

    private static boolean equalItems(List<Value> a, List<Value> b, Meter meter) {
        if (a.size() != b.size()) {
            return false;
        }
        meter.enter();
        for (int i = 0; i < a.size(); i++) {
            if (!equal(a.get(i), b.get(i), meter)) {
                meter.leave();
                return false;
            }
        }
        meter.leave();
        return true;
    }

    private static boolean equalEntries(Map<Value, Value> a, Map<Value, Value> b, Meter meter) {
        if (a.size() != b.size()) {
            return false;
        }
        meter.enter();
        for (Map.Entry<Value, Value> entry : a.entrySet()) {
            Value other = b.get(entry.getKey());
            if (other == null || !equal(entry.getValue(), other, meter)) {
                meter.leave();
                return false;
            }
        }
        meter.leave();
        return true;
    }

    /** Negative, zero or positive; fails where Python's {@code <} would. */
    static int compare(Value a, Value b, String operator, Meter meter) {
        meter.step();
        if (isNumber(a) && isNumber(b)) {
            return a instanceof Value.Float || b instanceof Value.Float
                    ? real(a) < real(b) ? -1 : real(a) > real(b) ? 1 : 0
                    : Long.compare(integer(a), integer(b));
        }
        if (a instanceof Text left && b instanceof Text right) {
            meter.work(Math.min(left.length(), right.length()));
            return comparePoints(left.string(), right.string());
        }
        if (a instanceof Value.ListValue(List<Value> left) && b instanceof Value.ListValue(List<Value> right)) {
            return compareItems(left, right, operator, meter);
        }
        if (a instanceof Value.Tuple(List<Value> left) && b instanceof Value.Tuple(List<Value> right)) {
            return compareItems(left, right, operator, meter);
        }
        requireDefined(a);
        requireDefined(b);
        throw TemplateException.failed("'" + operator + "' not supported between instances of '" + Python.type(a)
                + "' and '" + Python.type(b) + "'");
    }

    private static int compareItems(List<Value> a, List<Value> b, String operator, Meter meter) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            if (!equal(a.get(i), b.get(i), meter)) {
                return compare(a.get(i), b.get(i), operator, meter);
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    private static int comparePoints(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // Surrogates are above all other characters in code points.
                return Character.isSurrogate(x) == Character.isSurrogate(y)
                        ? Character.compare(x, y)
                        : Character.isSurrogate(x) ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static boolean holds(String operator, Value a, Value b, Meter meter) {
        return switch (operator) {
            case "==" -> equal(a, b, meter);
            case "!=" -> !equal(a, b, meter);
            case "in" -> contains(b, a, meter);
            case "not in" -> !contains(b, a, meter);
            default -> ordered(operator, a, b, meter);
        };
    }

    static boolean ordered(String operator, Value a, Value b, Meter meter) {
        int order = compare(a, b, operator, meter);
        if (isNumber(a) && (Double.isNaN(real(a)) || Double.isNaN(real(b)))) {
            return false;
        }
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }

    static boolean contains(Value container, Value item, Meter meter) {
        switch (container) {
            case Text text -> {
                if (!(item instanceof Text part)) {
                    requireDefined(item);
                    throw TemplateException.failed(
                            "'in <string>' requires string as left operand, not " + Python.type(item));
                }
                meter.work((long) text.length() + part.length());
                return text.string().contains(part.string());
            }
            case Value.Dict dict -> {
                return dict.entries().containsKey(key(item));
            }
            default -> {
                Items all = iterate(container, meter);
                for (Value next = all.next(); next != null; next = all.next()) {
                    if (equal(next, item, meter)) {
                        return true;
                    }
                }
                return false;
            }
        }
    }

    // --- numbers

    static boolean isNumber(Value value) {
        return value instanceof Value.Int || value instanceof Value.Float || value instanceof Value.Bool;
    }

    static boolean isInteger(Value value) {
        return value instanceof Value.Int || value instanceof Value.Bool;
    }

    static double real(Value value) {
        return value instanceof Value.Float(double real) ? real : integer(value);
    }

    static long integer(Value value) {
        return switch (value) {
            case Value.Int(long integer) -> integer;
            case Value.Bool(boolean bool) -> bool ? 1 : 0;
            case Value.Undefined undefined -> throw TemplateException.failed(undefined.complaint());
            default ->
                throw TemplateException.failed(
                        "'" + Python.type(value) + "' object cannot be interpreted as an integer");
        };
    }

    static void requireDefined(Value value) {
        if (value instanceof Value.Undefined undefined) {
            throw TemplateException.failed(undefined.complaint());
        }
    }

    static Value binary(String operator, Value a, Value b, Meter meter) {
        meter.step();
        requireDefined(a);
        if (operator.equals("%") && a instanceof Text format) {
            return Formatting.percent(format, b, meter);
        }
        requireDefined(b);
        try {
            return switch (operator) {
                case "+" -> plus(a, b, meter);
                case "-" -> minus(a, b);
                case "*" -> times(a, b, meter);
                case "/" -> {
                    numbers(operator, a, b);
                    nonZero(b, "division by zero");
                    yield new Value.Float(real(a) / real(b));
                }
                case "//" -> floorDivide(a, b);
                case "%" -> modulo(a, b);
                default -> power(a, b);
            };
        } catch (ArithmeticException e) {
            throw TemplateException.failed("an integer is beyond 64 bits");
        }
    }

    private static Value plus(Value a, Value b, Meter meter) {
        if (a instanceof Text left && b instanceof Text right) {
            meter.size((long) left.length() + right.length());
            if (left.isMarkup() != right.isMarkup()) {
                return escapedUnlessMarkup(left)
                        .plus(escapedUnlessMarkup(right))
                        .asMarkup(true);
            }
            return left.plus(right);
        }
        if (a instanceof Value.ListValue(List<Value> left) && b instanceof Value.ListValue(List<Value> right)) {
            return new Value.ListValue(joined(left, right, meter));
        }
        if (a instanceof Value.Tuple(List<Value> left) && b instanceof Value.Tuple(List<Value> right)) {
            return new Value.Tuple(joined(left, right, meter));
        }
        numbers("+", a, b);
        return isInteger(a) && isInteger(b)
                ? new Value.Int(Math.addExact(integer(a), integer(b)))
                : new Value.Float(real(a) + real(b));
    }

    static Text escapedUnlessMarkup(Text text) {
        return text.isMarkup() ? text : TextFilters.escape(text);
    }

    private static List<Value> joined(List<Value> a, List<Value> b, Meter meter) {
        meter.size((long) a.size() + b.size());
        List<Value> all = new ArrayList<>(a);
        all.addAll(b);
        return all;
    }

    private static Value minus(Value a, Value b) {
        numbers("-", a, b);
        return isInteger(a) && isInteger(b)
                ? new Value.Int(Math.subtractExact(integer(a), integer(b)))
                : new Value.Float(real(a) - real(b));
    }

    private static Value times(Value a, Value b, Meter meter) {
        if (isInteger(b) && (a instanceof Text || a instanceof Value.ListValue || a instanceof Value.Tuple)) {
            return repeated(a, integer(b), meter);
        }
        if (isInteger(a) && (b instanceof Text || b instanceof Value.ListValue || b instanceof Value.Tuple)) {
            return repeated(b, integer(a), meter);
        }
        numbers("*", a, b);
        return isInteger(a) && isInteger(b)
                ? new Value.Int(Math.multiplyExact(integer(a), integer(b)))
                : new Value.Float(real(a) * real(b));
    }

    private static Value repeated(Value value, long times, Meter meter) {
        long count = Math.max(0, times);
        if (value instanceof Text text) {
            meter.size(text.isEmpty() ? 0 : Math.multiplyExact(text.length(), count));
            TextBuilder all = new TextBuilder();
            for (long i = 0; i < count && !text.isEmpty(); i++) {
                all.append(text);
            }
            return all.build().asMarkup(text.isMarkup());
        }
        List<Value> items = items(value, meter);
        meter.size(items.isEmpty() ? 0 : Math.multiplyExact(items.size(), count));
        List<Value> all = new ArrayList<>();
        for (long i = 0; i < count && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return value instanceof Value.Tuple ? new Value.Tuple(all) : new Value.ListValue(all);
    }

    private static Value floorDivide(Value a, Value b) {
        numbers("//", a, b);
        nonZero(b, "integer division or modulo by zero");
        return isInteger(a) && isInteger(b)
                ? new Value.Int(Math.floorDiv(integer(a), integer(b)))
                : new Value.Float(Math.floor(real(a) / real(b)));
    }

    private static Value modulo(Value a, Value b) {
        numbers("%", a, b);
        nonZero(b, "integer modulo by zero");
        if (isInteger(a) && isInteger(b)) {
            return new Value.Int(Math.floorMod(integer(a), integer(b)));
        }
        double rest = real(a) % real(b);
        return new Value.Float(rest != 0 && rest < 0 != real(b) < 0 ? rest + real(b) : rest);
    }

    private static Value power(Value a, Value b) {
        numbers("** or pow()", a, b);
        if (isInteger(a) && isInteger(b) && integer(b) >= 0) {
            long base = integer(a);
            long result = 1;
            long exponent = integer(b);
            if (base == 0 || base == 1 || base == -1) {
                return new Value.Int(exponent == 0 ? 1 : base == -1 && exponent % 2 == 0 ? 1 : base);
            }
            for (long i = 0; i < exponent; i++) {
                result = Math.multiplyExact(result, base); // ends after at most 63 steps
            }
            return new Value.Int(result);
        }
        return new Value.Float(Math.pow(real(a), real(b)));
    }

    private static void numbers(String operator, Value a, Value b) {
        if (!isNumber(a) || !isNumber(b)) {
            if (operator.equals("+") && a instanceof Text) {
                throw TemplateException.failed("can only concatenate str (not \"" + Python.type(b) + "\") to str");
            }
            throw TemplateException.failed("unsupported operand type(s) for " + operator + ": '" + Python.type(a)
                    + "' and '" + Python.type(b) + "'");
        }
    }

    private static void nonZero(Value value, String message) {
        if (real(value) == 0) {
            throw TemplateException.failed(message);
        }
    }

    static Value negative(Value value) {
        requireDefined(value);
        if (value instanceof Value.Float(double real)) {
            return new Value.Float(-real);
        }
        if (!isInteger(value)) {
            throw TemplateException.failed("bad operand type for unary -: '" + Python.type(value) + "'");
        }
        return new Value.Int(Math.negateExact(integer(value)));
    }

    static Value positive(Value value) {
        requireDefined(value);
        if (!isNumber(value)) {
            throw TemplateException.failed("bad operand type for unary +: '" + Python.type(value) + "'");
        }
        return value instanceof Value.Bool ? new Value.Int(integer(value)) : value;
    }

    // --- sequences

    /** The number of items, or null where Python's {@code len} fails. */
    static @Nullable Integer length(Value value) {
        return switch (value) {
            case Text text -> text.codePoints();
            case Value.ListValue list -> list.items().size();
            case Value.Tuple tuple -> tuple.items().size();
            case Value.Dict dict -> dict.entries().size();
            case Value.View view -> view.items().size();
            case Value.Range range -> range.size();
            case Value.Undefined _ -> 0;
            case Value.Instance instance when instance instanceof Interpreter.Loop loop -> loop.length();
            default -> null;
        };
    }

    /** Whether Python could walk through a value. */
    static boolean isIterable(Value value) {
        return switch (value) {
            case Text _,
                    Value.ListValue _,
                    Value.Tuple _,
                    Value.Dict _,
                    Value.View _,
                    Value.Range _,
                    Value.Generator _,
                    Value.Undefined _ -> true;
            default -> false;
        };
    }

    static Items iterate(Value value, Meter meter) {
        meter.step();
        return switch (value) {
            case Text text -> {
                meter.size(text.length());
                yield Items.of(text.asMarkup(false).characters());
            }
            case Value.ListValue list -> Items.of(list.items());
            case Value.Tuple tuple -> Items.of(tuple.items());
            case Value.Dict dict -> Items.of(dict.entries().keySet());
            case Value.View view -> Items.of(view.items());
            case Value.Range range -> {
                int[] at = {0};
                yield () -> at[0] < range.size() ? range.at(at[0]++) : null;
            }
            case Value.Generator generator -> generator.items();
            case Value.Undefined _ -> () -> null;
            default -> throw TemplateException.failed("'" + Python.type(value) + "' object is not iterable");
        };
    }

    /** All items; walks a generator to its end. */
    static List<Value> items(Value value, Meter meter) {
        if (value instanceof Value.ListValue(List<Value> items)) {
            return items;
        }
        if (value instanceof Value.Tuple(List<Value> items)) {
            return items;
        }
        List<Value> all = new ArrayList<>();
        Items items = iterate(value, meter);
        for (Value item = items.next(); item != null; item = items.next()) {
            meter.step();
            all.add(item);
        }
        return all;
    }

    /** A value as a dictionary's key: Python's numbers are equal across their types. */
    static Value key(Value value) {
        return switch (value) {
            case Value.ListValue _, Value.Dict _ ->
                throw TemplateException.failed("unhashable type: '" + Python.type(value) + "'");
            case Value.Bool bool -> new Value.Int(bool.value() ? 1 : 0);
            case Value.Float(double real)
            when real == Math.rint(real) && Math.abs(real) < 1e15 -> new Value.Int((long) real);
            default -> value;
        };
    }

    /** Jinja's {@code object[index]}: what is not there is undefined. */
    static Value subscript(Value object, Value index, Meter meter) {
        meter.step();
        requireDefined(object);
        Value found = switch (object) {
            case Value.Dict dict
            when !(index instanceof Value.ListValue) && !(index instanceof Value.Dict) ->
                dict.entries().get(key(index));
            case Text text
            when isInteger(index) -> {
                int place = place(integer(index), text.codePoints());
                yield place < 0 ? null : text.characterAt(place);
            }
            case Value.ListValue list when isInteger(index) -> at(list.items(), integer(index));
            case Value.Tuple tuple when isInteger(index) -> at(tuple.items(), integer(index));
            case Value.Range range
            when isInteger(index) -> {
                int place = place(integer(index), range.size());
                yield place < 0 ? null : range.at(place);
            }
            default -> null;
        };
        if (found != null) {
            return found;
        }
        if (index instanceof Text name) {
            Value attribute = Attributes.own(object, name.string());
            if (attribute != null) {
                return attribute;
            }
        }
        return missing(object, index instanceof Text name && !name.hasMarks() ? name.string() : "…");
    }

    /** Jinja's {@code object.name}: a method or attribute first, then an entry; what is not there is undefined. */
    static Value attribute(Value object, String name, Meter meter) {
        meter.step();
        requireDefined(object);
        Value own = Attributes.own(object, name);
        if (own != null) {
            return own;
        }
        Value entry = object instanceof Value.Dict dict ? dict.entries().get(Text.of(name)) : null;
        return entry != null ? entry : missing(object, name);
    }

    private static Value missing(Value object, String name) {
        String what = object instanceof Value.None ? "'None'" : "'" + Python.type(object) + " object'";
        return new Value.Undefined(what + " has no attribute '" + name + "'");
    }

    private static @Nullable Value at(List<Value> items, long index) {
        int place = place(index, items.size());
        return place < 0 ? null : items.get(place);
    }

    private static int place(long index, int size) {
        long place = index < 0 ? index + size : index;
        return place < 0 || place >= size ? -1 : (int) place;
    }

    /** Python's {@code object[from:to:step]}. */
    static Value slice(Value object, Value from, Value to, Value step, Meter meter) {
        requireDefined(object);
        Integer known = length(object);
        boolean sliceable = object instanceof Text
                || object instanceof Value.ListValue
                || object instanceof Value.Tuple
                || object instanceof Value.Range;
        if (known == null || !sliceable) {
            throw TemplateException.failed("'" + Python.type(object) + "' object is not subscriptable");
        }
        int size = known;
        long stride = step instanceof Value.None ? 1 : integer(step);
        if (stride == 0) {
            throw TemplateException.failed("slice step cannot be zero");
        }
        int start = bound(from, size, stride, stride > 0 ? 0 : size - 1);
        int stop = bound(to, size, stride, stride > 0 ? size : -1);
        if (stride == 1 && object instanceof Text text) {
            meter.size(text.length());
            return text.slice(start, Math.max(start, stop)).asMarkup(text.isMarkup());
        }
        if (object instanceof Value.Range(long first, long _, long each)) {
            return new Value.Range(first + start * each, first + stop * each, each * stride);
        }
        List<Value> items = items(object, meter);
        List<Value> picked = new ArrayList<>();
        for (long i = start; stride > 0 ? i < stop : i > stop; i += stride) {
            meter.step();
            picked.add(items.get((int) i));
        }
        return switch (object) {
            case Text text -> {
                TextBuilder all = new TextBuilder();
                picked.forEach(character -> all.append((Text) character));
                yield all.build().asMarkup(text.isMarkup());
            }
            case Value.Tuple _ -> new Value.Tuple(picked);
            default -> new Value.ListValue(picked);
        };
    }

    private static int bound(Value value, int size, long stride, int whenMissing) {
        if (value instanceof Value.None) {
            return whenMissing;
        }
        if (!isInteger(value)) {
            requireDefined(value);
            throw TemplateException.failed("slice indices must be integers or None or have an __index__ method");
        }
        long place = integer(value) < 0 ? integer(value) + size : integer(value);
        long least = stride > 0 ? 0 : -1;
        long most = stride > 0 ? size : size - 1;
        return (int) Math.clamp(place, least, Math.max(least, most));
    }

    /** A dictionary of texts to values, by name. */
    static Map<String, Value> named(Value value) {
        if (!(value instanceof Value.Dict(Map<Value, Value> entries))) {
            throw TemplateException.failed("argument after ** must be a mapping, not " + Python.type(value));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            if (!(name instanceof Text text)) {
                throw TemplateException.failed("keywords must be strings");
            }
            named.put(text.string(), entry);
        });
        return named;
    }
}
