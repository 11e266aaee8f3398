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

    /** A call that is told only when it is complete is not longer. */
    static final int LONGEST_HELD = 1 << 20;

    /**
     * Characters that an answer's search for the ends of calls may read more than once: behind what began as a call and
     * was none may stand another. When they are used up, what begins as a call is text.
     */
    private static final int MOST_READ_AGAIN = 8 << 20;

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
    private final Held held = new Held();
    private final CallHead head;
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

    /** Up to where ends of calls were looked for. */
    private int seen;

    private int readAgain;
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
        head = new CallHead(held, calls == null ? null : calls.body(), form.names());
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
        held.clear();
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
            drop(end);
        }
    }

    private void reasoning(int end) {
        if (end > 0) {
            String more = held.substring(0, end);
            thought.append(more);
            output.reasoning(more);
            drop(end);
        }
    }

    private void drop(int count) {
        held.drop(count);
        seen = Math.max(0, seen - count);
    }

    // --- text

    private boolean inText() {
        undecided = false;
        if (blanksAreLayout) { // behind a mark
            drop(held.skipBlanks(0));
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
        int found = opening < 0 ? opening : head.read(opening);
        if (found == Loose.MORE && !finished && held.length() - hit <= CallHead.LONGEST) {
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
        int first = held.skipBlanks(0);
        boolean mayBegin = !finished && held.length() <= CallHead.LONGEST;
        if (first == held.length() && !finished && first <= MOST_BLANKS) {
            return false;
        }
        if (reasoning != null && index < 0) {
            int mark = Loose.literal(held, first, reasoning.opening());
            if (mark >= 0) {
                drop(mark);
                state = State.REASONING;
                blanksAreLayout = true;
                return true;
            }
            if (mark == Loose.MORE && mayBegin) {
                return false;
            }
        }
        if (reasoning != null && !reasoning.lead().isEmpty()) {
            for (String lead : List.of(reasoning.lead(), reasoning.leadAlone())) {
                int end = lead.isEmpty() ? Loose.NO : Loose.match(held, first, lead, "");
                if (end >= 0) {
                    drop(end);
                    blanksAreLayout = true;
                    begun = true;
                    return true;
                }
                if (end == Loose.MORE && mayBegin) {
                    return false;
                }
            }
        }
        if (calls != null && form.trigger().isEmpty()) {
            int opening = Loose.match(held, first, calls.opening(), "");
            int found = opening < 0 ? opening : head.read(opening);
            if (found == Loose.MORE && mayBegin) {
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
            drop(held.skipBlanks(0));
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
        drop(held.indexOf(closing) + closing.length());
        state = State.TEXT;
        begun = false;
        blanksAreLayout = true;
        return true;
    }

    // --- calls

    private void headFound(int argumentsAt) {
        headEnd = argumentsAt;
        headName = head.name();
        headId = head.id();
        cursor = new JsonCursor(0);
        scanned = argumentsAt;
        state = State.WAITING;
    }

    /** A call that nothing holds to its form is told when it is complete; others as they come. */
    private boolean waiting() {
        undecided = false;
        boolean object = calls != null && !(calls.body() instanceof CallForm.KeyedBody);
        if (!form.constrainsCalls()) {
            int end = readAgain > MOST_READ_AGAIN ? Loose.NO : object ? objectEnd() : closeAt();
            if (end == Loose.MORE) {
                return false;
            }
            if (end == Loose.NO || object && JsonValues.object(held.substring(headEnd, end)) == null) {
                giveUpHead();
                return true;
            }
        }
        begin();
        state = object ? State.ARGUMENTS : State.KEYED;
        cursor = new JsonCursor(0);
        return true;
    }

    private int objectEnd() {
        int from = scanned;
        return looked(from, cursor.read(held, from));
    }

    private int closeAt() {
        String close = calls == null ? "" : calls.callClose().strip();
        if (close.isEmpty()) {
            return headEnd;
        }
        int from = Math.max(headEnd, scanned - close.length());
        return looked(from, held.indexOf(close, from));
    }

    /** Counts what was read; an end that is too far away is none. */
    private int looked(int from, int end) {
        int to = end < 0 ? held.length() : end;
        readAgain += Math.max(0, Math.min(to, seen) - from);
        seen = Math.max(seen, to);
        scanned = held.length();
        return to - headEnd > LONGEST_HELD ? Loose.NO : end < 0 ? Loose.MORE : end;
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
        drop(headEnd);
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
        drop(take);
        if (end < 0) {
            return false;
        }
        boolean inObject = calls != null && calls.body() instanceof CallForm.JsonBody;
        cursor = new JsonCursor(1);
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
        int end = cursor.read(held, 0);
        drop(end < 0 ? held.length() : end);
        if (end < 0) {
            return false;
        }
        state = State.AFTER;
        return true;
    }

    private boolean afterCall() {
        if (calls == null) {
            return false;
        }
        int close = Loose.match(held, 0, calls.callClose(), headName);
        boolean mayCome = held.length() <= CallHead.LONGEST;
        if (close == Loose.MORE && (finished || mayCome)) {
            return false;
        }
        int at = Math.max(0, close);
        boolean undecidedStill = false;
        if (calls.several() && form.parallel()) {
            int open = Loose.match(held, at, calls.separator() + calls.callOpen(), "");
            int found = open < 0 ? open : head.read(open);
            if (found >= 0) {
                headFound(found);
                return true;
            }
            undecidedStill = found == Loose.MORE;
        }
        int end = calls.sectionClose().isBlank() ? at : Loose.match(held, at, calls.sectionClose(), "");
        if (!finished && mayCome && (end == Loose.MORE || undecidedStill)) {
            return false;
        }
        drop(Math.max(at, end));
        state = State.TEXT;
        begun = true;
        blanksAreLayout = true;
        return true;
    }
}
