package io.aded.template.jinja;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Jinja's filters of text. */
final class TextFilters {
    private TextFilters() {}

    static Text soft(Value value, Meter meter) {
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

    static Text title(Text text) {
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

    static Value trim(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("trim", "chars");
        if (bound[0] != null && !(bound[0] instanceof Text) && !(bound[0] instanceof Value.None)) {
            throw TemplateException.failed("strip arg must be None or str");
        }
        String characters = bound[0] instanceof Text text ? text.string() : null;
        return StringMethods.strip(soft(value, meter), characters, true, true);
    }

    static Value replace(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("replace", "old", "new", "count");
        if (bound[0] == null || bound[1] == null) {
            throw TemplateException.failed("replace() is missing an argument");
        }
        long most = bound[2] == null || bound[2] instanceof Value.None ? -1 : Operators.integer(bound[2]);
        Text old = soft(bound[0], meter).asMarkup(false);
        return StringMethods.replace(
                soft(value, meter).asMarkup(false), old, soft(bound[1], meter).asMarkup(false), most, meter);
    }

    static Value indent(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("indent", "width", "first", "blank");
        if (!(value instanceof Text indented)) {
            Operators.requireDefined(value);
            throw TemplateException.failed(
                    "unsupported operand type(s) for +=: '" + Python.type(value) + "' and 'str'");
        }
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
        List<Value> lines = StringMethods.lines(soft(indented, meter).plus(Text.of("\n")), false, meter);
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

    static Value truncate(Value value, Arguments arguments, Meter meter) {
        @Nullable Value[] bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
        if (Operators.length(value) == null) {
            throw TemplateException.failed("object of type '" + Python.type(value) + "' has no len()");
        }
        Text text = soft(value, meter);
        int length = bound[0] == null ? 255 : (int) Math.clamp(Operators.integer(bound[0]), 0, 1L << 30);
        Text end = bound[2] == null ? Text.of("...") : soft(bound[2], meter);
        if (length < end.codePoints()) {
            throw TemplateException.failed("expected length >= " + end.codePoints() + ", got " + length);
        }
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

    static int words(String text) {
        int words = 0;
        boolean inWord = false;
        for (int c : text.codePoints().toArray()) {
            boolean part = Character.isLetterOrDigit(c) || c == '_';
            words += part && !inWord ? 1 : 0;
            inWord = part;
        }
        return words;
    }

    static Value urlEncode(Value value, Arguments arguments, Meter meter) {
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

    static String quoted(String text, boolean keepSlash) {
        String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("*", "%2A")
                .replace("%7E", "~");
        return keepSlash ? encoded.replace("+", "%20").replace("%2F", "/") : encoded;
    }
}
