package io.aded.template.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes a template's values of plain Java ones. */
public final class Values {
    private Values() {}

    /**
     * What a caller gave: its texts, the names of its entries included, are marked as the caller's.
     *
     * @param plain null, a truth value, a number, a string, a list, or a map by names; nested at will
     * @throws IllegalArgumentException if it is or holds anything else
     */
    public static Value fromCaller(@Nullable Object plain) {
        return of(plain, true);
    }

    /** The same for what the host itself gives. */
    public static Value of(@Nullable Object plain) {
        return of(plain, false);
    }

    private static Value of(@Nullable Object plain, boolean caller) {
        return switch (plain) {
            case null -> Value.None.NONE;
            case Value value -> value;
            case Boolean bool -> Value.Bool.of(bool);
            case Integer integer -> new Value.Int(integer);
            case Long integer -> new Value.Int(integer);
            case BigInteger integer -> Value.integer(integer);
            case BigDecimal real -> new Value.Float(real.doubleValue());
            case Number real -> new Value.Float(real.doubleValue());
            case String text -> caller ? Text.fromCaller(text) : Text.of(text);
            case List<?> list -> {
                List<Value> items = new ArrayList<>(list.size());
                list.forEach(item -> items.add(of(item, caller)));
                yield new Value.ListValue(items);
            }
            case Map<?, ?> map -> {
                Value.Dict dict = Value.Dict.empty();
                map.forEach((name, value) -> dict.entries().put(of(String.valueOf(name), caller), of(value, caller)));
                yield dict;
            }
            default ->
                throw new IllegalArgumentException(
                        "a template cannot be given a " + plain.getClass().getName());
        };
    }
}
