package io.aded.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Any;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.Value;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.QuotaFailure;
import com.google.rpc.RetryInfo;
import io.aded.v1.ConverseResponse;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerateResponse;
import io.aded.v1.InferenceServiceGrpc;
import io.aded.v1.Turn;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The vectors that all clients share; see {@code proto/vectors/README.md}. */
@Timeout(30)
final class VectorsTest {
    private static final Path VECTORS = Path.of("../proto/vectors");
    private static final TypeRegistry DETAILS = TypeRegistry.newBuilder()
            .add(ErrorInfo.getDescriptor())
            .add(BadRequest.getDescriptor())
            .add(RetryInfo.getDescriptor())
            .add(QuotaFailure.getDescriptor())
            .build();

    private static Stream<Arguments> cases(String file) throws IOException {
        ListValue.Builder list = ListValue.newBuilder();
        JsonFormat.parser().merge(Files.readString(VECTORS.resolve(file)), list);
        return list.getValuesList().stream()
                .map(Value::getStructValue)
                .map(one -> Arguments.of(string(one, "name"), one));
    }

    static Stream<Arguments> answers() throws IOException {
        return cases("answers.json");
    }

    static Stream<Arguments> errors() throws IOException {
        return cases("errors.json");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("answers")
    void answer_ofResponses_isAsTheVectorSays(String name, Struct vector) throws IOException {
        String address = InProcessServerBuilder.generateName();
        Server server = InProcessServerBuilder.forName(address)
                .addService(new Replay(list(vector, "responses")))
                .build()
                .start();
        ManagedChannel channel = InProcessChannelBuilder.forName(address).build();
        try (AdedClient client = AdedClient.builder(channel).build()) {
            AnswerStream stream = client.generate("whatever");
            if (vector.containsFields("failure")) {
                assertThatThrownBy(stream::await).isInstanceOf(kind(string(vector, "failure")));
                return;
            }
            Answer answer = stream.await();
            Struct expected = vector.getFieldsOrThrow("answer").getStructValue();
            assertThat(answer.text()).isEqualTo(string(expected, "text"));
            assertThat(answer.tokens())
                    .isEqualTo(list(expected, "tokens").stream()
                            .map(token -> (int) token.getNumberValue())
                            .toList());
            assertThat(answer.reason().name()).isEqualTo(string(expected, "reason"));
            assertThat((double) answer.usage().promptTokens()).isEqualTo(number(expected, "prompt_tokens"));
            Value cached = expected.getFieldsOrThrow("cached_prompt_tokens");
            assertThat(answer.usage().cachedPromptTokens())
                    .isEqualTo(cached.hasNullValue() ? null : (Integer) (int) cached.getNumberValue());
            assertThat(answer.reasoning()).isEqualTo(string(expected, "reasoning"));
            assertThat(answer.toolCalls())
                    .isEqualTo(list(expected, "tool_calls").stream()
                            .map(Value::getStructValue)
                            .map(call -> new Message.ToolCall(
                                    string(call, "id"), string(call, "name"), string(call, "arguments")))
                            .toList());
            assertThat((double) answer.usage().completionTokens()).isEqualTo(number(expected, "completion_tokens"));
            assertThat(answer.usage().totalTime()).isEqualTo(seconds(number(expected, "total_seconds")));
            assertThat((double) Integer.toUnsignedLong(answer.finished().seed()))
                    .isEqualTo(number(expected, "seed"));
            assertThat(answer.finished().speculation().meanAcceptanceLength())
                    .isEqualTo(number(expected, "mean_acceptance_length"));
        } finally {
            channel.shutdownNow();
            server.shutdownNow();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("errors")
    void error_ofStatus_isAsTheVectorSays(String name, Struct vector) throws IOException {
        com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder()
                .setCode(Code.valueOf(string(vector, "code")).getNumber())
                .setMessage(string(vector, "message"));
        for (Value detail : list(vector, "details")) {
            Any.Builder any = Any.newBuilder();
            JsonFormat.parser()
                    .usingTypeRegistry(DETAILS)
                    .merge(JsonFormat.printer().print(detail), any);
            status.addDetails(any);
        }
        AdedClientException failure = Failures.decode(StatusProto.toStatusRuntimeException(status.build()));
        Struct expected = vector.getFieldsOrThrow("expect").getStructValue();
        assertThat(failure).isExactlyInstanceOf(kind(string(expected, "kind")));
        assertThat(failure.reason()).isEqualTo(string(expected, "reason"));
        assertThat(failure.violations())
                .isEqualTo(list(expected, "violations").stream()
                        .map(Value::getStructValue)
                        .map(wrong ->
                                new AdedClientException.Violation(string(wrong, "field"), string(wrong, "description")))
                        .toList());
        if (failure instanceof AdedClientException.ResourceExhausted exhausted) {
            Value retry = expected.getFieldsOrThrow("retry_after_seconds");
            assertThat(exhausted.retryAfter().isPresent()).isEqualTo(retry.hasNumberValue());
            exhausted.retryAfter().ifPresent(pause -> assertThat(pause).isEqualTo(seconds(retry.getNumberValue())));
        }
    }

    @Test
    void requests_andEvents_shareFieldsByNumber() {
        assertShared(GenerateRequest.getDescriptor(), Turn.getDescriptor(), 5);
        assertShared(GenerateRequest.getDescriptor(), CountTokensRequest.getDescriptor(), 5);
        assertShared(ConverseResponse.getDescriptor(), GenerateResponse.getDescriptor(), 5);
    }

    /** Fields of both by one number have one name and type; {@code common} of them there are. */
    private static void assertShared(Descriptor one, Descriptor other, int common) {
        int found = 0;
        for (FieldDescriptor field : other.getFields()) {
            FieldDescriptor twin = one.findFieldByNumber(field.getNumber());
            if (twin != null) {
                found++;
                assertThat(twin.getName()).isEqualTo(field.getName());
                assertThat(twin.getType()).isEqualTo(field.getType());
                assertThat(twin.isRepeated()).isEqualTo(field.isRepeated());
                assertThat(twin.hasPresence()).isEqualTo(field.hasPresence());
            } else {
                assertThat(one.findFieldByName(field.getName()))
                        .as("%s of both by one number", field.getName())
                        .isNull();
            }
        }
        assertThat(found).isEqualTo(common);
    }

    private static Class<? extends AdedClientException> kind(String name) {
        return switch (name) {
            case "INVALID_REQUEST" -> AdedClientException.InvalidRequest.class;
            case "FAILED_PRECONDITION" -> AdedClientException.FailedPrecondition.class;
            case "NOT_FOUND" -> AdedClientException.NotFound.class;
            case "RESOURCE_EXHAUSTED" -> AdedClientException.ResourceExhausted.class;
            case "UNAVAILABLE" -> AdedClientException.Unavailable.class;
            case "DEADLINE_EXCEEDED" -> AdedClientException.DeadlineExceeded.class;
            case "CANCELLED" -> AdedClientException.Cancelled.class;
            case "DENIED" -> AdedClientException.Denied.class;
            case "UNSUPPORTED" -> AdedClientException.Unsupported.class;
            case "INTERNAL" -> AdedClientException.Internal.class;
            default -> throw new AssertionError("no such kind of failure: " + name);
        };
    }

    private static String string(Struct struct, String field) {
        return struct.getFieldsOrThrow(field).getStringValue();
    }

    private static double number(Struct struct, String field) {
        return struct.getFieldsOrThrow(field).getNumberValue();
    }

    private static List<Value> list(Struct struct, String field) {
        return struct.getFieldsOrThrow(field).getListValue().getValuesList();
    }

    private static Duration seconds(double seconds) {
        return Duration.ofNanos(Math.round(seconds * 1e9));
    }

    /** Answers every prompt with the responses of a vector. */
    private static final class Replay extends InferenceServiceGrpc.InferenceServiceImplBase {
        private final List<Value> responses;

        Replay(List<Value> responses) {
            this.responses = responses;
        }

        @Override
        public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
            try {
                for (Value response : responses) {
                    GenerateResponse.Builder message = GenerateResponse.newBuilder();
                    JsonFormat.parser().merge(JsonFormat.printer().print(response), message);
                    observer.onNext(message.build());
                }
            } catch (InvalidProtocolBufferException malformed) {
                throw new AssertionError("a response of the vector is no GenerateResponse", malformed);
            }
            observer.onCompleted();
        }
    }
}
