package io.aded.dialect;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Reads what a call begins with, up to its arguments: which tool it names, and by which id. Owned by one thread. */
final class CallHead {
    /** A head is not longer, and no more of a text is looked at for one. */
    static final int LONGEST = 4096;

    private static final String OPEN_BRACE = "{";

    private final Held held;
    private final CallForm.@Nullable Body body;
    private final Collection<String> names;
    private String name = "";
    private String id = "";
    private int limit;

    /**
     * A reader.
     *
     * @param held the text
     * @param body of calls; null if there are none
     * @param names of the tools that may be called
     */
    CallHead(Held held, CallForm.@Nullable Body body, Collection<String> names) {
        this.held = held;
        this.body = body;
        this.names = names;
    }

    /** The tool that the head named which was read last. */
    String name() {
        return name;
    }

    /** The id that it gave, or nothing. */
    String id() {
        return id;
    }

    /** Reads a head; returns where its arguments start, {@link Loose#MORE} or {@link Loose#NO}. */
    int read(int from) {
        id = "";
        limit = (int) Math.min(held.length(), from + (long) LONGEST);
        return switch (body) {
            case CallForm.JsonBody json -> object(json, from);
            case CallForm.NamedBody named -> named(named.between(), from, true);
            case CallForm.KeyedBody written -> named(written.open(), from, false);
            case null -> Loose.NO;
        };
    }

    private int named(String between, int from, boolean object) {
        int best = Loose.NO;
        int longest = 0;
        int start = held.skipBlanks(from);
        for (String offered : names) {
            int end = Loose.literal(held, start, offered);
            int open = end < 0 ? end : Loose.match(held, end, between, offered);
            if (open >= 0 && object) {
                open = held.skipBlanks(open);
                int brace = Loose.literal(held, open, OPEN_BRACE);
                open = brace < 0 ? brace : open;
            }
            if (open >= 0 && offered.length() > longest) {
                best = open;
                longest = offered.length();
                name = offered;
            } else if (open == Loose.MORE && best < 0) {
                best = Loose.MORE;
            }
        }
        return best;
    }

    /** Members may come in any order, but the arguments last of those that matter. */
    private int object(CallForm.JsonBody json, int from) {
        int at = held.skipBlanks(from);
        int brace = Loose.literal(held, at, OPEN_BRACE);
        if (brace < 0) {
            return brace;
        }
        at = brace;
        String named = "";
        while (true) {
            at = held.skipBlanks(at);
            if (at < held.length() && held.charAt(at) == ',') {
                at = held.skipBlanks(at + 1);
            }
            int keyEnd = stringEnd(at);
            if (keyEnd < 0) {
                return keyEnd;
            }
            String key = held.substring(at + 1, keyEnd - 1);
            int colon = Loose.literal(held, held.skipBlanks(keyEnd), ":");
            if (colon < 0) {
                return colon;
            }
            at = held.skipBlanks(colon);
            if (at == held.length()) {
                return Loose.MORE;
            }
            if (key.equals(json.argumentsKey())) {
                name = named;
                return held.charAt(at) == '{' && names.contains(named) ? at : Loose.NO;
            }
            int valueEnd = held.charAt(at) == '"' ? stringEnd(at) : scalarEnd(at);
            if (valueEnd < 0) {
                return valueEnd;
            }
            String value = held.substring(at, valueEnd);
            if (value.startsWith("\"")) {
                String plain = value.substring(1, value.length() - 1);
                named = key.equals(json.nameKey()) ? plain : named;
                id = key.equals("id") ? plain : id;
            }
            at = valueEnd;
        }
    }

    private int stringEnd(int at) {
        if (at >= limit) {
            return Loose.MORE;
        }
        if (held.charAt(at) != '"') {
            return Loose.NO;
        }
        for (int i = at + 1; i < limit; i++) {
            if (held.charAt(i) == '\\') {
                i++;
            } else if (held.charAt(i) == '"') {
                return i + 1;
            }
        }
        return Loose.MORE;
    }

    private int scalarEnd(int at) {
        for (int i = at; i < limit; i++) {
            char c = held.charAt(i);
            if (c == ',' || c == '}' || Character.isWhitespace(c)) {
                return i == at ? Loose.NO : i;
            }
            if (c == '{' || c == '[' || c == '"') {
                return Loose.NO;
            }
        }
        return Loose.MORE;
    }
}
