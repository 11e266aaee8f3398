package io.aded.grammar;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What JSON schema's {@code format} asks of a string, as regular expressions over its value. */
final class StringFormats {
    /** Not the year 0000, which many calendars do not have. */
    private static final String YEAR = "(?:000[1-9]|00[1-9]\\d|0[1-9]\\d{2}|[1-9]\\d{3})";

    private static final String DATE = "(?:" + YEAR + "-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))"
            + "|(?:\\d{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)-02-29)";
    private static final String TIME =
            "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:Z|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)";
    private static final String LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
    private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String IPV4 = "(?:" + OCTET + "\\.){3}" + OCTET;
    private static final String HEX = "[0-9A-Fa-f]{1,4}";
    private static final String DURATION_TIME =
            "T(?:\\d{1,9}H(?:\\d{1,9}M(?:\\d{1,9}S)?)?|\\d{1,9}M(?:\\d{1,9}S)?|\\d{1,9}S)";
    private static final String DURATION_DATE =
            "(?:\\d{1,9}Y(?:\\d{1,9}M(?:\\d{1,9}D)?)?|\\d{1,9}M(?:\\d{1,9}D)?|\\d{1,9}D)";

    private static final Map<String, String> EXPRESSIONS = Map.ofEntries(
            Map.entry("date", DATE),
            Map.entry("time", TIME),
            Map.entry("date-time", DATE + "T" + TIME),
            Map.entry(
                    "duration", "P(?:" + DURATION_DATE + "(?:" + DURATION_TIME + ")?|" + DURATION_TIME + "|\\d{1,9}W)"),
            Map.entry(
                    "email",
                    "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}){0,2}@(?:" + LABEL
                            + "\\.){1,3}[A-Za-z]{2,20}"),
            Map.entry("hostname", LABEL + "(?:\\." + LABEL + "){0,3}"),
            Map.entry("ipv4", IPV4),
            Map.entry(
                    "ipv6",
                    "(?:(?:" + HEX + ":){7}" + HEX + "|(?:" + HEX + ":){1,6}(?::" + HEX + ")|(?:" + HEX + ":){1,5}(?::"
                            + HEX
                            + "){1,2}|(?:" + HEX + ":){1,4}(?::" + HEX + "){1,3}|(?:" + HEX + ":){1,3}(?::" + HEX
                            + "){1,4}|(?:" + HEX + ":){1,2}(?::" + HEX + "){1,5}|" + HEX + ":(?::" + HEX
                            + "){1,6}|:(?::"
                            + HEX + "){1,7}|::|(?:" + HEX + ":){1,7}:)"),
            Map.entry(
                    "uri",
                    "[A-Za-z][A-Za-z0-9+.-]{1,15}://[A-Za-z0-9._~-]{1,253}(?::\\d{1,5})?"
                            + "(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*"
                            + "(?:\\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
                            + "(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"),
            Map.entry("uuid", "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"));

    /** Formats of the standard that are not kept here. */
    private static final Set<String> OTHERS = Set.of(
            "idn-email",
            "idn-hostname",
            "iri",
            "iri-reference",
            "json-pointer",
            "regex",
            "relative-json-pointer",
            "uri-reference",
            "uri-template");

    private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]";

    private StringFormats() {}

    /**
     * An expression of a format whose texts have a length at most; null if only counting tells. To count up to a length
     * in an expression that counts already takes states by the ten thousand, so its parts are shortened instead.
     */
    static @Nullable String atMost(String format, int most) {
        return switch (format) {
            case "email" -> {
                int part = Math.min(31, (most - 10) / 4);
                yield part < 2
                        ? null
                        : "^" + ATOM + "{1," + part + "}(?:\\." + ATOM + "{1," + part + "})?@" + label(part) + "(?:\\."
                                + label(part) + ")?\\.[A-Za-z]{2,6}$";
            }
            case "hostname" -> {
                int part = Math.min(63, (most - 2) / 3);
                yield part < 2 ? null : "^" + label(part) + "(?:\\." + label(part) + "){0,2}$";
            }
            case "uri" -> {
                int host = Math.min(100, (most - 18) / 2);
                yield host < 1
                        ? null
                        : "^[A-Za-z][A-Za-z0-9+.-]{1,7}://[A-Za-z0-9._~-]{1," + host + "}(?::\\d{1,5})?"
                                + "(?:/[A-Za-z0-9._~!$&'()*+,;=:@/?-]{0," + Math.min(4_000, most - 18 - host) + "})?$";
            }
            default -> null;
        };
    }

    /** The length of the shortest text that {@link #atMost} allows: {@code a@b.cd}, {@code ab://c} or {@code a}. */
    static int shortest(String format) {
        return format.equals("hostname") ? 1 : 6;
    }

    private static String label(int longest) {
        return "[A-Za-z0-9](?:[A-Za-z0-9-]{0," + (longest - 2) + "}[A-Za-z0-9])?";
    }

    /** The anchored expression of a format; null if the standard knows no such format, so that it is a mere remark. */
    static @Nullable String expression(String format, String path) throws GrammarRefused {
        if (OTHERS.contains(format)) {
            throw SchemaNodes.refused(
                    path,
                    "has the format \"" + format + "\", which cannot be kept; allowed: "
                            + new TreeSet<>(EXPRESSIONS.keySet()));
        }
        String expression = EXPRESSIONS.get(format);
        return expression == null ? null : "^(?:" + expression + ")$";
    }
}
