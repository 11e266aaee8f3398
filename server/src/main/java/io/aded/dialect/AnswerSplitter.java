package io.aded.dialect;

import io.aded.model.ChatMessage;
import io.aded.model.JsonValues;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Splits what a model writes into the answer's text, reasoning and tool calls, while it is being written.
 *
 * <p>A call is one if it opens as the model's dialect has it and names a tool that was offered. What does not turn out
 * to be one is text, and every character of it is told. Text that may become a mark is held back until that is decided;
 * how much is bounded. Owned by one thread.
 */
public final class AnswerSplitter {
    /** White space before a mark that is taken for layout. */
    private static final int MOST_BLANKS = 16;

    /** The head of a call, up to its arguments, is not longer. */
    private static final int LONGEST_HEAD = 4096;

    /** A call that is told only when it is complete is not longer. */
    private static final int LONGEST_HELD = 1 << 20;

    private static final String OPEN_BRACE = "{";

    /** What part of an answer something belongs to. */
    public enum Channel {
        /** The answer's text. */
        TEXT,
        /** Reasoning before it. */
        REASONING,
        /** The call that was begun last. */
        CALL,
        /** Not decided yet: a call, or text. */
        UNDECIDED
    }

    /** What is told. */
    public interface Output {
        /** The answer's text grows. */
        void text(String more);

        /** The reasoning grows. */
        void reasoning(String more);

        /** A call begins; it is the last one begun until the next. */
        void call(int index, String id, String name);

        /** The arguments of the last call grow. */
        void arguments(int index, String json);
    }

    private enum State {
        TEXT,
        REASONING,
        /** A head was found; the call is told when it is complete. */
        WAITING,
        ARGUMENTS,
        KEYED,
        /** Behind the arguments, inside the object that holds them. */
        TAIL,
        /** Behind a call's body. */
        AFTER
    }

    private final @Nullable CallForm calls;
    private final @Nullable ReasoningForm reasoning;
    private final AnswerForm form;
    private final Ids ids;
    private final Output output;
    private final StringBuilder held = new StringBuilder();
    private State state = State.TEXT;

    /** Whether something came that rules out reasoning, and a call that has no mark. */
    private boolean begun;

    private boolean blanksAreLayout;
    private boolean undecided;
    private int index = -1;

    // The head that was found: where its arguments start, and what it says.
    private int headEnd;
    private String headName = "";
    private String headId = "";
    private int scanned;
    private JsonCursor cursor = new JsonCursor(0);
    private @Nullable KeyedArguments keyed;
    private boolean finished;

    private final StringBuilder said = new StringBuilder();
    private final StringBuilder thought = new StringBuilder();
    private final List<Made> made = new ArrayList<>();

    /** A call so far. */
    private record Made(String id, String name, StringBuilder arguments) {}

    /** Names calls. */
    @FunctionalInterface
    public interface Ids {
        /** An id for a call that the model gave none. */
        String next();
    }

    AnswerSplitter(AnswerForm form, boolean reasoningOpen, Ids ids, Output output) {
        this.form = form;
        calls = form.recognisesCalls() ? form.dialect().calls() : null;
        reasoning = form.dialect().reasoning();
        this.ids = ids;
        this.output = output;
        if (reasoningOpen && reasoning != null) {
            state = State.REASONING;
            blanksAreLayout = true;
        }
    }

    /** What the last character belongs to. */
    public Channel channel() {
        if (undecided) {
            return Channel.UNDECIDED;
        }
        return switch (state) {
            case TEXT -> Channel.TEXT;
            case REASONING -> Channel.REASONING;
            case WAITING -> Channel.UNDECIDED;
            case ARGUMENTS, KEYED, TAIL, AFTER -> Channel.CALL;
        };
    }

    /** Calls begun so far. */
    public int calls() {
        return index + 1;
    }

    /** The answer as a message of the conversation. */
    public ChatMessage message(String begunWith) {
        return new ChatMessage(
                "assistant",
                begunWith + said,
                thought.toString(),
                made.stream()
                        .map(call -> new ChatMessage.ToolCall(
                                call.id(), call.name(), call.arguments().toString()))
                        .toList(),
                null);
    }

    /** More was written. */
    public void append(String text) {
        if (text.isEmpty()) {
            return;
        }
        if (calls == null && state == State.TEXT && begun && !blanksAreLayout && held.isEmpty()) {
            undecided = false; // nothing can come of it but text
            said.append(text);
            output.text(text);
            return;
        }
        held.append(text);
        run();
    }

    /** Nothing more will be written. */
    public void finish() {
        finished = true;
        run();
        while (state == State.WAITING) { // behind one that is none may stand another
            giveUpHead();
            run();
        }
        switch (state) {
            case TEXT -> text(held.length());
            case REASONING -> reasoning(Loose.blanksBefore(held, held.length(), MOST_BLANKS));
            default -> {
                // A closing mark that was cut off, or arguments that were.
            }
        }
        held.setLength(0);
    }

    private void run() {
        boolean on = true;
        while (on) {
            on = switch (state) {
                case TEXT -> inText();
                case REASONING -> inReasoning();
                case WAITING -> waiting();
                case ARGUMENTS -> inArguments();
                case KEYED -> inKeyed();
                case TAIL -> inTail();
                case AFTER -> afterCall();
            };
        }
    }

    private void text(int end) {
        if (end > 0) {
            String more = held.substring(0, end);
            said.append(more);
            output.text(more);
            held.delete(0, end);
        }
    }

    private void reasoning(int end) {
        if (end > 0) {
            String more = held.substring(0, end);
            thought.append(more);
            output.reasoning(more);
            held.delete(0, end);
        }
    }

    private int skipBlanks(int from) {
        int at = from;
        while (at < held.length() && Character.isWhitespace(held.charAt(at))) {
            at++;
        }
        return at;
    }

    // --- text

    private boolean inText() {
        undecided = false;
        if (blanksAreLayout) { // behind a mark
            held.delete(0, skipBlanks(0));
            if (held.isEmpty()) {
                return false;
            }
            blanksAreLayout = false;
        }
        if (!begun) {
            Boolean decided = beginning();
            if (decided != null) {
                return decided;
            }
            begun = true;
        }
        if (calls == null || form.trigger().isEmpty()) {
            text(held.length());
            return false;
        }
        int hit = held.indexOf(form.trigger());
        if (hit < 0) {
            int end = Loose.partial(held, form.trigger());
            text(finished ? held.length() : Loose.blanksBefore(held, end, MOST_BLANKS));
            return false;
        }
        int opening = opening(hit);
        int found = opening < 0 ? opening : head(opening);
        if (found == Loose.MORE && !finished && held.length() - hit <= LONGEST_HEAD) {
            text(Loose.blanksBefore(held, hit, MOST_BLANKS));
            undecided = true;
            return false;
        }
        if (found < 0) {
            text(hit + form.trigger().length());
            return true;
        }
        int start = Loose.blanksBefore(held, hit, MOST_BLANKS);
        text(start);
        headFound(found - start);
        return true;
    }

    /** What can only stand at the beginning of an answer; null if none of it does. */
    private @Nullable Boolean beginning() {
        int first = skipBlanks(0);
        if (first == held.length() && !finished && first <= MOST_BLANKS) {
            return false;
        }
        if (reasoning != null && index < 0) {
            int mark = Loose.literal(held, first, reasoning.opening());
            if (mark >= 0) {
                held.delete(0, mark);
                state = State.REASONING;
                blanksAreLayout = true;
                return true;
            }
            if (mark == Loose.MORE && !finished) {
                return false;
            }
        }
        if (reasoning != null && !reasoning.lead().isEmpty()) {
            for (String lead : List.of(reasoning.lead(), reasoning.leadAlone())) {
                int end = lead.isEmpty() ? Loose.NO : Loose.match(held, first, lead, "");
                if (end >= 0) {
                    held.delete(0, end);
                    blanksAreLayout = true;
                    begun = true;
                    return true;
                }
                if (end == Loose.MORE && !finished) {
                    return false;
                }
            }
        }
        if (calls != null && form.trigger().isEmpty()) {
            int opening = Loose.match(held, first, calls.opening(), "");
            int found = opening < 0 ? opening : head(opening);
            if (found == Loose.MORE && !finished && held.length() <= LONGEST_HEAD) {
                undecided = held.length() > first;
                return false;
            }
            if (found >= 0) {
                headFound(found);
                return true;
            }
        }
        return null;
    }

    /** Behind the trigger at a place comes the rest of what opens a call. */
    private int opening(int hit) {
        String all = calls == null ? "" : calls.opening();
        String rest = all.substring(all.indexOf(form.trigger()) + form.trigger().length());
        return Loose.match(held, hit + form.trigger().length(), rest, "");
    }

    // --- reasoning

    private boolean inReasoning() {
        if (blanksAreLayout) {
            held.delete(0, skipBlanks(0));
            if (held.isEmpty()) {
                return false;
            }
            blanksAreLayout = false;
        }
        String closing = reasoning == null ? "" : reasoning.closing();
        int close = held.indexOf(closing);
        int end = close < 0 ? Loose.partial(held, closing) : close;
        reasoning(Loose.blanksBefore(held, end, MOST_BLANKS));
        if (close < 0) {
            return false;
        }
        held.delete(0, held.indexOf(closing) + closing.length());
        state = State.TEXT;
        begun = false;
        blanksAreLayout = true;
        return true;
    }

    // --- calls

    /** Reads the head of a call, up to where its arguments start, which it returns; {@link Loose#MORE} or NO. */
    private int head(int from) {
        headId = "";
        CallForm.Body body = calls == null ? null : calls.body();
        return switch (body) {
            case CallForm.JsonBody json -> jsonHead(json, from);
            case CallForm.NamedBody named -> namedHead(named.between(), from, true);
            case CallForm.KeyedBody written -> namedHead(written.open(), from, false);
            case null -> Loose.NO;
        };
    }

    private int namedHead(String between, int from, boolean object) {
        int best = Loose.NO;
        int longest = 0;
        int start = skipBlanks(from);
        for (String name : form.names()) {
            int end = Loose.literal(held, start, name);
            int open = end < 0 ? end : Loose.match(held, end, between, name);
            if (open >= 0 && object) {
                open = skipBlanks(open);
                int brace = Loose.literal(held, open, OPEN_BRACE);
                open = brace < 0 ? brace : open;
            }
            if (open >= 0 && name.length() > longest) {
                best = open;
                longest = name.length();
                headName = name;
            } else if (open == Loose.MORE && best < 0) {
                best = Loose.MORE;
            }
        }
        return best;
    }

    /** Members may come in any order, but the arguments last of those that matter. */
    private int jsonHead(CallForm.JsonBody body, int from) {
        int at = skipBlanks(from);
        int brace = Loose.literal(held, at, OPEN_BRACE);
        if (brace < 0) {
            return brace;
        }
        at = brace;
        String name = "";
        while (true) {
            at = skipBlanks(at);
            if (at < held.length() && held.charAt(at) == ',') {
                at = skipBlanks(at + 1);
            }
            int keyEnd = stringEnd(at);
            if (keyEnd < 0) {
                return keyEnd;
            }
            String key = held.substring(at + 1, keyEnd - 1);
            int colon = Loose.literal(held, skipBlanks(keyEnd), ":");
            if (colon < 0) {
                return colon;
            }
            at = skipBlanks(colon);
            if (at == held.length()) {
                return Loose.MORE;
            }
            if (key.equals(body.argumentsKey())) {
                headName = name;
                return held.charAt(at) == '{' && form.names().contains(name) ? at : Loose.NO;
            }
            int valueEnd = held.charAt(at) == '"' ? stringEnd(at) : scalarEnd(at);
            if (valueEnd < 0) {
                return valueEnd;
            }
            String value = held.substring(at, valueEnd);
            if (value.startsWith("\"")) {
                String plain = value.substring(1, value.length() - 1);
                name = key.equals(body.nameKey()) ? plain : name;
                headId = key.equals("id") ? plain : headId;
            }
            at = valueEnd;
        }
    }

    private int stringEnd(int at) {
        if (at >= held.length()) {
            return Loose.MORE;
        }
        if (held.charAt(at) != '"') {
            return Loose.NO;
        }
        for (int i = at + 1; i < held.length(); i++) {
            if (held.charAt(i) == '\\') {
                i++;
            } else if (held.charAt(i) == '"') {
                return i + 1;
            }
        }
        return Loose.MORE;
    }

    private int scalarEnd(int at) {
        for (int i = at; i < held.length(); i++) {
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

    private void headFound(int argumentsAt) {
        headEnd = argumentsAt;
        cursor = new JsonCursor(0);
        scanned = argumentsAt;
        state = State.WAITING;
    }

    /** A call that nothing holds to its form is told when it is complete; others as they come. */
    private boolean waiting() {
        undecided = false;
        boolean object = calls != null && !(calls.body() instanceof CallForm.KeyedBody);
        if (!form.constrainsCalls()) {
            if (object) {
                int end = cursor.read(held, scanned);
                scanned = held.length();
                if (end < 0) {
                    return tooLong();
                }
                if (JsonValues.object(held.substring(headEnd, end)) == null) {
                    giveUpHead();
                    return true;
                }
            } else {
                String close = calls == null ? "" : calls.callClose().strip();
                if (!close.isEmpty() && held.indexOf(close, Math.max(headEnd, scanned - close.length())) < 0) {
                    scanned = held.length();
                    return tooLong();
                }
            }
        }
        begin();
        state = object ? State.ARGUMENTS : State.KEYED;
        cursor = new JsonCursor(0);
        return true;
    }

    private boolean tooLong() {
        if (held.length() - headEnd > LONGEST_HELD) {
            giveUpHead();
            return true;
        }
        return false;
    }

    /** It was no call. */
    private void giveUpHead() {
        state = State.TEXT;
        begun = true;
        blanksAreLayout = false;
        text(headEnd);
    }

    private void begin() {
        index++;
        String id = headId.isEmpty() ? ids.next() : headId;
        made.add(new Made(id, headName, new StringBuilder()));
        held.delete(0, headEnd);
        output.call(index, id, headName);
        keyed = calls != null && calls.body() instanceof CallForm.KeyedBody body
                ? new KeyedArguments(calls, body, form.textArguments(headName))
                : null;
    }

    private void arguments(String json) {
        if (!json.isEmpty()) {
            made.getLast().arguments().append(json);
            output.arguments(index, json);
        }
    }

    private boolean inArguments() {
        int end = cursor.read(held, 0);
        int take = end < 0 ? held.length() : end;
        arguments(held.substring(0, take));
        held.delete(0, take);
        if (end < 0) {
            return false;
        }
        boolean inObject = calls != null && calls.body() instanceof CallForm.JsonBody;
        cursor = new JsonCursor(1);
        scanned = 0;
        state = inObject ? State.TAIL : State.AFTER;
        return true;
    }

    private boolean inKeyed() {
        KeyedArguments reader = keyed;
        if (reader == null) {
            state = State.AFTER;
            return true;
        }
        boolean done = reader.read(held, this::arguments);
        if (done) {
            state = State.AFTER;
        }
        return done;
    }

    private boolean inTail() {
        int end = cursor.read(held, scanned);
        scanned = held.length();
        if (end < 0) {
            return false;
        }
        held.delete(0, end);
        state = State.AFTER;
        return true;
    }

    private boolean afterCall() {
        if (calls == null) {
            return false;
        }
        int close = Loose.match(held, 0, calls.callClose(), headName);
        if (close == Loose.MORE) {
            return false;
        }
        int at = Math.max(0, close);
        boolean undecidedStill = false;
        if (calls.several() && form.parallel()) {
            int open = Loose.match(held, at, calls.separator() + calls.callOpen(), "");
            int found = open < 0 ? open : head(open);
            if (found >= 0) {
                headFound(found);
                return true;
            }
            undecidedStill = found == Loose.MORE && held.length() <= LONGEST_HEAD;
        }
        int end = calls.sectionClose().isBlank() ? at : Loose.match(held, at, calls.sectionClose(), "");
        if (!finished && (end == Loose.MORE || undecidedStill)) {
            return false;
        }
        held.delete(0, Math.max(at, end));
        state = State.TEXT;
        begun = true;
        blanksAreLayout = true;
        return true;
    }
}
