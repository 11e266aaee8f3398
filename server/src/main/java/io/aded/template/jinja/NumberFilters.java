package io.aded.template.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.jspecify.annotations.Nullable;

/** Jinja's filters of numbers. */
final class NumberFilters {
    private NumberFilters() {}

    static Value toInteger(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("int", "default", "base");
        Operators.requireDefined(value);
        int base = bound[1] == null ? 10 : (int) Operators.integer(bound[1]);
        Value whenNot = bound[0] == null ? new Value.Int(0) : bound[0];
        if (value instanceof Value.Large) {
            return value;
        }
        if (Operators.isInteger(value)) {
            return new Value.Int(Operators.integer(value));
        }
        if (value instanceof Value.Float(double real)) {
            return Double.isNaN(real) || Double.isInfinite(real)
                    ? whenNot
                    : Value.integer(new BigDecimal(real).toBigInteger());
        }
        if (!(value instanceof Text text)) {
            return whenNot;
        }
        String digits = text.string().strip().replace("_", "");
        try {
            return Value.integer(
                    new BigInteger(base == 16 ? digits.replaceFirst("(?i)^([+-]?)0x", "$1") : digits, base));
        } catch (NumberFormatException e) {
            try {
                double real = Double.parseDouble(digits);
                return Double.isNaN(real) || Double.isInfinite(real) || digits.matches(".*[dDfF]")
                        ? whenNot
                        : Value.integer(new BigDecimal(real).toBigInteger());
            } catch (NumberFormatException f) {
                return whenNot;
            }
        }
    }

    static Value toReal(Value value, Arguments arguments, Meter meter) {
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

    static Value round(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("round", "precision", "method");
        Operators.requireDefined(value);
        if (!Operators.isNumber(value)) {
            throw TemplateException.failed("type " + Python.type(value) + " doesn't define __round__ method");
        }
        int precision = bound[0] == null ? 0 : (int) Math.clamp(Operators.integer(bound[0]), -400, 400);
        String method =
                bound[1] == null ? "common" : Python.str(bound[1], meter).string();
        if (!method.equals("common") && !method.equals("ceil") && !method.equals("floor")) {
            throw TemplateException.failed("method must be common, ceil or floor");
        }
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
        if (real == 0) {
            return value instanceof Value.Float ? value : new Value.Float(0);
        }
        return switch (method) {
            case "common" ->
                new Value.Float(new BigDecimal(real)
                        .setScale(precision, RoundingMode.HALF_EVEN)
                        .doubleValue());
            case "ceil" -> new Value.Float(Math.ceil(real * Math.pow(10, precision)) / Math.pow(10, precision));
            default -> new Value.Float(Math.floor(real * Math.pow(10, precision)) / Math.pow(10, precision));
        };
    }

    static Value fileSize(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("filesizeformat", "binary");
        boolean binary = bound[0] != null && Operators.isTrue(bound[0]);
        Value number = toReal(value, Arguments.of(Value.None.NONE), meter);
        if (number instanceof Value.None) {
            throw TemplateException.failed("could not convert " + Python.type(value) + " to float");
        }
        double bytes = Operators.real(number);
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
}
