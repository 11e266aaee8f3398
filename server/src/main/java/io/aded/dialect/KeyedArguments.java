package io.aded.dialect;

import io.aded.model.JsonValues;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads arguments that are written one by one, and tells them as one JSON object. */
final class KeyedArguments {
    private static final int LONGEST_KEY = 1024;

    private final CallForm calls;
    private final CallForm.KeyedBody body;
    private final Set<String> texts;

    /** The argument whose text is being read, or null. */
    private @Nullable String key;

    private boolean streaming;
    private int count;

    /** Where the search for a value's end goes on, and what is open there. */
    private int searched;

    private int depth;
    /** The quote that is open, or 0. */
    private char quote;

    private boolean escaped;
    /** Whether the text between two marks is open. */
    private boolean marked;

    /** Takes JSON text. */
    @FunctionalInterface
    interface Output {
        void arguments(String json);
    }

    /**
     * A reader of one call.
     *
     * @param texts the arguments that are strings by the tool's schema
     */
    KeyedArguments(CallForm calls, CallForm.KeyedBody body, Set<String> texts) {
        this.calls = calls;
        this.body = body;
        this.texts = texts;
    }

    /** Reads what is decided and takes it out of the buffer; returns whether the call's body is over. */
    boolean read(Held held, Output output) {
        while (true) {
            boolean on = key == null ? readKey(held, output) : readValue(held, output);
            if (!on) {
                return false;
            }
            if (done) {
                return true;
            }
        }
    }

    private boolean done;

    private boolean readKey(Held held, Output output) {
        String close = calls.callClose().isBlank() ? calls.sectionClose() : calls.callClose();
        int over = close.isBlank() ? Loose.NO : Loose.match(held, 0, close, "");
        int start = 0;
        if (count > 0) {
            int separated = Loose.match(held, 0, body.separator(), "");
            start = separated < 0 ? 0 : separated;
        }
        int open = Loose.match(held, start, body.argumentOpen(), "");
        boolean mayCome = open < 0 || over == Loose.MORE && body.argumentOpen().isEmpty();
        if (over >= 0 || over == Loose.NO && open == Loose.NO || mayCome && held.length() > LONGEST_KEY) {
            output.arguments(count == 0 ? "{}" : "}");
            done = true;
            return true;
        }
        if (mayCome) {
            return false;
        }
        int at = held.skipBlanks(open);
        int text = held.indexOf(body.equals().strip(), at);
        int other = held.indexOf(body.otherEquals().strip(), at);
        if (text < 0 && other < 0) {
            if (held.length() - at > LONGEST_KEY) {
                output.arguments(count == 0 ? "{}" : "}");
                done = true;
                return true;
            }
            return false;
        }
        boolean isText = other < 0 || text >= 0 && text <= other;
        String equals = isText ? body.equals() : body.otherEquals();
        int equalsAt = isText ? text : other;
        int end = equalsAt + equals.strip().length();
        // Text that stands as it is may begin with white space of its own: no more goes than the template writes.
        String blanks = equals.substring(equals.stripTrailing().length());
        int valueAt = Loose.literal(held, end, blanks);
        if (valueAt == Loose.MORE) {
            return false;
        }
        key = held.substring(at, equalsAt).strip();
        held.drop(valueAt < 0 ? end : valueAt);
        output.arguments((count == 0 ? "{" : ", ") + JsonValues.text(key) + ": ");
        count++;
        return true;
    }

    private boolean readValue(Held held, Output output) {
        String name = key == null ? "" : key;
        return body.quote().isEmpty() ? readRaw(held, name, output) : readQuoted(held, output);
    }

    private boolean readRaw(Held held, String name, Output output) {
        String close = body.argumentClose().replace(CallForm.KEY, name);
        String mark = close.strip();
        String before = close.substring(0, close.length() - close.stripLeading().length());
        int at = mark.isEmpty() ? -1 : held.indexOf(mark, Math.max(0, searched - mark.length()));
        searched = held.length();
        boolean text = texts.contains(name);
        if (at < 0) {
            if (text) {
                int keep = Loose.partial(held, mark);
                keep = Loose.blanksBefore(held, keep, before.length());
                stream(held.substring(0, keep), output);
                held.drop(keep);
                searched = held.length();
            }
            return false;
        }
        int end = before.isEmpty() || !held.substring(0, at).endsWith(before) ? at : at - before.length();
        String value = held.substring(0, end);
        if (text) {
            stream(value, output);
            output.arguments("\"");
        } else {
            output.arguments(LooseValue.json(value, ""));
        }
        held.drop(at + mark.length());
        key = null;
        searched = 0;
        streaming = false;
        return true;
    }

    private void stream(String text, Output output) {
        StringBuilder json = new StringBuilder(streaming ? "" : "\"");
        JsonValues.escape(text, json);
        streaming = true;
        if (!json.isEmpty()) {
            output.arguments(json.toString());
        }
    }

    /** A value ends where neither quotes nor brackets are open; what was read of it is not read again. */
    private boolean readQuoted(Held held, Output output) {
        String mark = body.quote().length() > 1 ? body.quote() : "";
        int i = searched;
        while (i < held.length()) {
            char c = held.charAt(i);
            if (marked) {
                int end = held.indexOf(mark, i);
                if (end < 0) {
                    i = Math.max(i, held.length() - mark.length() + 1);
                    break;
                }
                marked = false;
                i = end + mark.length();
                continue;
            }
            if (quote != 0) {
                boolean ends = !escaped && c == quote;
                escaped = !escaped && c == '\\';
                quote = ends ? 0 : quote;
                i++;
                continue;
            }
            int opened = mark.isEmpty() ? Loose.NO : Loose.literal(held, i, mark);
            if (opened == Loose.MORE) {
                break;
            }
            if (opened >= 0) {
                marked = true;
                i = opened;
                continue;
            }
            boolean closes = c == ')' || c == '}' || c == ']';
            if (depth == 0 && (closes || c == ',')) {
                output.arguments(LooseValue.json(held.substring(0, i), body.quote()));
                held.drop(i);
                searched = 0;
                key = null;
                return true;
            }
            quote = mark.isEmpty() && (c == '"' || c == '\'') ? c : 0;
            depth += c == '[' || c == '{' || c == '(' ? 1 : closes ? -1 : 0;
            i++;
        }
        searched = i;
        return false;
    }
}
