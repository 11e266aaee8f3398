package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class SequenceStateTest {
    private static final int SEQUENCE = 9;

    /** Three layers, of which the middle one is taken out. */
    private static final boolean[] MIDDLE = {false, true, false};

    /** Keys of 2 bytes a cell, values of 3 or, transposed, 3 elements of one byte; each byte names layer and cell. */
    private static byte[] state(boolean named, boolean transposed, int[] positions, int... layers) {
        ByteBuffer out = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
        if (named) {
            out.putInt(0x1234).putInt(SEQUENCE).putInt(1);
        }
        out.putInt(positions.length);
        for (int position : positions) {
            out.putInt(position).putInt(named ? 1 : 0);
            if (named) {
                out.putInt(SEQUENCE);
            }
        }
        out.putInt(transposed ? 1 : 0).putInt(layers.length);
        for (int layer : layers) {
            out.putInt(1).putLong(2);
            block(out, layer, 2 * positions.length);
        }
        for (int layer : layers) {
            out.putInt(1);
            if (transposed) {
                out.putInt(1).putInt(3);
            } else {
                out.putLong(3);
            }
            block(out, 16 + layer, 3 * positions.length);
        }
        return Arrays.copyOf(out.array(), out.position());
    }

    private static void block(ByteBuffer out, int value, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.put((byte) value);
        }
    }

    private static long take(byte[] bytes, boolean named, int from, int to) {
        return new SequenceState(MemorySegment.ofArray(bytes), named, MIDDLE).take(0, bytes.length, SEQUENCE, from, to);
    }

    @Test
    void take_eitherLine_leavesTheStateOfTheOtherLayers() {
        int[] positions = {4, 6, 5};
        for (boolean named : new boolean[] {false, true}) {
            for (boolean transposed : new boolean[] {false, true}) {
                byte[] bytes = state(named, transposed, positions, 0, 1, 2);
                long left = take(bytes, named, 4, 7);

                assertThat(Arrays.copyOf(bytes, (int) left))
                        .as("named %s, transposed %s", named, transposed)
                        .isEqualTo(state(named, transposed, positions, 0, 2));
            }
        }
    }

    @Test
    void take_nothingSkipped_leavesItAsItIs() {
        byte[] bytes = state(true, false, new int[] {0, 1}, 0, 1);
        byte[] before = bytes.clone();
        long left = new SequenceState(MemorySegment.ofArray(bytes), true, new boolean[2])
                .take(0, bytes.length, SEQUENCE, 0, 2);

        assertThat(left).isEqualTo(before.length);
        assertThat(bytes).isEqualTo(before);
    }

    @Test
    void take_missingPositions_saysSo() {
        assertThat(take(state(true, false, new int[] {4, 6}, 0, 1, 2), true, 4, 7))
                .isEqualTo(SequenceState.INCOMPLETE);
        assertThat(take(state(false, true, new int[] {}, 0, 1, 2), false, 4, 7)).isEqualTo(SequenceState.INCOMPLETE);
    }

    @Test
    void take_anySurprise_isUnknown() {
        int[] two = {4, 5};
        byte[] good = state(true, false, two, 0, 1, 2);
        for (int length = 0; length < good.length; length++) {
            assertThat(take(Arrays.copyOf(good, length), true, 4, 6))
                    .as("%d bytes", length)
                    .isNegative();
        }
        assertThat(take(Arrays.copyOf(good, good.length + 1), true, 4, 6)).isEqualTo(SequenceState.UNKNOWN);
        assertThat(take(state(true, false, two, 0, 1), true, 4, 6)).isEqualTo(SequenceState.UNKNOWN);
        assertThat(take(state(false, false, two, 0, 1, 2), true, 4, 6)).isEqualTo(SequenceState.UNKNOWN);
        assertThat(take(state(true, false, new int[] {4, 4}, 0, 1, 2), true, 4, 6))
                .isEqualTo(SequenceState.UNKNOWN);
        assertThat(take(state(true, false, new int[] {4, 9}, 0, 1, 2), true, 4, 6))
                .isEqualTo(SequenceState.UNKNOWN);
        assertThat(take(state(true, false, new int[] {4, 5, 6}, 0, 1, 2), true, 4, 6))
                .isEqualTo(SequenceState.UNKNOWN);
    }

    @Test
    void take_anyByteOfAHeadChanged_isNeverTakenForMoreThanThereIs() {
        byte[] good = state(true, true, new int[] {4, 5}, 0, 1, 2);
        for (int at = 0; at < good.length; at++) {
            for (int change : new int[] {1, 0x7f, 0x80}) {
                byte[] bytes = good.clone();
                bytes[at] ^= (byte) change;
                assertThat(take(bytes, true, 4, 6)).isLessThanOrEqualTo(good.length);
            }
        }
    }
}
