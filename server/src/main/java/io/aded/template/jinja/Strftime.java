package io.aded.template.jinja;

import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** C's {@code strftime} in the C locale, as Python's {@code datetime} offers it. */
final class Strftime {
    private Strftime() {}

    static String format(String format, ZonedDateTime time) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            if (unpadded) {
                directive = format.charAt(++i);
            }
            String text = directive(directive, time);
            if (text == null) {
                out.append('%').append(unpadded ? "-" : "").append(directive);
            } else {
                out.append(unpadded && text.matches("[0 ]+\\d.*|0+") ? text.replaceFirst("^[0 ]+(?=\\d)", "") : text);
            }
        }
        return out.toString();
    }

    private static @Nullable String directive(char directive, ZonedDateTime time) {
        Locale english = Locale.ENGLISH;
        int hour12 = time.getHour() % 12 == 0 ? 12 : time.getHour() % 12;
        return switch (directive) {
            case 'a' -> time.getDayOfWeek().getDisplayName(TextStyle.SHORT, english);
            case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, english);
            case 'w' -> Integer.toString(time.getDayOfWeek().getValue() % 7);
            case 'u' -> Integer.toString(time.getDayOfWeek().getValue());
            case 'd' -> two(time.getDayOfMonth());
            case 'e' -> String.format(Locale.ROOT, "%2d", time.getDayOfMonth());
            case 'b', 'h' -> time.getMonth().getDisplayName(TextStyle.SHORT, english);
            case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, english);
            case 'm' -> two(time.getMonthValue());
            case 'y' -> two(time.getYear() % 100);
            case 'Y' -> Integer.toString(time.getYear());
            case 'C' -> two(time.getYear() / 100);
            case 'H' -> two(time.getHour());
            case 'k' -> String.format(Locale.ROOT, "%2d", time.getHour());
            case 'I' -> two(hour12);
            case 'l' -> String.format(Locale.ROOT, "%2d", hour12);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'M' -> two(time.getMinute());
            case 'S' -> two(time.getSecond());
            case 'f' -> String.format(Locale.ROOT, "%06d", time.get(ChronoField.MICRO_OF_SECOND));
            case 'j' -> String.format(Locale.ROOT, "%03d", time.getDayOfYear());
            case 'U' -> two((time.getDayOfYear() + 6 - time.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((time.getDayOfYear() + 6 - (time.getDayOfWeek().getValue() + 6) % 7) / 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> Integer.toString(time.get(IsoFields.WEEK_BASED_YEAR));
            case 's' -> Long.toString(time.toEpochSecond());
            // Python's datetime.now() knows of no zone.
            case 'z', 'Z' -> "";
            case 'c' -> format("%a %b %e %H:%M:%S %Y", time);
            case 'x', 'D' -> format("%m/%d/%y", time);
            case 'X', 'T' -> format("%H:%M:%S", time);
            case 'R' -> format("%H:%M", time);
            case 'F' -> format("%Y-%m-%d", time);
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> null;
        };
    }

    private static String two(int number) {
        return String.format(Locale.ROOT, "%02d", number);
    }
}
