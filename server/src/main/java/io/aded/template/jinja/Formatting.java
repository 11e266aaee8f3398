package io.aded.template.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
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
        boolean mayBeLeft = mapping || values instanceof Value.ListValue || values instanceof Value.Undefined;
        if (used < items.size() && !mayBeLeft) {
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
            case 'd', 'i', 'u', 'x', 'X', 'o' -> {
                meter.size(Math.max(0, precision));
                String digits = digits(integer(kind, value), precision);
                yield Text.of(signed(flags.indexOf('#') >= 0 ? prefixed(digits, kind) : digits, flags));
            }
            case 'f', 'F', 'e', 'E', 'g', 'G' -> {
                meter.size(Math.max(0, precision));
                boolean full = flags.indexOf('#') >= 0;
                yield Text.of(signed(real(number(value, kind), precision < 0 ? 6 : precision, kind, full), flags));
            }
            case 'c' -> character(value);
            default -> throw TemplateException.failed("unsupported format character '" + kind + "'");
        };
        boolean zeros = flags.indexOf('0') >= 0 && flags.indexOf('-') < 0 && "sarc".indexOf(kind) < 0;
        if (zeros) {
            return signFirst(body, width, "0", meter);
        }
        return StringMethods.padded(body, width, " ", flags.indexOf('-') >= 0 ? "ljust" : "rjust", meter);
    }

    /** One character, given as such or by its number. */
    private static Text character(Value value) {
        if (value instanceof Text text && text.codePoints() == 1) {
            return text;
        }
        if (!Operators.isInteger(value)) {
            Operators.requireDefined(value);
            throw TemplateException.failed("%c requires int or char");
        }
        long point = Operators.integer(value);
        if (point < 0 || point > Character.MAX_CODE_POINT) {
            throw TemplateException.failed("%c arg not in range(0x110000)");
        }
        return Text.of(Character.toString((int) point));
    }

    /** A whole number with at least so many digits. */
    private static String digits(String number, int least) {
        int sign = number.startsWith("-") ? 1 : 0;
        int missing = least - (number.length() - sign);
        return missing <= 0 ? number : number.substring(0, sign) + "0".repeat(missing) + number.substring(sign);
    }

    /** A whole number with what says its base. */
    private static String prefixed(String number, char kind) {
        String prefix = "xXob".indexOf(kind) < 0 ? "" : "0" + kind;
        int sign = number.startsWith("-") ? 1 : 0;
        return number.substring(0, sign) + prefix + number.substring(sign);
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
        if (value instanceof Value.Large) {
            return based(whole(value), kind);
        }
        if (!Operators.isNumber(value) || !decimal && value instanceof Value.Float) {
            Operators.requireDefined(value);
            throw TemplateException.failed(
                    "%" + kind + " format: a real number is required, not " + Python.type(value));
        }
        return based(whole(value), kind);
    }

    private static BigInteger whole(Value value) {
        if (value instanceof Value.Large(BigInteger integer)) {
            return integer;
        }
        if (!(value instanceof Value.Float(double real))) {
            return BigInteger.valueOf(Operators.integer(value));
        }
        if (Double.isNaN(real) || Double.isInfinite(real)) {
            throw TemplateException.failed("cannot convert float " + Python.real(real) + " to integer");
        }
        return new BigDecimal(real).toBigInteger();
    }

    private static String based(BigInteger integer, char kind) {
        return switch (kind) {
            case 'x' -> integer.toString(16);
            case 'X' -> integer.toString(16).toUpperCase(Locale.ROOT);
            case 'o' -> integer.toString(8);
            case 'b' -> integer.toString(2);
            default -> integer.toString();
        };
    }

    private static double number(Value value, char kind) {
        if (!Operators.isNumber(value)) {
            Operators.requireDefined(value);
            throw TemplateException.failed("must be real number, not " + Python.type(value) + " for %" + kind);
        }
        return Operators.real(value);
    }

    /** @param full whether the point and the zeros behind it stay even if nothing else follows: Python's {@code #} */
    private static String real(double value, int precision, char kind, boolean full) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            return Python.real(value);
        }
        String sign = value < 0 || value == 0 && 1 / value < 0 ? "-" : "";
        BigDecimal exact = new BigDecimal(Math.abs(value));
        return sign
                + switch (kind) {
                    case 'e', 'E' -> scientific(exact, precision, kind, full);
                    case 'g', 'G' -> general(exact, Math.max(1, precision), kind, full);
                    default ->
                        pointed(
                                exact.setScale(precision, RoundingMode.HALF_EVEN)
                                        .toPlainString(),
                                full);
                };
    }

    private static String pointed(String digits, boolean full) {
        return full && digits.indexOf('.') < 0 ? digits + "." : digits;
    }

    private static String scientific(BigDecimal value, int precision, char kind, boolean full) {
        if (value.signum() == 0) {
            return pointed(BigDecimal.ZERO.setScale(precision).toPlainString(), full) + kind + "+00";
        }
        BigDecimal rounded = value.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        String mantissa = rounded.movePointLeft(exponent)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return pointed(mantissa, full)
                + kind
                + (exponent < 0 ? "-" : "+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    private static String general(BigDecimal value, int precision, char kind, boolean full) {
        if (value.signum() == 0) {
            return full ? pointed(BigDecimal.ZERO.setScale(precision - 1).toPlainString(), true) : "0";
        }
        BigDecimal rounded = value.round(new MathContext(precision, RoundingMode.HALF_EVEN));
        int exponent = rounded.precision() - rounded.scale() - 1;
        if (exponent < -4 || exponent >= precision) {
            String text = scientific(value, precision - 1, kind == 'g' ? 'e' : 'E', full);
            int mark = Math.max(text.indexOf('e'), text.indexOf('E'));
            return full ? text : withoutZeros(text.substring(0, mark)) + text.substring(mark);
        }
        String plain = rounded.setScale(Math.max(0, precision - 1 - exponent), RoundingMode.HALF_EVEN)
                .toPlainString();
        return full ? pointed(plain, true) : withoutZeros(plain);
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
            if (!conversion.isEmpty() || bang >= 0) {
                if (!conversion.equals("s") && !conversion.equals("r") && !conversion.equals("a")) {
                    throw TemplateException.failed("Unknown conversion specifier in a format string");
                }
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
        meter.size(Math.max(0, precision));
        boolean isNumber = Operators.isNumber(value) || value instanceof Value.Large;
        if (!isNumber && !(value instanceof Text)) {
            throw TemplateException.failed("unsupported format string passed to " + Python.type(value) + ".__format__");
        }
        if (isNumber ? kind == 's' : kind != ' ' && kind != 's') {
            throw TemplateException.failed(
                    "Unknown format code '" + kind + "' for object of type '" + Python.type(value) + "'");
        }
        boolean zeros = matcher.group(6) != null;
        String align = matcher.group(2) != null ? matcher.group(2) : zeros && isNumber ? "=" : isNumber ? ">" : "<";
        String given = matcher.group(1);
        String fill = given != null ? given : zeros ? "0" : " ";
        int width = bounded(matcher.group(7), 0);
        if (!isNumber) {
            boolean ofNumbers = matcher.group(3) != null || matcher.group(5) != null || matcher.group(8) != null;
            if (ofNumbers || align.equals("=")) {
                throw TemplateException.failed(
                        "what is said of a number is not allowed in a string's format specifier");
            }
        }
        Text body = isNumber ? Text.of(number(value, kind, precision, matcher, width)) : cut((Text) value, precision);
        return switch (align) {
            case "<" -> StringMethods.padded(body, width, fill, "ljust", meter);
            case ">" -> StringMethods.padded(body, width, fill, "rjust", meter);
            case "^" -> centred(body, width, fill, meter);
            default -> signFirst(body, width, fill, meter);
        };
    }

    private static Text centred(Text body, int width, String fill, Meter meter) {
        int missing = Math.max(0, width - body.codePoints());
        Text left = StringMethods.padded(body, body.codePoints() + missing / 2, fill, "rjust", meter);
        return StringMethods.padded(left, width, fill, "ljust", meter);
    }

    private static String number(Value value, char kind, int precision, Matcher matcher, int width) {
        boolean full = matcher.group(5) != null;
        String separator = matcher.group(8);
        String number;
        String head = "";
        int group = 3;
        if ((value instanceof Value.Large || Operators.isInteger(value)) && " dxXobnc".indexOf(kind) >= 0) {
            boolean other = "xXob".indexOf(kind) >= 0;
            if (precision >= 0) {
                throw TemplateException.failed("Precision not allowed in integer format specifier");
            }
            if (kind == 'c') {
                return character(value).string();
            }
            if (separator != null && (kind == 'n' || other && separator.equals(","))) {
                throw TemplateException.failed("Cannot specify '" + separator + "' with '" + kind + "'.");
            }
            number = based(whole(value), kind);
            group = other ? 4 : 3;
            head = full && other ? "0" + kind : "";
        } else {
            number = real(value, kind, precision, full, separator);
        }
        boolean negative = number.startsWith("-");
        String sign = negative ? "-" : matcher.group(3) == null ? "" : signed("", matcher.group(3));
        String digits = negative ? number.substring(1) : number;
        if (separator != null) {
            // Zeros that fill a width are digits too, where the width's zero is what asks for them.
            boolean filled = matcher.group(6) != null
                    && (matcher.group(2) == null || matcher.group(2).equals("=") && "0".equals(matcher.group(1)));
            digits = grouped(digits, separator, group, filled ? width - sign.length() - head.length() : 0);
        }
        return sign + head + digits;
    }

    private static String real(Value value, char kind, int precision, boolean full, @Nullable String separator) {
        if (value instanceof Value.Large) {
            throw TemplateException.failed("an integer is beyond 64 bits");
        }
        double real = Operators.real(value);
        if (kind == '%') {
            return real(real * 100, precision < 0 ? 6 : precision, 'f', full) + "%";
        }
        if (kind == ' ') {
            return precision < 0 ? Python.real(real) : shortened(real, precision, full);
        }
        if (kind == 'n' && separator == null) {
            return real(real, precision < 0 ? 6 : precision, 'g', full);
        }
        if ("fFeEgG".indexOf(kind) < 0) {
            throw TemplateException.failed(
                    "Unknown format code '" + kind + "' for object of type '" + Python.type(value) + "'");
        }
        return real(real, precision < 0 ? 6 : precision, kind, full);
    }

    /** As {@code g}, but with one digit behind the point at least, and an exponent one digit earlier. */
    private static String shortened(double value, int precision, boolean full) {
        String text = real(value, Math.max(1, precision), 'g', full);
        if (text.indexOf('e') >= 0 || Double.isNaN(value) || Double.isInfinite(value)) {
            return text;
        }
        String whole = text.startsWith("-") ? text.substring(1) : text;
        if (whole.indexOf('.') < 0 && whole.length() >= Math.max(1, precision) && !whole.equals("0")) {
            return real(value, Math.max(1, precision) - 1, 'e', full).replaceFirst("\\.?0+e", "e");
        }
        return text.indexOf('.') < 0 ? text + ".0" : text;
    }

    /** Digits before the point in groups, with as many zeros before them as a width wants. */
    private static String grouped(String number, String separator, int group, int width) {
        int end = 0;
        while (end < number.length() && Character.digit(number.charAt(end), 16) >= 0 && number.charAt(end) != 'e') {
            end++;
        }
        StringBuilder digits = new StringBuilder(number.substring(0, end));
        String rest = number.substring(end);
        while (digits.length() + (digits.length() - 1) / group + rest.length() < width) {
            digits.insert(0, '0');
        }
        for (int at = digits.length() - group; at > 0; at -= group) {
            digits.insert(at, separator);
        }
        return digits + rest;
    }

    private static Text signFirst(Text body, int width, String fill, Meter meter) {
        String string = body.string();
        int sign = string.startsWith("-") || string.startsWith("+") || string.startsWith(" ") ? 1 : 0;
        boolean based = string.length() > sign + 2
                && string.charAt(sign) == '0'
                && "xXob".indexOf(string.charAt(sign + 1)) >= 0;
        int head = sign + (based ? 2 : 0);
        return body.substring(0, head)
                .plus(StringMethods.padded(body.substring(head, body.length()), width - head, fill, "rjust", meter));
    }
}
