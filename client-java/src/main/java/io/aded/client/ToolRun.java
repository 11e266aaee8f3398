package io.aded.client;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A question with functions that the model may call. The run asks, calls what the model wants called, tells it what
 * that gave, and so on until the model answers or {@link #rounds} are used up. A function that fails does not end the
 * run: the model is told. To be read once: {@link #run} waits for the end, the iterator shows what happens on the way.
 *
 * {@snippet :
 * for (ToolEvent event : client.chat("How warm is it in Rome?").tools(weather).rounds(4)) {
 *     if (event instanceof ToolEvent.Said said && said.event() instanceof AnswerEvent.Delta delta) {
 *         System.out.print(delta.text());
 *     }
 * }
 * }
 *
 * <p>Functions run in the reading thread, one after the other, unless there is an {@link #executor}. Whoever leaves the
 * loop early {@linkplain #close closes}. Only {@link #cancel} and {@link #close} may be called by other threads.
 */
public final class ToolRun implements Iterable<ToolEvent>, AutoCloseable {
    /** What the rounds are turns of. */
    interface Talk extends AutoCloseable {
        AnswerStream ask(Prompt prompt);

        @Override
        void close();
    }

    /** Rounds unless said otherwise. */
    public static final int DEFAULT_ROUNDS = 8;

    private final Object lock = new Object();
    private final Chat.Asked asked;
    private final Prompt prompt;
    private final AnswerOptions options;
    private final List<ToolFunction> functions;
    private int rounds = DEFAULT_ROUNDS;
    private @Nullable Executor executor;
    private @Nullable Reader reader;
    private @Nullable AnswerStream running;
    private List<Future<ToolOutcome>> calls = List.of();
    private boolean cancelled;

    ToolRun(Chat.Asked asked, Prompt prompt, AnswerOptions options, List<ToolFunction> functions) {
        this.asked = asked;
        this.prompt = prompt;
        this.options = options;
        this.functions = functions;
        if (functions.stream().map(each -> each.tool().name()).distinct().count() < functions.size()) {
            throw new IllegalArgumentException("two tools have one name");
        }
    }

    /**
     * How often the model is asked at most, 1 or more; {@value #DEFAULT_ROUNDS} unless said otherwise. The answer of
     * the last round is the answer, even if it wants calls.
     */
    public ToolRun rounds(int most) {
        if (most < 1) {
            throw new IllegalArgumentException("rounds is " + most + "; allowed: 1 or more");
        }
        rounds = most;
        return this;
    }

    /** Where functions run. The calls that one answer wants then run side by side. */
    public ToolRun executor(Executor threads) {
        executor = threads;
        return this;
    }

    /**
     * Runs it to its end.
     *
     * @throws AdedClientException if an answer fails; {@link AdedClientException.Cancelled} if the thread is
     * interrupted
     */
    public ToolAnswer run() {
        Reader reading = read();
        try {
            reading.forEachRemaining(event -> {});
            return reading.result();
        } finally {
            close();
        }
    }

    /**
     * Runs it event by event; {@code hasNext} blocks until there is one or the run is over. The last event is the
     * {@link AnswerEvent.Finished} of the last round.
     *
     * @throws IllegalStateException if it was read before
     */
    @Override
    public Iterator<ToolEvent> iterator() {
        return read();
    }

    private Reader read() {
        synchronized (lock) {
            if (reader != null) {
                throw new IllegalStateException("this run was read already; ask again for another");
            }
            reader = new Reader();
            return reader;
        }
    }

    /**
     * Ends it early. An answer that grows ends with {@link FinishReason#CANCELLED}, which is then the run's. Functions
     * that run are interrupted if they have an {@link #executor}, no more are called, and the run ends with {@link
     * AdedClientException.Cancelled}.
     */
    public void cancel() {
        AnswerStream answering;
        List<Future<ToolOutcome>> working;
        synchronized (lock) {
            cancelled = true;
            answering = running;
            working = calls;
        }
        if (answering != null) {
            answering.cancel();
        }
        stop(working);
    }

    /** Without threads of its own a function runs in the reading one, which nobody asked to interrupt. */
    private void stop(List<Future<ToolOutcome>> working) {
        working.forEach(call -> call.cancel(executor != null));
    }

    /** Ends it if it is not over, and gives back what it holds. */
    @Override
    public void close() {
        Reader open;
        AnswerStream answering;
        List<Future<ToolOutcome>> working;
        synchronized (lock) {
            cancelled = true;
            open = reader;
            answering = running;
            working = calls;
        }
        stop(working);
        if (answering != null) {
            answering.close();
        }
        if (open != null) {
            open.end();
        }
    }

    private boolean isCancelled() {
        synchronized (lock) {
            return cancelled;
        }
    }

    private @Nullable ToolFunction function(String name) {
        return functions.stream()
                .filter(each -> each.tool().name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private ToolOutcome carryOut(Message.ToolCall call) throws InterruptedException {
        ToolFunction function = function(call.name());
        if (function == null) {
            String known = functions.stream().map(each -> each.tool().name()).collect(Collectors.joining(", "));
            return new ToolOutcome(call, "there is no tool \"" + call.name() + "\"; there are " + known, true);
        }
        return function.carryOut(call);
    }

    /** Does the work, in the thread that reads: an answer at a time, then its calls. */
    private final class Reader implements Iterator<ToolEvent> {
        private final Deque<ToolEvent> ready = new ArrayDeque<>();
        private final Deque<Message.ToolCall> waiting = new ArrayDeque<>();
        private final Deque<Future<ToolOutcome>> begun = new ArrayDeque<>();
        private final List<ToolOutcome> outcomes = new ArrayList<>();
        private final List<ToolOutcome> ofRound = new ArrayList<>();
        private @Nullable Talk talk;
        private @Nullable Iterator<AnswerEvent> events;
        private @Nullable Answer answer;
        private AnswerStream.Collector collector = new AnswerStream.Collector();
        private int round;
        private volatile boolean over;

        @Override
        public boolean hasNext() {
            while (ready.isEmpty() && !over) {
                try {
                    step();
                } catch (RuntimeException | Error failed) {
                    end();
                    throw failed;
                }
            }
            return !ready.isEmpty();
        }

        @Override
        public ToolEvent next() {
            if (!hasNext()) {
                throw new NoSuchElementException("the run is over");
            }
            return ready.remove();
        }

        ToolAnswer result() {
            if (answer == null) {
                throw new AdedClientException.Cancelled(Failures.CANCELLED, "the run was cancelled", null);
            }
            return new ToolAnswer(answer, outcomes);
        }

        void end() {
            Talk held;
            synchronized (lock) {
                over = true;
                held = talk;
                talk = null;
                running = null;
            }
            if (held != null) {
                held.close();
            }
        }

        /** Until there is another event, or the end. */
        private void step() {
            if (events != null) {
                listen(events);
            } else if (!begun.isEmpty() || !waiting.isEmpty()) {
                work();
            } else {
                ask();
            }
        }

        private void ask() {
            Prompt next = round == 0 ? prompt : results();
            if (round == 0) {
                List<Tool> tools = functions.stream().map(ToolFunction::tool).toList();
                talk = asked.talk(options, tools);
            }
            if (talk == null || isCancelled()) {
                end();
                throw new AdedClientException.Cancelled(Failures.CANCELLED, "the run was cancelled", null);
            }
            round++;
            ofRound.clear();
            collector = new AnswerStream.Collector();
            AnswerStream asking = talk.ask(next);
            boolean late;
            synchronized (lock) {
                running = asking;
                late = cancelled;
            }
            if (late) {
                asking.cancel();
            }
            events = asking.iterator();
        }

        private Prompt results() {
            return new Prompt.Messages(List.of(new Message(
                    "tool",
                    ofRound.stream().<Message.Part>map(ToolOutcome::told).toList())));
        }

        private void listen(Iterator<AnswerEvent> growing) {
            AnswerEvent event = growing.next();
            collector.onEvent(event);
            ready.add(new ToolEvent.Said(round, event));
            if (event instanceof AnswerEvent.Finished finished) {
                answer = collector.whole(finished);
                events = null;
                synchronized (lock) {
                    running = null;
                }
                boolean more = finished.reason() == FinishReason.TOOL_CALLS && round < rounds && !isCancelled();
                if (more && !answer.toolCalls().isEmpty()) {
                    waiting.addAll(answer.toolCalls());
                } else {
                    end();
                }
            }
        }

        /** The calls of an answer: all at once where there are threads for it, else one by one. */
        private void work() {
            if (begun.isEmpty()) {
                List<Message.ToolCall> now = executor == null ? List.of(waiting.remove()) : List.copyOf(waiting);
                if (executor != null) {
                    waiting.clear();
                }
                begin(now);
                return;
            }
            ToolOutcome outcome = outcome(begun.remove());
            ofRound.add(outcome);
            outcomes.add(outcome);
            ready.add(new ToolEvent.Called(outcome));
        }

        private void begin(List<Message.ToolCall> now) {
            List<FutureTask<ToolOutcome>> tasks = new ArrayList<>();
            for (Message.ToolCall call : now) {
                ready.add(new ToolEvent.Calling(call));
                tasks.add(new FutureTask<>(() -> carryOut(call)));
            }
            begun.addAll(tasks);
            synchronized (lock) {
                calls = List.copyOf(tasks);
            }
            if (executor != null) {
                tasks.forEach(executor::execute);
            }
        }

        private ToolOutcome outcome(Future<ToolOutcome> call) {
            if (isCancelled()) {
                call.cancel(executor != null);
            }
            if (executor == null && call instanceof FutureTask<ToolOutcome> own) {
                own.run();
            }
            try {
                return call.get();
            } catch (InterruptedException interrupted) {
                ToolRun.this.cancel();
                Thread.currentThread().interrupt();
                throw new AdedClientException.Cancelled(
                        Failures.CANCELLED, "interrupted while a tool was at work", interrupted);
            } catch (CancellationException cancelled) {
                throw new AdedClientException.Cancelled(Failures.CANCELLED, "the run was cancelled", null);
            } catch (ExecutionException failed) {
                Throwable cause = failed.getCause();
                if (cause instanceof Error error) {
                    throw error;
                }
                if (cause instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                throw new AdedClientException.Cancelled(
                        Failures.CANCELLED, "interrupted while a tool was at work", cause);
            }
        }
    }
}
