package io.aded.template.jinja;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Python's two ways to fill values into a text: the operator {@code %} and the method {@code str.format}. */
final class Formatting {
    private static final Pattern PERCENT =
            Pattern.compile("%(?:\\(([^)]*)\\))?([-+ 0#]*)(\\*|\\d+)?(?:\\.(\\*|\\d+))?[hlL]?(.)", Pattern.DOTALL);
    private static final Pattern SPECIFICATION = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?(z)?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?([a-zA-Z%])?", Pattern.DOTALL);

    private Formatting() {}

    // --- %

    static Text percent(Text format, Value values, Meter meter) {
        List<Value> items = values instanceof Value.Tuple(List<Value> several) ? several : List.of(values);
        boolean mapping = values instanceof Value.Dict;
        TextBuilder out = new TextBuilder();
        Matcher matcher = PERCENT.matcher(format.string());
        int at = 0;
        int used = 0;
        while (at < format.length()) {
            int percent = format.string().indexOf('%', at);
            if (percent < 0) {
                break;
            }
            out.append(format.substring(at, percent));
            if (!matcher.find(percent) || matcher.start() != percent) {
                throw TemplateException.failed("incomplete format");
            }
            at = matcher.end();
            char kind = matcher.group(5).charAt(0);
            if (kind == '%') {
                out.append("%");
                continue;
            }
            Value value;
            if (matcher.group(1) != null) {
                if (!mapping) {
                    throw TemplateException.failed("format requires a mapping");
                }
                value = Operators.subscript(values, Text.of(matcher.group(1)), meter);
            } else if (used < items.size()) {
                value = items.get(used++);
            } else {
                throw TemplateException.failed("not enough arguments for format string");
            }
            Text piece = percentPiece(matcher, kind, value, meter);
            out.append(format.isMarkup() ? Operators.escapedUnlessMarkup(piece) : piece);
            meter.size(out.length());
        }
        if (used < items.size() && !mapping) {
            throw TemplateException.failed("not all arguments converted during string formatting");
        }
        return out.append(format.substring(at, format.length())).build().asMarkup(format.isMarkup());
    }

    private static Text percentPiece(Matcher matcher, char kind, Value value, Meter meter) {
        String flags = matcher.group(2);
        if ("*".equals(matcher.group(3)) || "*".equals(matcher.group(4))) {
            throw TemplateException.failed("* in a format string is not supported");
        }
        int width = bounded(matcher.group(3), 0);
        int precision = bounded(matcher.group(4), -1);
        Text body = switch (kind) {
            case 's' -> cut(Python.str(value, meter), precision);
            case 'r', 'a' -> cut(Python.repr(value, meter), precision);
            case 'd', 'i', 'u', 'x', 'X', 'o' -> Text.of(signed(integer(kind, value), flags));
            case 'f', 'F', 'e', 'E', 'g', 'G' ->
                Text.of(signed(real(number(value, kind), precision < 0 ? 6 : precision, kind), flags));
            case 'c' -> value instanceof Text text ? text : Text.of(Character.toString((int) Operators.integer(value)));
            default -> throw TemplateException.failed("unsupported format character '" + kind + "'");
        };
        boolean zeros = flags.indexOf('0') >= 0 && flags.indexOf('-') < 0 && kind != 's' && kind != 'r';
        if (zeros) {
            return zeroPadded(body, width, meter);
        }
        return StringMethods.padded(body, width, " ", flags.indexOf('-') >= 0 ? "ljust" : "rjust", meter);
    }

    private static Text zeroPadded(Text body, int width, Meter meter) {
        boolean hasSign = body.string().startsWith("-")
                || body.string().startsWith("+")
                || body.string().startsWith(" ");
        int sign = hasSign ? 1 : 0;
        return body.substring(0, sign)
                .plus(StringMethods.padded(body.substring(sign, body.length()), width - sign, "0", "rjust", meter));
    }

    private static int bounded(@Nullable String digits, int whenMissing) {
        if (digits == null) {
            return whenMissing;
        }
        if (digits.length() > 6) {
            throw TemplateException.failed("a width in a format is too large");
        }
        return Integer.parseInt(digits);
    }

    private static Text cut(Text text, int precision) {
        return precision < 0 || text.codePoints() <= precision ? text : text.slice(0, precision);
    }

    private static String signed(String number, String flags) {
        return number.startsWith("-")
                ? number
                : flags.indexOf('+') >= 0 ? "+" + number : flags.indexOf(' ') >= 0 ? " " + number : number;
    }

    private static String integer(char kind, Value value) {
        boolean decimal = kind == 'd' || kind == 'i' || kind == 'u';
        if (!Operators.isNumber(value) || !decimal && value instanceof Value.Float) {
            Operators.requireDefined(value);
            throw TemplateException.failed(
                    "%" + kind + " format: a real number is required, not " + Python.type(value));
        }
        long integer = value instanceof Value.Float(double real) ? (long) real : Operators.integer(value);
        return based(integer, kind);
    }

    private static String based(long integer, char kind) {
        return switch (kind) {
            case 'x' -> Long.toString(integer, 16);
            case 'X' -> Long.toString(integer, 16).toUpperCase(Locale.ROOT);
            case 'o' -> Long.toString(integer, 8);
            case 'b' -> Long.toString(integer, 2);
            default -> Long.toString(integer);
        };
    }

    private static double number(Value value, char kind) {
        if (!Operators.isNumber(value)) {
            Operators.requireDefined(value);
            throw TemplateException.failed("must be real number, not " + Python.type(value) + " for %" + kind);
        }
        return Operators.real(value);
    }

    private static String real(double value, int precision, char kind) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Python.real(value);
        }
        String sign = value < 0 || value == 0 && 1 / value < 0 ? "-" : "";
        BigDecimal exact = new BigDecimal(Math.abs(value));
        return sign
                + switch (kind) {
                    case 'e', 'E' -> scientific(exact, precision, kind);
                    case 'g', 'G' -> general(exact, Math.max(1, precision), kind);
                    default -> exact.setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
                };
    }

    private static String scientific(BigDecimal value, int precision, char kind) {
        if (value.signum() == 0) {
            return BigDecimal.ZERO.setScale(precision).toPlainString() + kind + "+00";
        }
        BigDecimal rounded = value.round(new java.math.MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        String mantissa = rounded.movePointLeft(exponent)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return mantissa + kind + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private static String general(BigDecimal value, int precision, char kind) {
        if (value.signum() == 0) {
            return "0";
        }
        BigDecimal rounded = value.round(new java.math.MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= precision) {
            String text = scientific(value, precision - 1, kind == 'g' ? 'e' : 'E');
            int mark = Math.max(text.indexOf('e'), text.indexOf('E'));
            return withoutZeros(text.substring(0, mark)) + text.substring(mark);
        }
        return withoutZeros(rounded.setScale(Math.max(0, precision - 1 - exponent), RoundingMode.HALF_EVEN)
                .toPlainString());
    }

    private static String withoutZeros(String number) {
        return number.indexOf('.') < 0 ? number : number.replaceAll("0+$", "").replaceAll("\\.$", "");
    }

    // --- str.format

    static Text format(Text format, Arguments arguments, Meter meter) {
        TextBuilder out = new TextBuilder();
        String string = format.string();
        int automatic = 0;
        int at = 0;
        while (at < string.length()) {
            char c = string.charAt(at);
            if ((c == '{' || c == '}') && at + 1 < string.length() && string.charAt(at + 1) == c) {
                out.append(format.substring(at, at + 1));
                at += 2;
                continue;
            }
            if (c == '}') {
                throw TemplateException.failed("Single '}' encountered in format string");
            }
            if (c != '{') {
                int next = at + 1;
                while (next < string.length() && string.charAt(next) != '{' && string.charAt(next) != '}') {
                    next++;
                }
                out.append(format.substring(at, next));
                at = next;
                continue;
            }
            int end = closing(string, at);
            String field = string.substring(at + 1, end);
            int colon = field.indexOf(':');
            String specification = colon < 0 ? "" : field.substring(colon + 1);
            String name = colon < 0 ? field : field.substring(0, colon);
            int bang = name.indexOf('!');
            String conversion = bang < 0 ? "" : name.substring(bang + 1);
            name = bang < 0 ? name : name.substring(0, bang);
            if (name.isEmpty() || name.startsWith(".") || name.startsWith("[")) {
                name = automatic++ + name;
            }
            Value value = field(name, arguments, meter);
            if (!conversion.isEmpty()) {
                value = conversion.equals("s") ? Python.str(value, meter) : Python.repr(value, meter);
            }
            if (specification.indexOf('{') >= 0) {
                specification = format(Text.of(specification), arguments, meter).string();
            }
            Text piece = formatted(value, specification, meter);
            out.append(format.isMarkup() ? Operators.escapedUnlessMarkup(piece) : piece);
            meter.size(out.length());
            at = end + 1;
        }
        return out.build().asMarkup(format.isMarkup());
    }

    private static int closing(String string, int open) {
        int depth = 0;
        for (int i = open; i < string.length(); i++) {
            depth += string.charAt(i) == '{' ? 1 : string.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw TemplateException.failed("Single '{' encountered in format string");
    }

    private static Value field(String name, Arguments arguments, Meter meter) {
        Matcher first = Pattern.compile("[^.\\[]+").matcher(name);
        if (!first.lookingAt()) {
            throw TemplateException.failed("Empty attribute in format string");
        }
        String head = first.group();
        Value value;
        if (head.chars().allMatch(c -> c >= '0' && c <= '9')) {
            int place = bounded(head, 0);
            if (place >= arguments.count()) {
                throw TemplateException.failed(
                        "Replacement index " + place + " out of range for positional args tuple");
            }
            value = arguments.positional().get(place);
        } else {
            Value named = arguments.named().get(head);
            if (named == null) {
                throw TemplateException.failed("a name in a format string was not given");
            }
            value = named;
        }
        Matcher rest =
                Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)]").matcher(name).region(first.end(), name.length());
        while (rest.lookingAt()) {
            String attribute = rest.group(1);
            String index = rest.group(2);
            if (attribute != null) {
                value = Operators.attribute(value, attribute, meter);
            } else if (index != null) {
                boolean number = index.chars().allMatch(c -> c >= '0' && c <= '9') && index.length() < 7;
                value = Operators.subscript(
                        value, number ? new Value.Int(Integer.parseInt(index)) : Text.of(index), meter);
            }
            rest.region(rest.end(), name.length());
        }
        return value;
    }

    private static Text formatted(Value value, String specification, Meter meter) {
        if (specification.isEmpty()) {
            return Python.str(value, meter);
        }
        Matcher matcher = SPECIFICATION.matcher(specification);
        if (!matcher.matches()) {
            throw TemplateException.failed("Invalid format specifier");
        }
        String type = matcher.group(10);
        char kind = type == null ? ' ' : type.charAt(0);
        int precision = bounded(matcher.group(9), -1);
        boolean isNumber = Operators.isNumber(value) && kind != 's';
        if (!isNumber && !(value instanceof Text)) {
            throw TemplateException.failed("unsupported format string passed to " + Python.type(value) + ".__format__");
        }
        if (!isNumber && kind != ' ' && kind != 's') {
            throw TemplateException.failed("Unknown format code '" + kind + "' for object of type 'str'");
        }
        Text body = isNumber ? Text.of(numeric(value, kind, precision, matcher)) : cut((Text) value, precision);
        boolean zeros = matcher.group(6) != null;
        String fill = matcher.group(1) != null ? matcher.group(1) : zeros ? "0" : " ";
        String align = matcher.group(2) != null ? matcher.group(2) : zeros ? "=" : isNumber ? ">" : "<";
        int width = bounded(matcher.group(7), 0);
        return switch (align) {
            case "<" -> StringMethods.padded(body, width, fill, "ljust", meter);
            case ">" -> StringMethods.padded(body, width, fill, "rjust", meter);
            case "^" -> centred(body, width, fill, meter);
            default -> zeroPadded(body, width, meter);
        };
    }

    private static Text centred(Text body, int width, String fill, Meter meter) {
        int missing = Math.max(0, width - body.codePoints());
        Text left = StringMethods.padded(body, body.codePoints() + missing / 2, fill, "rjust", meter);
        return StringMethods.padded(left, width, fill, "ljust", meter);
    }

    private static String numeric(Value value, char kind, int precision, Matcher matcher) {
        String number;
        boolean integral = Operators.isInteger(value);
        if (kind == '%') {
            number = real(Operators.real(value) * 100, precision < 0 ? 6 : precision, 'f') + "%";
        } else if (integral
                && (kind == ' ' || kind == 'd' || kind == 'x' || kind == 'X' || kind == 'o' || kind == 'b')) {
            number = based(Operators.integer(value), kind);
        } else if (kind == ' ') {
            number = precision < 0 ? Python.real(Operators.real(value)) : real(Operators.real(value), precision, 'g');
        } else if ("fFeEgG".indexOf(kind) >= 0) {
            number = real(Operators.real(value), precision < 0 ? 6 : precision, kind);
        } else {
            throw TemplateException.failed(
                    "Unknown format code '" + kind + "' for object of type '" + Python.type(value) + "'");
        }
        String separator = matcher.group(8);
        if (separator != null) {
            Matcher digits = Pattern.compile("\\d+").matcher(number);
            if (digits.find()) {
                String grouped = digits.group().replaceAll("(?<=\\d)(?=(\\d{3})+$)", separator);
                number = number.substring(0, digits.start()) + grouped + number.substring(digits.end());
            }
        }
        String sign = matcher.group(3);
        return signed(number, sign == null ? "" : sign);
    }
}
