package io.aded.template.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str}. They keep what is known of each character's origin. */
final class StringMethods {
    private StringMethods() {}

    /** The method of a name, bound to the text, or null if Python's strings have none (that a template could use). */
    static @Nullable Value of(Text text, String name) {
        Function.Body body = switch (name) {
            case "capitalize" -> (_, _) -> capitalize(text);
            case "casefold", "lower" -> (_, _) -> lower(text);
            case "upper" -> (_, _) -> upper(text);
            case "title" -> (_, _) -> title(text);
            case "swapcase" -> (_, _) -> swapCase(text);
            case "strip" -> (arguments, _) -> strip(text, characters("strip", arguments), true, true);
            case "lstrip" -> (arguments, _) -> strip(text, characters("lstrip", arguments), true, false);
            case "rstrip" -> (arguments, _) -> strip(text, characters("rstrip", arguments), false, true);
            case "split" -> (arguments, meter) -> split(text, arguments, meter, false);
            case "rsplit" -> (arguments, meter) -> split(text, arguments, meter, true);
            case "splitlines" -> (arguments, meter) -> splitLines(text, arguments, meter);
            case "partition" -> (arguments, _) -> partition(text, arguments, false);
            case "rpartition" -> (arguments, _) -> partition(text, arguments, true);
            case "startswith" -> (arguments, _) -> affix(text, arguments, "startswith", true);
            case "endswith" -> (arguments, _) -> affix(text, arguments, "endswith", false);
            case "removeprefix" -> (arguments, _) -> removePrefix(text, text(arguments, "removeprefix", 0));
            case "removesuffix" -> (arguments, _) -> removeSuffix(text, text(arguments, "removesuffix", 0));
            case "replace" ->
                (arguments, meter) -> {
                    @Nullable Value[] bound = arguments.bind("replace", "old", "new", "count");
                    Text old = text(arguments, "replace", 0);
                    Text with = text(arguments, "replace", 1);
                    long most = bound[2] == null ? -1 : Operators.integer(bound[2]);
                    return replace(
                            text, old, text.isMarkup() ? Operators.escapedUnlessMarkup(with) : with, most, meter);
                };
            case "join" -> (arguments, meter) -> join(text, arguments.required("join", 0), meter);
            case "find" -> (arguments, meter) -> new Value.Int(find(text, arguments, meter, false));
            case "rfind" -> (arguments, meter) -> new Value.Int(find(text, arguments, meter, true));
            case "index" -> (arguments, meter) -> found(find(text, arguments, meter, false));
            case "rindex" -> (arguments, meter) -> found(find(text, arguments, meter, true));
            case "count" -> (arguments, meter) -> count(text, arguments, meter);
            case "center" -> (arguments, meter) -> pad(text, arguments, meter, "center");
            case "ljust" -> (arguments, meter) -> pad(text, arguments, meter, "ljust");
            case "rjust" -> (arguments, meter) -> pad(text, arguments, meter, "rjust");
            case "zfill" -> (arguments, meter) -> zeroFill(text, arguments, meter);
            case "expandtabs" -> (arguments, meter) -> expandTabs(text, arguments, meter);
            case "format" -> (arguments, meter) -> Formatting.format(text, arguments, meter);
            case "isalpha" -> (_, _) -> all(text, Character::isLetter);
            case "isdigit" ->
                (_, _) -> all(
                        text,
                        c -> Character.isDigit(c)
                                || Character.getNumericValue(c) >= 0
                                        && Character.getType(c) == Character.OTHER_NUMBER
                                        && Character.getNumericValue(c) < 10);
            case "isdecimal" -> (_, _) -> all(text, Character::isDigit);
            case "isnumeric" -> (_, _) -> all(text, StringMethods::isNumeric);
            case "isalnum" -> (_, _) -> all(text, c -> Character.isLetter(c) || isNumeric(c));
            case "isspace" -> (_, _) -> all(text, Whitespace::is);
            case "isascii" -> (_, _) -> Value.Bool.of(text.string().chars().allMatch(c -> c < 128));
            case "isprintable" ->
                (_, _) -> Value.Bool.of(text.string().codePoints().allMatch(Python::isPrintable));
            case "isidentifier" -> (_, _) -> Value.Bool.of(isIdentifier(text.string()));
            case "islower" -> (_, _) -> Value.Bool.of(isLower(text.string()));
            case "isupper" -> (_, _) -> Value.Bool.of(isUpper(text.string()));
            case "istitle" -> (_, _) -> Value.Bool.of(isTitle(text.string()));
            default -> null;
        };
        return body == null
                ? null
                : new Function(name, (arguments, meter) -> {
                    meter.work(text.length());
                    int most = most(name);
                    if (most >= 0) {
                        Attributes.byPlace(name, arguments, most);
                    }
                    return body.call(arguments, meter);
                });
    }

    /** How many arguments a method takes by place, or -1 if it takes some by name. */
    private static int most(String method) {
        return switch (method) {
            case "split", "rsplit", "replace", "splitlines", "expandtabs", "format" -> -1;
            case "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "partition", "rpartition" -> 1;
            case "join", "zfill" -> 1;
            case "center", "ljust", "rjust" -> 2;
            case "startswith", "endswith", "find", "rfind", "index", "rindex", "count" -> 3;
            default -> 0;
        };
    }

    private static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    private static Value all(Text text, IntPredicate holds) {
        return Value.Bool.of(!text.isEmpty() && text.string().codePoints().allMatch(holds));
    }

    static boolean isLower(String string) {
        return string.codePoints().anyMatch(Character::isLowerCase)
                && string.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isUpper(String string) {
        return string.codePoints().anyMatch(Character::isUpperCase)
                && string.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    private static boolean isTitle(String string) {
        boolean any = false;
        boolean inWord = false;
        for (int c : string.codePoints().toArray()) {
            boolean upper = Character.isUpperCase(c) || Character.isTitleCase(c);
            if (upper && inWord || Character.isLowerCase(c) && !inWord) {
                return false;
            }
            inWord = upper || Character.isLowerCase(c);
            any |= inWord;
        }
        return any;
    }

    private static boolean isIdentifier(String string) {
        return !string.isEmpty()
                && Character.isUnicodeIdentifierStart(string.codePointAt(0)) | string.charAt(0) == '_'
                && string.codePoints().skip(1).allMatch(Character::isUnicodeIdentifierPart);
    }

    // --- case

    static Text lower(Text text) {
        return text.sameplaces(text.string().toLowerCase(Locale.ROOT));
    }

    static Text upper(Text text) {
        return text.sameplaces(text.string().toUpperCase(Locale.ROOT));
    }

    static Text capitalize(Text text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = Character.charCount(text.string().codePointAt(0));
        return titleCased(text.substring(0, first)).plus(lower(text.substring(first, text.length())));
    }

    private static Text titleCased(Text character) {
        int c = character.string().codePointAt(0);
        int title = Character.toTitleCase(c);
        return title == c ? upper(character) : character.sameplaces(Character.toString(title));
    }

    private static Text title(Text text) {
        TextBuilder out = new TextBuilder();
        boolean inWord = false;
        for (Value character : text.characters()) {
            Text one = (Text) character;
            int c = one.string().codePointAt(0);
            boolean cased = Character.isLowerCase(c) || Character.isUpperCase(c) || Character.isTitleCase(c);
            out.append(!cased ? one : inWord ? lower(one) : titleCased(one));
            inWord = cased;
        }
        return out.build().asMarkup(text.isMarkup());
    }

    private static Text swapCase(Text text) {
        TextBuilder out = new TextBuilder();
        for (Value character : text.characters()) {
            Text one = (Text) character;
            out.append(Character.isUpperCase(one.string().codePointAt(0)) ? lower(one) : upper(one));
        }
        return out.build().asMarkup(text.isMarkup());
    }

    // --- ends

    private static @Nullable String characters(String method, Arguments arguments) {
        Attributes.byPlace(method, arguments, 1);
        Value chars = arguments.count() == 0 ? Value.None.NONE : arguments.required(method, 0);
        if (chars instanceof Value.None) {
            return null;
        }
        if (chars instanceof Text text) {
            return text.string();
        }
        Operators.requireDefined(chars);
        throw TemplateException.failed(method + " arg must be None or str");
    }

    /** Strips white space, or the characters given, from the ends named. */
    static Text strip(Text text, @Nullable String characters, boolean left, boolean right) {
        String string = text.string();
        IntPredicate goes = characters == null ? Whitespace::is : c -> characters.indexOf(c) >= 0;
        int from = 0;
        int to = string.length();
        while (left && from < to && goes.test(string.codePointAt(from))) {
            from += Character.charCount(string.codePointAt(from));
        }
        while (right && to > from && goes.test(string.codePointBefore(to))) {
            to -= Character.charCount(string.codePointBefore(to));
        }
        return text.substring(from, to);
    }

    private static Value affix(Text text, Arguments arguments, String method, boolean atStart) {
        Value affix = arguments.required(method, 0);
        Text within = arguments.count() > 1
                ? (Text) Operators.slice(
                        text,
                        arguments.positional().get(1),
                        arguments.count() > 2 ? arguments.positional().get(2) : Value.None.NONE,
                        Value.None.NONE,
                        new Meter(Bounds.DEFAULT))
                : text;
        if (affix instanceof Value.Tuple(List<Value> several)) {
            return Value.Bool.of(several.stream().anyMatch(one -> hasAffix(within, one, method, atStart)));
        }
        return Value.Bool.of(hasAffix(within, affix, method, atStart));
    }

    private static boolean hasAffix(Text text, Value affix, String method, boolean atStart) {
        if (!(affix instanceof Text part)) {
            Operators.requireDefined(affix);
            throw TemplateException.failed(
                    method + " first arg must be str or a tuple of str, not " + Python.type(affix));
        }
        return atStart ? text.string().startsWith(part.string()) : text.string().endsWith(part.string());
    }

    private static Text removePrefix(Text text, Text prefix) {
        return text.string().startsWith(prefix.string()) ? text.substring(prefix.length(), text.length()) : text;
    }

    private static Text removeSuffix(Text text, Text suffix) {
        return text.string().endsWith(suffix.string()) ? text.substring(0, text.length() - suffix.length()) : text;
    }

    // --- parts

    static Text text(Arguments arguments, String method, int place) {
        Value value = arguments.required(method, place);
        if (value instanceof Text text) {
            return text;
        }
        Operators.requireDefined(value);
        throw TemplateException.failed(
                method + "() argument " + (place + 1) + " must be str, not " + Python.type(value));
    }

    private static Value split(Text text, Arguments arguments, Meter meter, boolean fromRight) {
        String method = fromRight ? "rsplit" : "split";
        @Nullable Value[] bound = arguments.bind(method, "sep", "maxsplit");
        long most = bound[1] == null ? -1 : Operators.integer(bound[1]);
        if (bound[0] == null || bound[0] instanceof Value.None) {
            return new Value.ListValue(words(text, most, fromRight, meter));
        }
        if (!(bound[0] instanceof Text separator)) {
            Operators.requireDefined(bound[0]);
            throw TemplateException.failed("must be str or None, not " + Python.type(bound[0]));
        }
        if (separator.isEmpty()) {
            throw TemplateException.failed("empty separator");
        }
        return new Value.ListValue(pieces(text, separator.string(), most, fromRight, meter));
    }

    private static List<Value> pieces(Text text, String separator, long most, boolean fromRight, Meter meter) {
        List<Value> pieces = new ArrayList<>();
        String string = text.string();
        if (fromRight) {
            int end = string.length();
            for (long n = 0; most < 0 || n < most; n++) {
                meter.step();
                int at = end < separator.length() ? -1 : string.lastIndexOf(separator, end - separator.length());
                if (at < 0) {
                    break;
                }
                pieces.addFirst(text.substring(at + separator.length(), end));
                end = at;
            }
            pieces.addFirst(text.substring(0, end));
            return pieces;
        }
        int start = 0;
        for (long n = 0; most < 0 || n < most; n++) {
            meter.step();
            int at = string.indexOf(separator, start);
            if (at < 0) {
                break;
            }
            pieces.add(text.substring(start, at));
            start = at + separator.length();
        }
        pieces.add(text.substring(start, string.length()));
        return pieces;
    }

    private static List<Value> words(Text text, long most, boolean fromRight, Meter meter) {
        List<Value> words = new ArrayList<>();
        String string = text.string();
        if (fromRight) {
            int end = strip(text, null, false, true).length();
            while (end > 0) {
                meter.step();
                int start = end;
                while (start > 0 && !Whitespace.is(string.charAt(start - 1))) {
                    start--;
                }
                boolean last = most >= 0 && words.size() == most;
                int from = last ? Whitespace.skip(string, 0) : start;
                words.addFirst(text.substring(last ? 0 : from, end));
                if (last) {
                    break;
                }
                end = strip(text.substring(0, start), null, false, true).length();
            }
            return words;
        }
        int start = Whitespace.skip(string, 0);
        while (start < string.length()) {
            meter.step();
            if (most >= 0 && words.size() == most) {
                words.add(text.substring(start, string.length()));
                break;
            }
            int end = start;
            while (end < string.length() && !Whitespace.is(string.charAt(end))) {
                end++;
            }
            words.add(text.substring(start, end));
            start = Whitespace.skip(string, end);
        }
        return words;
    }

    private static Value splitLines(Text text, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("splitlines", "keepends");
        return new Value.ListValue(lines(text, bound[0] != null && Operators.integer(bound[0]) != 0, meter));
    }

    static List<Value> lines(Text text, boolean keepEnds, Meter meter) {
        List<Value> lines = new ArrayList<>();
        String string = text.string();
        int start = 0;
        for (int i = 0; i < string.length(); i++) {
            if (Whitespace.breaksLine(string.charAt(i))) {
                meter.step();
                boolean pair = string.charAt(i) == '\r' && i + 1 < string.length() && string.charAt(i + 1) == '\n';
                int next = pair ? i + 2 : i + 1;
                lines.add(text.substring(start, keepEnds ? next : i));
                start = next;
                i = next - 1;
            }
        }
        if (start < string.length()) {
            lines.add(text.substring(start, string.length()));
        }
        return lines;
    }

    private static Value partition(Text text, Arguments arguments, boolean fromRight) {
        Text separator = text(arguments, "partition", 0);
        if (separator.isEmpty()) {
            throw TemplateException.failed("empty separator");
        }
        int at = fromRight
                ? text.string().lastIndexOf(separator.string())
                : text.string().indexOf(separator.string());
        if (at < 0) {
            return new Value.Tuple(
                    fromRight ? List.of(Text.EMPTY, Text.EMPTY, text) : List.of(text, Text.EMPTY, Text.EMPTY));
        }
        int after = at + separator.length();
        return new Value.Tuple(
                List.of(text.substring(0, at), text.substring(at, after), text.substring(after, text.length())));
    }

    /** Replaces the first {@code most} occurrences, or all if it is negative. */
    static Text replace(Text text, Text old, Text with, long most, Meter meter) {
        String string = text.string();
        TextBuilder out = new TextBuilder();
        int start = 0;
        int from = 0;
        for (long n = 0; most < 0 || n < most; n++) {
            meter.step();
            int at = string.indexOf(old.string(), from);
            if (at < 0 || old.isEmpty() && n > text.codePoints()) {
                break;
            }
            out.append(text.substring(start, at)).append(with);
            meter.size(out.length());
            start = at + old.length();
            from = old.isEmpty()
                    ? at + (at < string.length() ? Character.charCount(string.codePointAt(at)) : 1)
                    : start;
            if (old.isEmpty() && at == string.length()) {
                break;
            }
        }
        return out.append(text.substring(start, string.length())).build().asMarkup(text.isMarkup());
    }

    private static Text join(Text separator, Value parts, Meter meter) {
        TextBuilder out = new TextBuilder();
        int index = 0;
        for (Value part : Operators.items(parts, meter)) {
            if (!(part instanceof Text text)) {
                throw TemplateException.failed(
                        "sequence item " + index + ": expected str instance, " + Python.type(part) + " found");
            }
            if (index++ > 0) {
                out.append(separator);
            }
            out.append(separator.isMarkup() ? Operators.escapedUnlessMarkup(text) : text);
            meter.size(out.length());
        }
        return out.build().asMarkup(separator.isMarkup());
    }

    // --- places

    private static long find(Text text, Arguments arguments, Meter meter, boolean last) {
        Text part = text(arguments, last ? "rfind" : "find", 0);
        int size = text.codePoints();
        Value from = arguments.count() > 1 ? arguments.positional().get(1) : Value.None.NONE;
        Text within = within(text, arguments, meter);
        int at = last
                ? within.string().lastIndexOf(part.string())
                : within.string().indexOf(part.string());
        if (at < 0) {
            return -1;
        }
        long start = from instanceof Value.None ? 0 : Operators.integer(from);
        long offset = Math.clamp(start < 0 ? start + size : start, 0, (long) size);
        return offset + within.string().codePointCount(0, at);
    }

    /** What a search is to look at: from the second argument to the third. */
    private static Text within(Text text, Arguments arguments, Meter meter) {
        Value from = arguments.count() > 1 ? arguments.positional().get(1) : Value.None.NONE;
        Value to = arguments.count() > 2 ? arguments.positional().get(2) : Value.None.NONE;
        return (Text) Operators.slice(text, from, to, Value.None.NONE, meter);
    }

    private static Value found(long place) {
        if (place < 0) {
            throw TemplateException.failed("substring not found");
        }
        return new Value.Int(place);
    }

    private static Value count(Text text, Arguments arguments, Meter meter) {
        String part = text(arguments, "count", 0).string();
        Text within = within(text, arguments, meter);
        if (part.isEmpty()) {
            return new Value.Int(within.codePoints() + 1L);
        }
        String string = within.string();
        long count = 0;
        for (int at = string.indexOf(part); at >= 0; at = string.indexOf(part, at + part.length())) {
            meter.step();
            count++;
        }
        return new Value.Int(count);
    }

    // --- width

    private static Text pad(Text text, Arguments arguments, Meter meter, String method) {
        long width = Operators.integer(arguments.required(method, 0));
        String fill = arguments.count() > 1 ? text(arguments, method, 1).string() : " ";
        if (fill.codePointCount(0, fill.length()) != 1) {
            throw TemplateException.failed("The fill character must be exactly one character long");
        }
        return padded(text, width, fill, method, meter);
    }

    static Text padded(Text text, long width, String fill, String method, Meter meter) {
        long missing = width - text.codePoints();
        if (missing <= 0) {
            return text;
        }
        meter.size(missing + text.length());
        int left = switch (method) {
            case "ljust" -> 0;
            case "rjust" -> (int) missing;
            // Python puts the odd one on the left if the width is odd.
            default -> (int) (missing / 2 + (missing & width & 1));
        };
        return new TextBuilder()
                .append(fill.repeat(left))
                .append(text)
                .append(fill.repeat((int) missing - left))
                .build()
                .asMarkup(text.isMarkup());
    }

    private static Text zeroFill(Text text, Arguments arguments, Meter meter) {
        long width = Operators.integer(arguments.required("zfill", 0));
        boolean signed = text.string().startsWith("-") || text.string().startsWith("+");
        Text sign = signed ? text.substring(0, 1) : Text.EMPTY;
        Text digits = signed ? text.substring(1, text.length()) : text;
        return sign.plus(padded(digits, width - sign.length(), "0", "rjust", meter));
    }

    private static Text expandTabs(Text text, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("expandtabs", "tabsize");
        long size = bound[0] == null ? 8 : Operators.integer(bound[0]);
        TextBuilder out = new TextBuilder();
        long column = 0;
        for (Value character : text.characters()) {
            Text one = (Text) character;
            if (one.string().equals("\t")) {
                long blanks = size <= 0 ? 0 : size - column % size;
                meter.size(out.length() + blanks);
                out.append(" ".repeat((int) blanks), one.hasMarks());
                column += blanks;
            } else {
                out.append(one);
                column = one.string().equals("\n") || one.string().equals("\r") ? 0 : column + 1;
            }
        }
        return out.build().asMarkup(text.isMarkup());
    }
}
