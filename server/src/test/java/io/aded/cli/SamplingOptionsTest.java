package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import io.aded.model.SamplingParameters;
import io.aded.v1.Sampling;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class SamplingOptionsTest {
    static Stream<FieldDescriptor> fields() {
        return Sampling.getDescriptor().getFields().stream();
    }

    /** Whether the stream is decoded here or by a server, the same option means the same. */
    @ParameterizedTest
    @MethodSource("fields")
    void option_ofEveryField_reachesTheRecordAndTheMessage(FieldDescriptor field) throws Exception {
        float fraction = field.getName().equals("dry_base") ? 1.375f : 0.375f;
        Object value = field.isMapField()
                ? Map.of(5, 1.5f)
                : field.isRepeated()
                        ? List.of("x", "y")
                        : field.getJavaType() == FieldDescriptor.JavaType.FLOAT ? (Object) fraction : (Object) 7;
        String text = field.isMapField() ? "5=1.5" : field.isRepeated() ? "x" : String.valueOf(value);
        SamplingOptions options = new SamplingOptions();
        String name = "--" + field.getName().replace('_', '-');
        CommandLine command = new CommandLine(options);
        if (field.isRepeated() && !field.isMapField()) {
            command.parseArgs(name, "x", name, "y");
        } else {
            command.parseArgs(name, text);
        }
        Sampling message = options.message().getSampling();
        assertThat(message.getAllFields().keySet()).containsExactly(field);
        if (field.isMapField()) {
            assertThat(message.getLogitBiasMap()).isEqualTo(value);
        } else {
            assertThat(message.getField(field)).isEqualTo(value);
        }
        assertThat(SamplingParameters.class.getMethod(field.getJsonName()).invoke(options.parameters()))
                .isEqualTo(value);
    }
}
