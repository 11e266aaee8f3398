package io.aded.llama.abi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class CStructTest {
    /** char at 0, three bytes of padding, int at 4, pointer at 8, char at 16, seven bytes of padding. */
    private static final CStruct MIXED = CStruct.of(
            "mixed",
            24,
            CStruct.bool("first", true),
            CStruct.int32("second", 7),
            CStruct.pointer("third"),
            CStruct.bool("last"));

    @Test
    void of_fieldsOfManySizes_standWhereACompilerPutsThem() {
        assertThat(MIXED.offset("first")).isZero();
        assertThat(MIXED.offset("second")).isEqualTo(4);
        assertThat(MIXED.offset("third")).isEqualTo(8);
        assertThat(MIXED.offset("last")).isEqualTo(16);
        assertThat(MIXED.size()).isEqualTo(24);
        assertThatThrownBy(() -> MIXED.offset("none")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void of_sizeThatTheFieldsDoNotAddUpTo_isAMistake() {
        assertThatThrownBy(() -> CStruct.of("wrong", 8, CStruct.int32("only")))
                .isInstanceOf(AssertionError.class)
                .hasMessage("wrong takes 4 bytes by its fields, not 8");
    }

    @Test
    void mismatches_knownDefaults_areComparedAndUnknownOnesAreNot() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment defaults = arena.allocate(CStruct.ROOM);
            defaults.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
            defaults.set(ValueLayout.JAVA_INT, 4, 7);
            defaults.set(ValueLayout.JAVA_LONG, 8, 99);
            assertThat(MIXED.mismatches(defaults)).isEmpty();
            defaults.set(ValueLayout.JAVA_INT, 4, 8);
            defaults.set(ValueLayout.JAVA_BYTE, 30, (byte) 1);
            assertThat(MIXED.mismatches(defaults))
                    .containsExactly("mixed.second is 8, expected 7", "mixed has more than 24 bytes");
        }
    }

    @Test
    void set_byName_writesTheFieldAndNothingElse() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(24, 8);
            CStruct.Value value =
                    MIXED.at(memory).set("second", 5).set("last", true).set("third", 6L);
            assertThat(value.segment().byteSize()).isEqualTo(24);
            assertThat(memory.get(ValueLayout.JAVA_INT, 4)).isEqualTo(5);
            assertThat(memory.get(ValueLayout.JAVA_LONG, 8)).isEqualTo(6);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 16)).isEqualTo((byte) 1);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isZero();
            assertThatThrownBy(() -> value.set("second", true)).isInstanceOf(ClassCastException.class);
        }
    }
}
