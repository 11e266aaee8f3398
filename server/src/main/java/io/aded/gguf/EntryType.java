package io.aded.gguf;

/** The types of values in a GGUF header, by their numbers in the format. */
final class EntryType {
    static final int UINT8 = 0;
    static final int INT8 = 1;
    static final int UINT16 = 2;
    static final int INT16 = 3;
    static final int UINT32 = 4;
    static final int INT32 = 5;
    static final int FLOAT32 = 6;
    static final int BOOL = 7;
    static final int STRING = 8;
    static final int ARRAY = 9;
    static final int UINT64 = 10;
    static final int INT64 = 11;
    static final int FLOAT64 = 12;

    private static final int[] WIDTHS = {1, 1, 2, 2, 4, 4, 4, 1, -1, -1, 8, 8, 8};
    private static final String[] NAMES = {
        "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array", "u64", "i64", "f64"
    };

    private EntryType() {}

    /** Whether there is a type of this number. */
    static boolean exists(int type) {
        return type >= 0 && type < WIDTHS.length;
    }

    /** Bytes of a value; -1 for strings and arrays, which have lengths of their own. */
    static int width(int type) {
        return WIDTHS[type];
    }

    /** What messages and listings call it, such as {@code u32}. */
    static String name(int type) {
        return NAMES[type];
    }
}
