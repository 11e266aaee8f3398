package io.aded.serving;

import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import java.util.ArrayList;
import java.util.List;

/** Collects everything that is wrong with a request, so that a caller hears of it at once. */
final class Violations {
    /** Beyond this many the message is long enough. */
    private static final int MOST = 64;

    private final List<FieldViolation> found = new ArrayList<>();
    private int leftOut;

    void add(String field, String description) {
        if (found.size() < MOST) {
            found.add(new FieldViolation(field, description));
        } else {
            leftOut++;
        }
    }

    void addAll(List<FieldViolation> more) {
        more.forEach(violation -> add(violation.field(), violation.description()));
    }

    void within(String field, long value, long least, long most) {
        if (value < least || value > most) {
            add(field, "is " + value + "; allowed: " + least + " to " + most);
        }
    }

    /** Throws if anything was found. */
    void check() {
        if (!found.isEmpty()) {
            throw new AdedException.InvalidRequest(found, leftOut);
        }
    }
}
