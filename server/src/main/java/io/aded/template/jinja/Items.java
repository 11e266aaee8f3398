package io.aded.template.jinja;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Values one after the other, each made only when it is asked for. */
@FunctionalInterface
interface Items {

    /** The next one, or null after the last. */
    @Nullable
    Value next();

    /** Those of a collection. */
    static Items of(Iterable<Value> values) {
        Iterator<Value> iterator = values.iterator();
        return () -> iterator.hasNext() ? iterator.next() : null;
    }
}
