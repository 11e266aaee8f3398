package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Flow;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The protocol between an answer's source and its reader, in many orders of execution, chosen by Lincheck.
 * {@code -Daded.interleavings=100} tries a hundred scenarios.
 *
 * <p>{@link Conversation} needs no such test of its own: every field of it is read and written under one lock, and what
 * it does outside is an {@code AnswerStream}'s. {@link AdedClient} and the records are immutable.
 */
@Tag("interleavings")
class AnswerStreamInterleavingsTest {
    private static final int SCENARIOS = Integer.getInteger("aded.interleavings", 4);

    @Test
    void answer_deliveredRequestedAndClosedByTwoThreads_keepsTheRulesOfFlow() {
        new ModelCheckingOptions()
                .iterations(SCENARIOS)
                .invocationsPerIteration(SCENARIOS > 20 ? 2_000 : 150)
                .threads(2)
                .actorsPerThread(3)
                .check(Spec.class);
    }

    @Test
    void subscriber_enteredAfterItsEnd_complains() {
        var strict = new StrictSubscriber();
        strict.onComplete();
        assertThat(strict.ends).isEqualTo(1);
        try {
            strict.onNext(DELTA);
        } catch (AssertionError expected) {
            return;
        }
        throw new AssertionError("the check checks nothing");
    }

    private static final AnswerEvent DELTA = new AnswerEvent.Delta("x", List.of(1), List.of());

    /** Insists: one signal at a time, no more events than were requested, nothing after the end. */
    private static final class StrictSubscriber implements Flow.Subscriber<AnswerEvent> {
        private Flow.Subscription subscription;
        private boolean entered;
        private int requested;
        private int ends;

        private void signal(boolean end) {
            if (entered) {
                throw new AssertionError("entered while another thread was in it");
            }
            if (ends > 0) {
                throw new AssertionError("signalled after the end");
            }
            entered = true;
            ends += end ? 1 : 0;
            entered = false;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
        }

        @Override
        public void onNext(AnswerEvent event) {
            signal(false);
        }

        @Override
        public void onError(Throwable thrown) {
            signal(true);
        }

        @Override
        public void onComplete() {
            signal(true);
        }
    }

    /** A source that delivers what was asked for when the scenario says so, and a reader that may go at any time. */
    public static class Spec {
        private final Wire wire = new Wire();
        private final AnswerStream answer = new AnswerStream(wire);
        private final StrictSubscriber reader = new StrictSubscriber();

        public Spec() {
            answer.publisher().subscribe(reader);
        }

        @Operation(nonParallelGroup = "reader")
        public void request() {
            reader.subscription.request(1);
        }

        @Operation(nonParallelGroup = "source")
        public boolean deliver() {
            boolean wanted = wire.take();
            if (wanted) {
                answer.deliver(DELTA);
            }
            return wanted;
        }

        @Operation
        public void fail() {
            answer.fail(new AdedClientException.Unavailable("GONE", "gone", null));
        }

        @Operation(nonParallelGroup = "reader")
        public void close() {
            answer.close();
        }
    }

    /** Counts what is asked for; more than one at once is against the contract. */
    private static final class Wire implements AnswerStream.Source {
        private int asked;

        synchronized boolean take() {
            boolean wanted = asked > 0;
            asked = 0;
            return wanted;
        }

        @Override
        public synchronized void pull(long demand) {
            if (++asked > 1) {
                throw new AssertionError("asked for two events at once");
            }
        }

        @Override
        public void stop() {}

        @Override
        public void abandon() {}
    }
}
