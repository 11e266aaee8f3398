package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.DescriptorProtos.SourceCodeInfo.Location;
import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What tools such as grpcurl are shown: the manual, and the details of errors. */
class ReflectionTest {
    private static Harness harness;

    @BeforeAll
    static void start() {
        harness = Harness.start();
    }

    @AfterAll
    static void stop() {
        harness.close();
    }

    private static ServerReflectionResponse ask(ServerReflectionRequest request) throws Exception {
        var answered = new CompletableFuture<ServerReflectionResponse>();
        var requests = ServerReflectionGrpc.newStub(harness.channel).serverReflectionInfo(new StreamObserver<>() {
            @Override
            public void onNext(ServerReflectionResponse response) {
                answered.complete(response);
            }

            @Override
            public void onError(Throwable thrown) {
                answered.completeExceptionally(thrown);
            }

            @Override
            public void onCompleted() {}
        });
        requests.onNext(request);
        ServerReflectionResponse response = answered.get(10, TimeUnit.SECONDS);
        requests.onCompleted();
        return response;
    }

    /** The file that declares a symbol, and the files that it imports, as far as they were sent with it. */
    private static Map<String, FileDescriptorProto> files(String symbol) throws Exception {
        ServerReflectionResponse response = ask(ServerReflectionRequest.newBuilder()
                .setFileContainingSymbol(symbol)
                .build());
        assertThat(response.hasFileDescriptorResponse()).as(response.toString()).isTrue();
        Map<String, FileDescriptorProto> files = new HashMap<>();
        for (ByteString file : response.getFileDescriptorResponse().getFileDescriptorProtoList()) {
            FileDescriptorProto proto = parse(file);
            files.put(proto.getName(), proto);
        }
        return files;
    }

    private static FileDescriptorProto parse(ByteString bytes) throws InvalidProtocolBufferException {
        return FileDescriptorProto.parseFrom(bytes);
    }

    private static List<String> comments(FileDescriptorProto file) {
        List<String> comments = new ArrayList<>();
        for (Location location : file.getSourceCodeInfo().getLocationList()) {
            if (location.hasLeadingComments()) {
                comments.add(location.getLeadingComments().strip());
            }
        }
        return comments;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "aded.v1.InferenceService",
                "aded.v1.ModelService",
                "aded.v1.DraftService",
                "aded.v1.Sampling",
                "aded.v1.GenerationOptions",
                "aded.v1.Constraint",
                "aded.v1.ChatMessage",
                "aded.v1.Delta"
            })
    void symbol_ofTheApi_hasItsComments(String symbol) throws Exception {
        String name = symbol.substring("aded.v1.".length());
        FileDescriptorProto declares = files(symbol).values().stream()
                .filter(file -> file.getServiceList().stream()
                                .anyMatch(service -> service.getName().equals(name))
                        || file.getMessageTypeList().stream()
                                .anyMatch(type -> type.getName().equals(name)))
                .findFirst()
                .orElseThrow();
        assertThat(comments(declares)).hasSizeGreaterThan(5);
    }

    @Test
    void service_isDescribedInTheWordsOfTheManual() throws Exception {
        FileDescriptorProto file = files("aded.v1.InferenceService").get("aded/v1/inference_service.proto");
        assertThat(comments(file))
                .anySatisfy(comment ->
                        assertThat(comment).startsWith("Answers prompts with the model that the sidecar serves."));
        assertThat(comments(file))
                .anySatisfy(comment -> assertThat(comment).startsWith("Splits text into the model's tokens."));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "google.rpc.ErrorInfo",
                "google.rpc.BadRequest",
                "google.rpc.BadRequest.FieldViolation",
                "google.rpc.RetryInfo",
                "google.rpc.QuotaFailure"
            })
    void symbol_ofAnErrorsDetails_isKnown(String symbol) throws Exception {
        assertThat(files(symbol)).containsKey("google/rpc/error_details.proto");
    }

    @Test
    void symbol_thatNobodyDeclares_isNotFound() throws Exception {
        assertThat(ask(ServerReflectionRequest.newBuilder()
                                .setFileContainingSymbol("aded.v1.Nothing")
                                .build())
                        .hasErrorResponse())
                .isTrue();
    }
}
