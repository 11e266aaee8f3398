package io.aded.grammar;

import java.util.Arrays;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A set of code points, as ranges that neither overlap nor touch. */
final class CharacterSet {
    /** First code point to last, both inclusive. */
    private final TreeMap<Integer, Integer> ranges = new TreeMap<>();

    /** Adds the code points from {@code first} to {@code last}, both inclusive. */
    CharacterSet add(int first, int last) {
        int from = first;
        int to = last;
        for (var near = ranges.floorEntry(to + 1); near != null && near.getValue() >= from - 1; ) {
            from = Math.min(from, near.getKey());
            to = Math.max(to, near.getValue());
            ranges.remove(near.getKey());
            near = ranges.floorEntry(to + 1);
        }
        ranges.put(from, to);
        return this;
    }

    /** Adds all of another set's. */
    CharacterSet addAll(CharacterSet other) {
        other.ranges.forEach(this::add);
        return this;
    }

    /** All code points that are not in it. */
    CharacterSet complement() {
        CharacterSet others = new CharacterSet();
        int from = 0;
        for (var range : ranges.entrySet()) {
            if (range.getKey() > from) {
                others.ranges.put(from, range.getKey() - 1);
            }
            from = range.getValue() + 1;
        }
        if (from <= Character.MAX_CODE_POINT) {
            others.ranges.put(from, Character.MAX_CODE_POINT);
        }
        return others;
    }

    /** All code points. */
    static CharacterSet all() {
        return new CharacterSet().add(0, Character.MAX_CODE_POINT);
    }

    boolean contains(int c) {
        var near = ranges.floorEntry(c);
        return near != null && near.getValue() >= c;
    }

    /** The only character that is in it, or -1. */
    int only() {
        return ranges.size() == 1 && ranges.firstEntry().getValue().equals(ranges.firstKey()) ? ranges.firstKey() : -1;
    }

    /** How many ranges it has. */
    int size() {
        return ranges.size();
    }

    boolean isEmpty() {
        return ranges.isEmpty();
    }

    /** Rising pairs of first and last, as {@link Pattern.Characters} takes them. */
    int[] ranges() {
        int[] pairs = new int[2 * ranges.size()];
        int at = 0;
        for (var range : ranges.entrySet()) {
            pairs[at++] = range.getKey();
            pairs[at++] = range.getValue();
        }
        return pairs;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof CharacterSet set && set.ranges.equals(ranges);
    }

    @Override
    public int hashCode() {
        return ranges.hashCode();
    }

    @Override
    public String toString() {
        return Arrays.toString(ranges());
    }
}
