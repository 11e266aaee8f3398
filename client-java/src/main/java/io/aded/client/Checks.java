package io.aded.client;

import java.time.Duration;

/** What the client itself checks, because the server never sees it. */
final class Checks {
    private Checks() {}

    static Duration positive(Duration duration, String what) {
        if (duration.isNegative() || duration.isZero()) {
            throw new IllegalArgumentException(what + " is " + duration + "; it must be longer than zero");
        }
        return duration;
    }
}
