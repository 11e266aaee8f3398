package io.aded.client;

import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * When a call that failed before its first event is tried again: after {@link AdedClientException.Unavailable}, and
 * after {@link AdedClientException.ResourceExhausted} for a reason that passes, such as {@code QUEUE_FULL}. Never once
 * a part of the answer has come. It holds for single answers, for the opening of conversations, for their turns
 * if the conversation can be had as it was ({@link Conversation}), and for unary calls.
 *
 * @param attempts the first one included, 1 or more
 * @param initial the pause before the second attempt; doubles each time, give or take a fifth
 * @param longest no pause is longer, unless the server asks for more
 */
public record RetryPolicy(int attempts, Duration initial, Duration longest) {
    /** Four attempts within a second. */
    public static final RetryPolicy DEFAULT = new RetryPolicy(4, Duration.ofMillis(100), Duration.ofSeconds(5));

    /** Tries nothing again. */
    public static final RetryPolicy NONE = new RetryPolicy(1, Duration.ofMillis(100), Duration.ofSeconds(5));

    private static final Set<String> PASSING =
            Set.of("QUEUE_FULL", "QUEUE_WAIT", "PREPARATION_QUEUE_FULL", "MEMORY_BUSY", "INBOUND_BYTES");

    /** Refuses what makes no sense. */
    public RetryPolicy {
        if (attempts < 1) {
            throw new IllegalArgumentException("attempts is " + attempts + "; allowed: 1 or more");
        }
        Checks.positive(initial, "initial");
        Checks.positive(longest, "longest");
    }

    /** This policy with another number of attempts. */
    public RetryPolicy withAttempts(int number) {
        return new RetryPolicy(number, initial, longest);
    }

    /**
     * The pause after an attempt; empty if there is to be no other.
     *
     * @param attempt from 1
     * @param left until the time limit, null without one
     */
    Optional<Duration> pause(int attempt, AdedClientException failure, @Nullable Duration left) {
        if (attempt >= attempts || !passes(failure)) {
            return Optional.empty();
        }
        double doubled = initial.toNanos() * Math.pow(2, Math.min(attempt - 1, 40));
        double chance = ThreadLocalRandom.current().nextDouble(0.8, 1.2);
        Duration pause = Duration.ofNanos((long) (Math.min(doubled, longest.toNanos()) * chance));
        Duration asked = failure.retryAfter().orElse(Duration.ZERO);
        pause = pause.compareTo(asked) < 0 ? asked : pause;
        return left != null && pause.compareTo(left) >= 0 ? Optional.empty() : Optional.of(pause);
    }

    private static boolean passes(AdedClientException failure) {
        return failure instanceof AdedClientException.Unavailable
                || (failure instanceof AdedClientException.ResourceExhausted && PASSING.contains(failure.reason()));
    }
}
