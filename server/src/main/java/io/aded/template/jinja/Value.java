package io.aded.template.jinja;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a template computes with: Python's values, as far as a template can meet them.
 *
 * <p>Lists and dictionaries cannot be changed by a template, as in transformers' sandbox; only a {@link Namespace} can.
 */
public sealed interface Value
        permits Text,
                Value.None,
                Value.Bool,
                Value.Int,
                Value.Large,
                Value.Float,
                Value.ListValue,
                Value.Tuple,
                Value.Dict,
                Value.Range,
                Value.View,
                Value.Generator,
                Value.Undefined,
                Value.Namespace,
                Value.Callable,
                Value.Instance {

    /** Python's {@code None}. */
    enum None implements Value {
        NONE
    }

    /** A truth value. */
    record Bool(boolean value) implements Value {
        static final Bool TRUE = new Bool(true);
        static final Bool FALSE = new Bool(false);

        static Bool of(boolean value) {
            return value ? TRUE : FALSE;
        }
    }

    /** An integer of 64 bits. Python's have no bound; to compute one that is larger ends the rendering. */
    record Int(long value) implements Value {}

    /** A larger integer, which can be compared for equality and printed. */
    record Large(BigInteger value) implements Value {}

    /** An integer of any size. */
    static Value integer(BigInteger value) {
        return value.bitLength() < Long.SIZE ? new Int(value.longValue()) : new Large(value);
    }

    /** A floating-point number. */
    record Float(double value) implements Value {}

    /** A list. */
    record ListValue(List<Value> items) implements Value {}

    /** A tuple. */
    record Tuple(List<Value> items) implements Value {}

    /** A dictionary, in the order of insertion. */
    record Dict(Map<Value, Value> entries) implements Value {
        static Dict empty() {
            return new Dict(new LinkedHashMap<>());
        }
    }

    /** What {@code range(…)} gives. */
    record Range(long start, long stop, long step) implements Value {
        int size() {
            long span = step > 0 ? stop - start : start - stop;
            long stride = Math.abs(step);
            return (int) Math.max(0, (span + stride - 1) / stride);
        }

        Int at(int index) {
            return new Int(start + index * step);
        }
    }

    /** A view of a dictionary: what {@code keys()}, {@code values()} and {@code items()} give. */
    record View(String name, List<Value> items) implements Value {}

    /** A sequence that can be walked once and not be measured, such as what {@code map} gives. */
    record Generator(Items items) implements Value {}

    /**
     * Something that is not there. It prints as nothing and is false; anything else done with it fails.
     *
     * @param complaint what to say then
     */
    record Undefined(String complaint) implements Value {
        static Undefined variable(String name) {
            return new Undefined("'" + name + "' is undefined");
        }
    }

    /** What {@code namespace(…)} gives: the one thing that a template can change. */
    record Namespace(Map<String, Value> attributes) implements Value {}

    /** Something that can be called. */
    non-sealed interface Callable extends Value {
        /** Its name, for messages. */
        String name();

        /** Calls it. */
        Value call(Arguments arguments, Meter meter);

        /** Python's {@code x.name} on it, or null if there is none. */
        default @Nullable Value attribute(String attribute) {
            return null;
        }
    }

    /** An object of the interpreter's own with attributes, such as {@code loop}. */
    non-sealed interface Instance extends Value {
        /** The attribute, or null if there is none. */
        @Nullable
        Value attribute(String attribute);
    }
}
