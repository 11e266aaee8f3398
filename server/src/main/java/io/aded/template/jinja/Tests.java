package io.aded.template.jinja;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Jinja's tests: what may stand after {@code is}. */
final class Tests {

    @FunctionalInterface
    private interface Test {
        boolean holds(Value value, Arguments arguments, Meter meter);
    }

    private static final Map<String, Test> ALL = all();

    /** Those that compare with something. */
    private static final Set<String> WITH_ARGUMENT = Set.of(
            "divisibleby",
            "eq",
            "equalto",
            "==",
            "ge",
            ">=",
            "greaterthan",
            "gt",
            ">",
            "in",
            "le",
            "<=",
            "lessthan",
            "lt",
            "<",
            "ne",
            "!=",
            "sameas");

    private Tests() {}

    static boolean exists(String name) {
        return ALL.containsKey(name);
    }

    static boolean holds(String name, Value value, Arguments arguments, Meter meter) {
        Test test = ALL.get(name);
        if (test == null) {
            throw TemplateException.failed("No test named '" + name + "' found.");
        }
        Attributes.byPlace(name, arguments, WITH_ARGUMENT.contains(name) ? 1 : 0);
        meter.step();
        return test.holds(value, arguments, meter);
    }

    private static Map<String, Test> all() {
        Map<String, Test> all = new HashMap<>();
        all.put("defined", (value, _, _) -> !(value instanceof Value.Undefined));
        all.put("undefined", (value, _, _) -> value instanceof Value.Undefined);
        all.put("none", (value, _, _) -> value instanceof Value.None);
        all.put("boolean", (value, _, _) -> value instanceof Value.Bool);
        all.put("true", (value, _, _) -> value instanceof Value.Bool bool && bool.value());
        all.put("false", (value, _, _) -> value instanceof Value.Bool bool && !bool.value());
        all.put("integer", (value, _, _) -> value instanceof Value.Int || value instanceof Value.Large);
        all.put("float", (value, _, _) -> value instanceof Value.Float);
        all.put("number", (value, _, _) -> Operators.isNumber(value) || value instanceof Value.Large);
        all.put("string", (value, _, _) -> value instanceof Text);
        all.put("mapping", (value, _, _) -> value instanceof Value.Dict);
        all.put("iterable", (value, _, _) -> Operators.isIterable(value));
        all.put("sequence", (value, _, _) -> isSequence(value));
        all.put("callable", (value, _, _) -> value instanceof Value.Callable || value instanceof Value.Undefined);
        all.put("escaped", (value, _, _) -> value instanceof Text text && text.isMarkup());
        all.put(
                "lower",
                (value, _, meter) ->
                        StringMethods.isLower(Python.str(value, meter).string()));
        all.put(
                "upper",
                (value, _, meter) ->
                        StringMethods.isUpper(Python.str(value, meter).string()));
        all.put("odd", (value, _, meter) -> remainder(value, new Value.Int(2), meter) == 1);
        all.put("even", (value, _, meter) -> remainder(value, new Value.Int(2), meter) == 0);
        all.put(
                "divisibleby",
                (value, arguments, meter) -> remainder(value, arguments.required("divisibleby", 0), meter) == 0);
        all.put("sameas", (value, arguments, meter) -> {
            Value other = arguments.required("sameas", 0);
            return value == other
                    || isAtom(value) && value.getClass() == other.getClass() && Operators.equal(value, other, meter);
        });
        all.put("filter", (value, _, _) -> value instanceof Text text && Filters.exists(text.string()));
        all.put("test", (value, _, _) -> value instanceof Text text && exists(text.string()));
        all.put("in", (value, arguments, meter) -> Operators.contains(arguments.required("in", 0), value, meter));
        comparison(all, "==", "==", "eq", "equalto");
        comparison(all, "!=", "!=", "ne");
        comparison(all, ">", ">", "gt", "greaterthan");
        comparison(all, ">=", ">=", "ge");
        comparison(all, "<", "<", "lt", "lessthan");
        comparison(all, "<=", "<=", "le");
        return Map.copyOf(all);
    }

    private static void comparison(Map<String, Test> all, String operator, String... names) {
        for (String name : names) {
            all.put(
                    name,
                    (value, arguments, meter) -> Operators.holds(operator, value, arguments.required(name, 0), meter));
        }
    }

    /** What has a length and can be indexed; so does jinja2's undefined value, by its class. */
    private static boolean isSequence(Value value) {
        return switch (value) {
            case Text _, Value.ListValue _, Value.Tuple _, Value.Dict _, Value.Range _, Value.Undefined _ -> true;
            default -> false;
        };
    }

    private static boolean isAtom(Value value) {
        return value instanceof Value.Int || value instanceof Value.Bool || value instanceof Text;
    }

    private static double remainder(Value value, Value divisor, Meter meter) {
        return Operators.real(Operators.binary("%", value instanceof Text ? Value.None.NONE : value, divisor, meter));
    }
}
