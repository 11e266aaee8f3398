package io.aded.engine;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Turns that wait for admission, and who is next: the highest priority first; among equals callers of whom no turn
 * runs; then the caller who has been served least; for one caller in order of arrival.
 *
 * <p>Service is counted in tokens, prompt and answer, and beside it a virtual time: what a caller has been served who
 * was there all along and always had a fair share. A caller who was away is lifted to it. So an absence earns no
 * credit; and what somebody took while nobody else wanted it is no debt either, since the virtual time passed as fast
 * (fair queueing: Demers, Keshav, Shenker, SIGCOMM 1989; for LLM serving: Sheng et al., arXiv 2401.00588).
 *
 * <p>A thousand may wait, and between any two passes somebody asks who is next. So everything here but {@link #drain}
 * takes at most logarithmic time. Owned by the engine thread.
 */
final class WaitingTurns {
    /** Turns of one line that are passed over at most, and of all lines together, before nobody is next for now. */
    private static final int MOST_ASKED_OF_LINE = 16;

    private static final int MOST_ASKED = 64;

    /** Accounts of callers that have nothing here are kept up to this number, or up to that of the others. */
    private static final int FEW_ACCOUNTS = 1024;

    private final Map<String, Caller> callers = new HashMap<>();

    /** Where turns wait, the one whose first is next first. */
    private final IndexedHeap<Line> lines = new IndexedHeap<>();

    /** Waiting turns, the first to be over first. */
    private final IndexedHeap<Place> dues = new IndexedHeap<>();

    private final List<Line> passedOver = new ArrayList<>();
    private int size;

    /** Callers that have a turn here or running, and what each would have been served had all had equal shares. */
    private int about;

    private double virtualTime;
    private int accountsToClean = FEW_ACCOUNTS;

    /** One caller's waiting turns of one priority, in their order. */
    static final class Line extends IndexedHeap.Entry<Line> {
        private final Caller caller;
        private final int priority;
        private final LinkedHashMap<LocalTurn, Place> places = new LinkedHashMap<>();
        private long firstNumber;

        private Line(Caller caller, int priority) {
            this.caller = caller;
            this.priority = priority;
        }

        @Override
        boolean goesBefore(Line other) {
            if (priority != other.priority) {
                return priority > other.priority;
            }
            boolean runs = caller.running() > 0;
            if (runs != other.caller.running() > 0) {
                return !runs;
            }
            return caller.served() < other.caller.served()
                    || (caller.served() == other.caller.served() && firstNumber < other.firstNumber);
        }
    }

    /** A turn's place, and when it has waited long enough. */
    private static final class Place extends IndexedHeap.Entry<Place> {
        private final LocalTurn turn;
        private final Line line;
        private final long due;

        Place(LocalTurn turn, Line line, long due) {
            this.turn = turn;
            this.line = line;
            this.due = due;
        }

        @Override
        boolean goesBefore(Place other) {
            return due < other.due || (due == other.due && turn.number() < other.turn.number());
        }
    }

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /**
     * Takes a turn in, behind the others of its caller.
     *
     * @param due when it has waited long enough
     */
    void add(LocalTurn turn, long due) {
        Line line = line(turn);
        Place place = new Place(turn, line, due);
        line.places.putLast(turn, place);
        enter(place);
    }

    /** Puts a turn that lost its place back before the others of its caller. */
    void putBack(LocalTurn turn, long due) {
        Line line = line(turn);
        Place place = new Place(turn, line, due);
        line.places.putFirst(turn, place);
        enter(place);
    }

    private Line line(LocalTurn turn) {
        Caller caller = callers.computeIfAbsent(turn.request().fairnessKey(), _ -> new Caller());
        turn.setCaller(caller);
        for (Line line : caller.lines()) {
            if (line.priority == turn.request().priority()) {
                return line;
            }
        }
        return new Line(caller, turn.request().priority());
    }

    private void enter(Place place) {
        Line line = place.line;
        Caller caller = line.caller;
        size++;
        dues.add(place);
        line.firstNumber = line.places.firstEntry().getKey().number();
        if (caller.isAbsent()) {
            about++;
            caller.liftTo(virtualTime);
        }
        if (lines.contains(line)) {
            lines.moved(line);
        } else {
            caller.lines().add(line);
            lines.add(line);
        }
    }

    /** Books service to a caller. */
    void serve(Caller caller, int tokens) {
        caller.serve(tokens);
        virtualTime += (double) tokens / Math.max(1, about);
        moved(caller);
    }

    /** One of a caller's turns runs from now on. It does not wait any more. */
    void started(Caller caller) {
        about += caller.isAbsent() ? 1 : 0;
        caller.started();
        moved(caller);
    }

    /** One of a caller's turns runs no more. */
    void stopped(Caller caller) {
        caller.stopped();
        about -= caller.isAbsent() ? 1 : 0;
        moved(caller);
    }

    private void moved(Caller caller) {
        for (Line line : caller.lines()) {
            lines.moved(line);
        }
    }

    /** Forgets callers that have nothing here, each time that the accounts are twice as many. */
    void forgetAbsent() {
        if (callers.size() > accountsToClean) {
            callers.values().removeIf(Caller::isAbsent);
            accountsToClean = Math.max(FEW_ACCOUNTS, 2 * callers.size());
        }
    }

    /**
     * The turn that is next among those for which {@code eligible} holds, or null. It stays in the queue. Where so many
     * are passed over that it would take long to find one, nobody is next for now.
     */
    @Nullable
    LocalTurn peek(Predicate<LocalTurn> eligible) {
        LocalTurn found = null;
        int asked = 0;
        for (Line line = lines.first(); line != null && found == null && asked < MOST_ASKED; line = lines.first()) {
            int ofLine = 0;
            for (LocalTurn turn : line.places.keySet()) {
                asked++;
                if (eligible.test(turn)) {
                    found = turn;
                    break;
                }
                if (++ofLine == MOST_ASKED_OF_LINE) {
                    break;
                }
            }
            if (found == null) {
                lines.remove(line);
                passedOver.add(line);
            }
        }
        for (Line line : passedOver) {
            lines.add(line);
        }
        passedOver.clear();
        return found;
    }

    /** Takes a turn out. False if it does not wait. */
    boolean remove(LocalTurn turn) {
        for (Line line : turn.caller().lines()) {
            Place place = line.places.get(turn);
            if (place != null) {
                leave(place);
                return true;
            }
        }
        return false;
    }

    private void leave(Place place) {
        Line line = place.line;
        Caller caller = line.caller;
        line.places.remove(place.turn);
        dues.remove(place);
        size--;
        if (!line.places.isEmpty()) {
            line.firstNumber = line.places.firstEntry().getKey().number();
            lines.moved(line);
            return;
        }
        lines.remove(line);
        caller.lines().removeIf(each -> each == line);
        about -= caller.isAbsent() ? 1 : 0;
    }

    /** When the first of the waiting turns has waited long enough; {@link Long#MAX_VALUE} if none waits. */
    long firstDue() {
        Place first = dues.first();
        return first == null ? Long.MAX_VALUE : first.due;
    }

    /** Takes out the turns that have waited long enough, and hands them over, the first to be over first. */
    void expire(long now, Consumer<LocalTurn> sink) {
        for (Place place = dues.first(); place != null && now >= place.due; place = dues.first()) {
            leave(place);
            sink.accept(place.turn);
        }
    }

    /** Takes all out and hands them over. */
    void drain(Consumer<LocalTurn> sink) {
        for (Place place = dues.first(); place != null; place = dues.first()) {
            leave(place);
            sink.accept(place.turn);
        }
    }
}
