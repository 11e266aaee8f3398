package io.aded.template.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** How Python says its values as text: {@code str}, {@code repr}, and the names of its types. */
final class Python {
    private Python() {}

    /** {@code str(value)}: what a print gives. */
    static Text str(Value value, Meter meter) {
        return value instanceof Text text ? text : repr(value, meter, false);
    }

    /** {@code repr(value)}. */
    static Text repr(Value value, Meter meter) {
        return repr(value, meter, true);
    }

    private static Text repr(Value value, Meter meter, boolean quoted) {
        TextBuilder out = new TextBuilder();
        repr(value, meter, quoted, out);
        return out.build();
    }

    private static void repr(Value value, Meter meter, boolean quoted, TextBuilder out) {
        meter.step();
        switch (value) {
            case Text text -> quote(text, meter, out);
            case Value.None _ -> out.append("None");
            case Value.Bool bool -> out.append(bool.value() ? "True" : "False");
            case Value.Int integer -> out.append(Long.toString(integer.value()));
            case Value.Large(BigInteger integer) -> out.append(integer.toString());
            case Value.Float real -> out.append(real(real.value()));
            case Value.ListValue list -> sequence("[", list.items(), "]", meter, out);
            case Value.Tuple tuple -> sequence("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")", meter, out);
            case Value.Dict dict -> entries(dict.entries(), meter, out);
            case Value.View view -> sequence(view.name() + "([", view.items(), "])", meter, out);
            case Value.Range range ->
                out.append("range(" + range.start() + ", " + range.stop()
                        + (range.step() == 1 ? "" : ", " + range.step()) + ")");
            case Value.Generator _ -> out.append("<generator object>");
            case Value.Undefined _ -> out.append(quoted ? "Undefined" : "");
            case Value.Namespace namespace -> {
                out.append("<Namespace ");
                Map<Value, Value> entries = new LinkedHashMap<>();
                namespace.attributes().forEach((name, attribute) -> entries.put(Text.of(name), attribute));
                entries(entries, meter, out);
                out.append(">");
            }
            case Value.Callable callable -> out.append("<function " + callable.name() + ">");
            case Value.Instance _ -> out.append("<object>");
        }
        meter.size(out.length());
    }

    private static void sequence(String open, List<Value> items, String close, Meter meter, TextBuilder out) {
        meter.enter();
        out.append(open);
        for (int i = 0; i < items.size(); i++) {
            out.append(i == 0 ? "" : ", ");
            repr(items.get(i), meter, true, out);
        }
        out.append(close);
        meter.leave();
    }

    private static void entries(Map<Value, Value> entries, Meter meter, TextBuilder out) {
        meter.enter();
        out.append("{");
        boolean first = true;
        for (Map.Entry<Value, Value> entry : entries.entrySet()) {
            out.append(first ? "" : ", ");
            first = false;
            repr(entry.getKey(), meter, true, out);
            out.append(": ");
            repr(entry.getValue(), meter, true, out);
        }
        out.append("}");
        meter.leave();
    }

    private static void quote(Text text, Meter meter, TextBuilder out) {
        String string = text.string();
        meter.size(string.length());
        char quote = string.indexOf('\'') >= 0 && string.indexOf('"') < 0 ? '"' : '\'';
        out.append(text.isMarkup() ? "Markup(" : "").append(Character.toString(quote));
        for (int at = 0; at < string.length(); ) {
            int c = string.codePointAt(at);
            int next = at + Character.charCount(c);
            String escape = switch (c) {
                case '\\' -> "\\\\";
                case '\n' -> "\\n";
                case '\r' -> "\\r";
                case '\t' -> "\\t";
                default -> c == quote ? "\\" + quote : isPrintable(c) ? null : hexadecimal(c);
            };
            if (escape == null) {
                out.append(text.substring(at, next));
            } else {
                out.append(escape, text.substring(at, next).hasMarks());
            }
            at = next;
        }
        out.append(Character.toString(quote)).append(text.isMarkup() ? ")" : "");
    }

    private static String hexadecimal(int c) {
        return c < 0x100
                ? String.format(Locale.ROOT, "\\x%02x", c)
                : c < 0x10000 ? String.format(Locale.ROOT, "\\u%04x", c) : String.format(Locale.ROOT, "\\U%08x", c);
    }

    /** {@code str.isprintable} of one character. */
    static boolean isPrintable(int c) {
        return c == ' '
                || switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }

    /** {@code repr} of a float: the shortest digits that give it back, with an exponent below 1e-4 and from 1e16 on. */
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        String digits = shortest.unscaledValue().abs().toString();
        int exponent = digits.length() - 1 - shortest.scale();
        String sign = value < 0 ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
            return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "")
                    + Math.abs(exponent);
        }
        String plain = shortest.abs().toPlainString();
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    /** The name of a value's type. */
    static String type(Value value) {
        return switch (value) {
            case Text text -> text.isMarkup() ? "Markup" : "str";
            case Value.None _ -> "NoneType";
            case Value.Bool _ -> "bool";
            case Value.Int _, Value.Large _ -> "int";
            case Value.Float _ -> "float";
            case Value.ListValue _ -> "list";
            case Value.Tuple _ -> "tuple";
            case Value.Dict _ -> "dict";
            case Value.View view -> view.name();
            case Value.Range _ -> "range";
            case Value.Generator _ -> "generator";
            case Value.Undefined _ -> "Undefined";
            case Value.Namespace _ -> "Namespace";
            case Value.Callable _ -> "function";
            case Value.Instance _ -> "object";
        };
    }
}
