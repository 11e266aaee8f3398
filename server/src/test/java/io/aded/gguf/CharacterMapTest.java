package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.llama.TinyModels;
import io.aded.model.AdedException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables of a unigram tokeniser that lead out of themselves: llama.cpp throws when a text gets there. */
class CharacterMapTest {
    private static final int VALUE_AT = 128;

    @TempDir
    Path directory;

    /** One in which {@code a} is replaced. */
    private static ByteBuffer replacing(int nodes, int value, String replacements) {
        byte[] texts = replacements.getBytes(StandardCharsets.UTF_8);
        ByteBuffer map = ByteBuffer.allocate(4 + 4 * nodes + texts.length).order(ByteOrder.LITTLE_ENDIAN);
        map.putInt(0, 4 * nodes);
        // Label, "ends here", and the base by which the place of the value is found.
        map.putInt(4 + 4 * 'a', 'a' | 1 << 8 | ('a' ^ VALUE_AT) << 10);
        map.putInt(4 + 4 * VALUE_AT, value);
        map.put(4 + 4 * nodes, texts);
        return map;
    }

    @Test
    void problem_soundMaps_none() {
        assertThat(CharacterMap.problem(ByteBuffer.allocate(0))).isNull();
        assertThat(CharacterMap.problem(replacing(256, 0, "b\0"))).isNull();
        assertThat(CharacterMap.problem(replacing(256, 2, "b\0c\0"))).isNull();
    }

    @Test
    void problem_whatLeadsOut_isFoundBeforeAnyTextGetsThere() {
        assertThat(CharacterMap.problem(replacing(256, 3, "b\0"))).isEqualTo("leads out of itself");
        assertThat(CharacterMap.problem(replacing(200, 0, "b\0"))).isEqualTo("leads out of itself");
        assertThat(CharacterMap.problem(replacing(256, 0, "b".repeat(257) + "\0")))
                .isEqualTo("leads out of itself");
        ByteBuffer far = replacing(256, 0, "b\0");
        far.putInt(4 + 4 * 'a', 'a' | 1 << 9 | 1 << 20);
        assertThat(CharacterMap.problem(far)).isEqualTo("leads out of itself");
    }

    @Test
    void problem_whatIsCutShort_isSaid() {
        for (int length = 1; length < 4; length++) {
            assertThat(CharacterMap.problem(ByteBuffer.allocate(length))).isEqualTo("is cut short");
        }
        assertThat(CharacterMap.problem(replacing(256, 0, "b"))).isEqualTo("is cut short");
        assertThat(CharacterMap.problem(replacing(256, 0, ""))).isEqualTo("is cut short");
        ByteBuffer lying = replacing(256, 0, "b\0");
        for (int bytes : new int[] {-4, 1 << 20, 1023, 1028}) {
            lying.putInt(0, bytes);
            assertThat(CharacterMap.problem(lying)).as("%d bytes", bytes).isEqualTo("is cut short");
        }
        assertThat(CharacterMap.problem(ByteBuffer.allocate((4 << 20) + 1))).contains("allowed: up to 4194304");
    }

    @Test
    void read_fileWithABadMap_isRefused() throws Exception {
        byte[] map = replacing(256, 3, "b\0").array();
        refused(0, map.length, map, "precompiled_charsmap leads out of itself");
    }

    @Test
    void read_mapThatIsNoArrayOfBytes_isRefused() throws Exception {
        // The elements make a sound map; the bytes do not.
        byte[] map = replacing(256, 0, "b\0").array();
        byte[] wide = new byte[4 * map.length];
        for (int i = 0; i < map.length; i++) {
            wide[4 * i] = map[i];
        }
        refused(2, 2 * map.length, wide, "precompiled_charsmap is no array of bytes");
        refused(4, map.length, wide, "precompiled_charsmap is no array of bytes");
        refused(7, map.length, map, "precompiled_charsmap is no array of bytes");
    }

    private void refused(int type, int count, byte[] elements, String why) throws Exception {
        byte[] array = ByteBuffer.allocate(12 + elements.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putLong(count)
                .put(elements)
                .array();
        byte[] file = EditableGguf.parse(Files.readAllBytes(TinyModels.f32(directory)))
                .set(CharacterMap.KEY, EditableGguf.ARRAY, array)
                .toBytes();
        Path path = Files.write(directory.resolve("map.gguf"), file);

        assertThatThrownBy(() -> GgufFile.read(path))
                .isInstanceOf(AdedException.InvalidArtifact.class)
                .hasMessageContaining(why);
    }
}
