package io.aded.rpc;

import static io.aded.rpc.Harness.assertStatus;
import static io.aded.rpc.Harness.failure;
import static io.aded.rpc.Harness.fields;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ListValue;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import io.aded.v1.ConverseRequest;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DetokenizeRequest;
import io.aded.v1.GenerateRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The refusals that the API promises to clients in every language; see {@code proto/vectors/README.md}. */
class VectorsTest {
    private static Harness harness;

    @BeforeAll
    static void start() {
        harness = Harness.start();
    }

    @AfterAll
    static void stop() {
        harness.close();
    }

    static Stream<Arguments> cases() throws IOException {
        ListValue.Builder list = ListValue.newBuilder();
        JsonFormat.parser().merge(Files.readString(Path.of("../proto/vectors/validation.json")), list);
        return list.getValuesList().stream()
                .map(Value::getStructValue)
                .map(one -> Arguments.of(string(one, "name"), one));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void request_ofVector_isRefusedAsPromised(String name, Struct vector) throws IOException {
        StatusRuntimeException refused = refused(vector);
        assertStatus(refused, Status.Code.valueOf(string(vector, "status")), string(vector, "reason"));
        List<String> expected = vector.getFieldsOrThrow("fields").getListValue().getValuesList().stream()
                .map(Value::getStringValue)
                .toList();
        if (!expected.isEmpty()) {
            assertThat(fields(refused)).containsExactlyElementsOf(expected);
        }
    }

    private static StatusRuntimeException refused(Struct vector) throws IOException {
        List<Value> requests =
                vector.getFieldsOrThrow("requests").getListValue().getValuesList();
        String first = JsonFormat.printer().print(requests.getFirst());
        switch (string(vector, "rpc")) {
            case "Generate" -> {
                GenerateRequest request =
                        parse(first, GenerateRequest.newBuilder()).build();
                return failure(() -> harness.inference().generate(request).forEachRemaining(response -> {}));
            }
            case "Detokenize" -> {
                DetokenizeRequest request =
                        parse(first, DetokenizeRequest.newBuilder()).build();
                return failure(() -> harness.inference().detokenize(request));
            }
            case "CountTokens" -> {
                CountTokensRequest request =
                        parse(first, CountTokensRequest.newBuilder()).build();
                return failure(() -> harness.inference().countTokens(request));
            }
            case "Converse" -> {
                ConverseClient client = harness.converse();
                for (Value request : requests) {
                    client.send(parse(JsonFormat.printer().print(request), ConverseRequest.newBuilder())
                            .build());
                }
                return client.failure();
            }
            default -> throw new AssertionError("no such rpc in the vectors: " + string(vector, "rpc"));
        }
    }

    private static <B extends Message.Builder> B parse(String json, B builder) throws IOException {
        JsonFormat.parser().merge(json, builder);
        return builder;
    }

    private static String string(Struct struct, String field) {
        return struct.getFieldsOrThrow(field).getStringValue();
    }
}
