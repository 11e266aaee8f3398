package io.aded.llama.abi;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A C struct as its header declares it: types and names in order. Offsets are derived by C's rule (each field at the
 * next multiple of its own size, the whole a multiple of the largest), and checked against the size that the struct is
 * known to have. Fields may carry the value that the library's own default has.
 */
public final class CStruct {
    /** Larger than any of the structs, for fetching defaults from a library whose line is not certain yet. */
    public static final StructLayout ROOM =
            MemoryLayout.structLayout(MemoryLayout.sequenceLayout(32, ValueLayout.JAVA_LONG));

    /** The null pointer as an expected default. */
    static final long NULL = 0;

    private final String name;
    private final List<Field> fields;
    private final StructLayout layout;

    private CStruct(String name, List<Field> fields, StructLayout layout) {
        this.name = name;
        this.fields = fields;
        this.layout = layout;
    }

    /**
     * A field.
     *
     * @param layout its C type
     * @param name as in the header
     * @param known the default that the library has, or null if it depends on the build or says nothing
     */
    record Field(ValueLayout layout, String name, @Nullable Object known) {}

    /** {@code int32_t}, {@code uint32_t} or an enumeration. */
    static Field int32(String name, int known) {
        return new Field(ValueLayout.JAVA_INT, name, known);
    }

    /** The same, with a default that is not known. */
    static Field int32(String name) {
        return new Field(ValueLayout.JAVA_INT, name, null);
    }

    /** {@code float}. */
    static Field float32(String name, float known) {
        return new Field(ValueLayout.JAVA_FLOAT, name, known);
    }

    /** The same, with a default that is not known. */
    static Field float32(String name) {
        return new Field(ValueLayout.JAVA_FLOAT, name, null);
    }

    /** {@code bool}; llama.cpp's headers keep them together. */
    static Field bool(String name, boolean known) {
        return new Field(ValueLayout.JAVA_BYTE, name, (byte) (known ? 1 : 0));
    }

    /** The same, with a default that is not known. */
    static Field bool(String name) {
        return new Field(ValueLayout.JAVA_BYTE, name, null);
    }

    /** A pointer to data or a function, or {@code size_t}. */
    static Field pointer(String name, long known) {
        return new Field(ValueLayout.JAVA_LONG, name, known);
    }

    /** The same, with a default that is not known. */
    static Field pointer(String name) {
        return new Field(ValueLayout.JAVA_LONG, name, null);
    }

    /**
     * A struct.
     *
     * @param name as in the header
     * @param size what {@code sizeof} gives; another one than the fields add up to is a mistake of ours
     */
    static CStruct of(String name, long size, Field... fields) {
        List<MemoryLayout> parts = new ArrayList<>();
        long at = 0;
        long alignment = 1;
        for (Field field : fields) {
            at = pad(parts, at, field.layout().byteAlignment());
            parts.add(field.layout().withName(field.name()));
            at += field.layout().byteSize();
            alignment = Math.max(alignment, field.layout().byteAlignment());
        }
        at = pad(parts, at, alignment);
        if (at != size) {
            throw new AssertionError(name + " takes " + at + " bytes by its fields, not " + size);
        }
        return new CStruct(
                name,
                List.of(fields),
                MemoryLayout.structLayout(parts.toArray(MemoryLayout[]::new)).withName(name));
    }

    private static long pad(List<MemoryLayout> parts, long at, long alignment) {
        long padding = (alignment - at % alignment) % alignment;
        if (padding != 0) {
            parts.add(MemoryLayout.paddingLayout(padding));
        }
        return at + padding;
    }

    /** How it is passed by value. */
    public StructLayout layout() {
        return layout;
    }

    /** What {@code sizeof} gives. */
    public long size() {
        return layout.byteSize();
    }

    /** Where a field stands, in bytes; an {@link IllegalArgumentException} if there is none of that name. */
    public long offset(String field) {
        return layout.byteOffset(PathElement.groupElement(field));
    }

    /** A struct that stands at the beginning of a segment. */
    public Value at(MemorySegment segment) {
        return new Value(this, segment.asSlice(0, size()));
    }

    /**
     * Compares a library's defaults with those that are known.
     *
     * @param defaults a segment of {@link #ROOM}, zero where the library wrote nothing
     * @return what differs, empty if nothing does
     */
    public List<String> mismatches(MemorySegment defaults) {
        List<String> found = new ArrayList<>();
        for (Field field : fields) {
            Object known = field.known();
            if (known == null) {
                continue;
            }
            long at = offset(field.name());
            Object actual = switch (field.layout()) {
                case ValueLayout.OfInt type -> defaults.get(type, at);
                case ValueLayout.OfFloat type -> defaults.get(type, at);
                case ValueLayout.OfByte type -> defaults.get(type, at);
                case ValueLayout.OfLong type -> defaults.get(type, at);
                default -> throw new AssertionError(field);
            };
            if (!known.equals(actual)) {
                found.add(name + "." + field.name() + " is " + actual + ", expected " + known);
            }
        }
        for (long at = size(); at < defaults.byteSize(); at++) {
            if (defaults.get(ValueLayout.JAVA_BYTE, at) != 0) {
                found.add(name + " has more than " + size() + " bytes");
                break;
            }
        }
        return found;
    }

    @Override
    public String toString() {
        return name;
    }

    /**
     * A struct in memory, whose fields are set by their names. For what is set once; hot paths take {@link #offset}.
     *
     * @param struct how it is laid out
     * @param segment its bytes, all of them and no more
     */
    public record Value(CStruct struct, MemorySegment segment) {
        /** Sets an integer or an enumeration. */
        public Value set(String field, int value) {
            segment.set((ValueLayout.OfInt) type(field), struct.offset(field), value);
            return this;
        }

        /** Sets a number. */
        public Value set(String field, float value) {
            segment.set((ValueLayout.OfFloat) type(field), struct.offset(field), value);
            return this;
        }

        /** Sets a pointer or a size. */
        public Value set(String field, long value) {
            segment.set((ValueLayout.OfLong) type(field), struct.offset(field), value);
            return this;
        }

        /** Sets a truth value. */
        public Value set(String field, boolean value) {
            segment.set((ValueLayout.OfByte) type(field), struct.offset(field), (byte) (value ? 1 : 0));
            return this;
        }

        private MemoryLayout type(String field) {
            return struct.layout.select(PathElement.groupElement(field));
        }
    }
}
