package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.FieldDescriptor;
import io.aded.model.SamplingParameters;
import io.aded.v1.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SamplingMessagesTest {
    static Stream<FieldDescriptor> fields() {
        return Sampling.getDescriptor().getFields().stream();
    }

    /** A message in which one field differs from every default. */
    private static Sampling only(FieldDescriptor field) {
        Sampling.Builder message = Sampling.newBuilder();
        if (field.isMapField()) {
            return message.putAllLogitBias(Map.of(5, 1.5f)).build();
        }
        if (field.isRepeated()) {
            return message.setField(field, List.of("x", "y")).build();
        }
        return message.setField(
                        field,
                        switch (field.getJavaType()) {
                            case FLOAT -> 0.375f;
                            case INT -> 7;
                            default -> throw new AssertionError(field);
                        })
                .build();
    }

    @ParameterizedTest
    @MethodSource("fields")
    void change_oneFieldSet_changesItAndNothingElse(FieldDescriptor field) {
        Sampling set = only(field);
        SamplingParameters before = SamplingParameters.DEFAULT;
        SamplingParameters after = SamplingMessages.change(set, Set.of()).apply(before, before);
        assertThat(after).isNotEqualTo(before);
        Sampling.Builder expected = SamplingMessages.write(before).toBuilder();
        assertThat(SamplingMessages.write(after))
                .isEqualTo(expected.setField(field, set.getField(field)).build());
    }

    @ParameterizedTest
    @MethodSource("fields")
    void change_oneFieldCleared_isTheServersAgain(FieldDescriptor field) {
        SamplingParameters server = SamplingParameters.DEFAULT;
        SamplingParameters before =
                SamplingMessages.change(only(field), Set.of()).apply(server, server);
        assertThat(SamplingMessages.change(Sampling.getDefaultInstance(), Set.of("sampling." + field.getName()))
                        .apply(before, server))
                .isEqualTo(server);
    }

    @Test
    void read_whatWasWritten_isTheSame() {
        for (SamplingParameters parameters : List.of(
                SamplingParameters.DEFAULT, SamplingParameters.GREEDY, SamplingParameters.DEFAULT.withSeed(-1))) {
            assertThat(SamplingMessages.read(SamplingMessages.write(parameters)))
                    .isEqualTo(parameters);
        }
    }
}
