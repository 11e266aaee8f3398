package io.aded.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SkippedLayersTest {
    private static GgufFile model(String architecture, Map<String, Object> more) {
        Map<String, Object> metadata = new HashMap<>(more);
        metadata.put("general.architecture", architecture);
        metadata.putIfAbsent(architecture + ".block_count", 22L);
        return new GgufFile(Path.of("model.gguf"), 1, 3, metadata, List.of(), 0, TokenTexts.NONE, 32, 1);
    }

    private static void refused(String layers, GgufFile model, String why) {
        assertThatThrownBy(() -> SkippedLayers.parse(layers).require(model))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"9-12|9-12|4", "12,3, 9-11|3,9-12|5", "0|0|1", "5-5|5|1", "1,3,5|1,3,5|3", "0-1,1-2|0-2|3"})
    void parse_numbersAndRanges_areSortedAndJoined(String text, String shortest, int count) {
        SkippedLayers layers = SkippedLayers.parse(text);
        assertThat(layers).hasToString(shortest);
        assertThat(layers.count()).isEqualTo(count);
        assertThat(layers.isEmpty()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "auto", "12-9", "-1", "3,", "1-", "1--2", "99999", "9–12"})
    void parse_anythingElse_isRefused(String text) {
        assertThatThrownBy(() -> SkippedLayers.parse(text))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("9-12 or 3,9-12");
    }

    @Test
    void renamed_layersCloseUp() {
        SkippedLayers layers = SkippedLayers.parse("1,9-12");
        assertThat(layers.renamed("blk.0.attn_q.weight")).isEqualTo("blk.0.attn_q.weight");
        assertThat(layers.renamed("blk.1.attn_q.weight")).isNull();
        assertThat(layers.renamed("blk.8.attn_q.weight")).isEqualTo("blk.7.attn_q.weight");
        assertThat(layers.renamed("blk.12.ffn_down.weight")).isNull();
        assertThat(layers.renamed("blk.13.ffn_down.weight")).isEqualTo("blk.8.ffn_down.weight");
        assertThat(layers.renamed("blk.21.attn_q.bias")).isEqualTo("blk.16.attn_q.bias");
        assertThat(layers.renamed("output.weight")).isEqualTo("output.weight");
        assertThat(SkippedLayers.NONE.renamed("blk.3.attn_q.weight")).isEqualTo("blk.3.attn_q.weight");
    }

    @Test
    void require_layersThatAreNotThereOrAll_refused() {
        SkippedLayers.parse("0-20").require(model("llama", Map.of()));
        refused("9-22", model("llama", Map.of()), "names layer 22; the model's layers are 0 to 21");
        refused("0-21", model("llama", Map.of()), "leaves none of the model's 22 layers");
    }

    @Test
    void require_layersThatDifferByTheirNumber_refusedByWhatTellsSo() {
        refused("3", model("gemma3", Map.of()), "architecture gemma3");
        refused("3", model("jamba", Map.of()), "architecture jamba");
        refused("3", model("phi3", Map.of("phi3.attention.sliding_window", 2047L)), "sliding window");
        GgufFile.Array heads = new GgufFile.Array("i32", 22, List.of());
        refused("3", model("llama", Map.of("llama.attention.head_count_kv", heads)), "llama.attention.head_count_kv");

        SkippedLayers.NONE.require(model("gemma3", Map.of()));
        SkippedLayers.parse("3").require(model("phi3", Map.of("phi3.attention.sliding_window", 0L)));
        GgufFile.Array sections = new GgufFile.Array("i32", 4, List.of());
        SkippedLayers.parse("3").require(model("llama", Map.of("llama.rope.dimension_sections", sections)));
    }
}
