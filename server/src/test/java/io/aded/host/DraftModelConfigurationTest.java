package io.aded.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.gguf.Quantization;
import io.aded.gguf.SkippedLayers;
import io.aded.host.DraftModelConfiguration.Copy;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DraftModelConfigurationTest {
    @Test
    void parse_formatAndLayers_areRead() {
        assertThat(Copy.parse("q4_k")).isEqualTo(new Copy(Quantization.Q4_K, SkippedLayers.NONE));
        assertThat(Copy.parse("Q8_0:9-12,14")).isEqualTo(new Copy(Quantization.Q8_0, SkippedLayers.parse("9-12,14")));
        assertThat(Copy.parse("q4_0:auto")).isEqualTo(new Copy(Quantization.Q4_0, null));
        assertThat(Copy.parse("none:3")).isEqualTo(new Copy(null, SkippedLayers.parse("3")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "q5", "none", "q4_k:", "q4_k:x", ":3", "q4_k:3-1"})
    void parse_anythingElse_saysWhatIsAllowed(String text) {
        assertThatThrownBy(() -> Copy.parse(text))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("allowed");
    }

    @Test
    void constructor_numbersOutOfRange_areNamed() {
        assertThatThrownBy(() ->
                        new DraftModelConfiguration(new DraftModelConfiguration.Named("x"), -3, false, 2000, null))
                .isInstanceOfSatisfying(
                        AdedException.InvalidRequest.class,
                        failure -> assertThat(failure.violations())
                                .extracting(FieldViolation::field)
                                .containsExactly("draft_threads", "draft_gpu_layers"));
    }
}
