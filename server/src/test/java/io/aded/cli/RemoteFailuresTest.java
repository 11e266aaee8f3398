package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.BadRequest;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

class RemoteFailuresTest {
    private static Throwable failure(Code code, ErrorInfo.Builder info, BadRequest.Builder request) {
        return StatusProto.toStatusRuntimeException(com.google.rpc.Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage("said")
                .addDetails(Any.pack(info.build()))
                .addDetails(Any.pack(request.build()))
                .build());
    }

    @Test
    void translated_wrongFields_namesThemAllAndHowManyMore() {
        AdedException failure = RemoteFailures.translated(
                "here:1",
                failure(
                        Code.INVALID_ARGUMENT,
                        ErrorInfo.newBuilder().setReason("INVALID_REQUEST").putMetadata("violations_left_out", "3"),
                        BadRequest.newBuilder()
                                .addFieldViolations(BadRequest.FieldViolation.newBuilder()
                                        .setField("turn.options.max_tokens")
                                        .setDescription("is -1"))));
        assertThat(failure).isInstanceOfSatisfying(AdedException.InvalidRequest.class, request -> {
            assertThat(request.violations()).containsExactly(new FieldViolation("turn.options.max_tokens", "is -1"));
            assertThat(request.leftOut()).isEqualTo(3);
        });
    }

    @Test
    void translated_reasonOfTheServer_isKept() {
        AdedException failure = RemoteFailures.translated(
                "here:1",
                failure(
                        Code.RESOURCE_EXHAUSTED,
                        ErrorInfo.newBuilder().setReason("QUEUE_FULL"),
                        BadRequest.newBuilder()));
        assertThat(failure).isInstanceOf(AdedException.ResourceExhausted.class).hasMessage("here:1: said");
        assertThat(failure.reason()).isEqualTo("QUEUE_FULL");
    }

    @Test
    void translated_withoutDetails_isNamedByTheStatus() {
        AdedException failure = RemoteFailures.translated("here:1", Status.NOT_FOUND.asRuntimeException());
        assertThat(failure).isInstanceOf(AdedException.NotFound.class).hasMessage("here:1: NOT_FOUND");
        assertThat(failure.reason()).isEqualTo("NOT_FOUND");
    }

    @Test
    void translated_nobodyThere_saysWhatTheTransportRanIntoAndHowToStartOne() {
        var refused = new IOException("annotated: localhost/127.0.0.1:1", new ConnectException("Connection refused"));
        AdedException failure = RemoteFailures.translated(
                "here:1",
                Status.UNAVAILABLE
                        .withDescription("io exception")
                        .withCause(refused)
                        .asRuntimeException());
        assertThat(failure)
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessage("here:1: Connection refused. Is a server running there? (aded serve --listen here:1)");
    }

    @Test
    void translated_wordsOfTheTransport_areLeftOut() {
        var refused = new IOException("finishConnect(..) failed with error(-111): Connection refused");
        assertThat(RemoteFailures.translated(
                        "here:1", Status.UNAVAILABLE.withCause(refused).asRuntimeException()))
                .hasMessageStartingWith("here:1: Connection refused. Is a server");
    }

    @Test
    void translated_unknownHost_asksForNoServer() {
        var unknown = new UnknownHostException("nowhere.invalid: Name or service not known");
        assertThat(RemoteFailures.translated(
                        "nowhere.invalid:1",
                        Status.UNAVAILABLE.withCause(unknown).asRuntimeException()))
                .isInstanceOf(AdedException.Unavailable.class)
                .hasMessage("nowhere.invalid:1: the host is not known");
    }

    @Test
    void translated_serverThatLoads_isThere() {
        AdedException failure = RemoteFailures.translated(
                "here:1",
                failure(Code.UNAVAILABLE, ErrorInfo.newBuilder().setReason("MODEL_LOADING"), BadRequest.newBuilder()));
        assertThat(failure).isInstanceOf(AdedException.Unavailable.class).hasMessage("here:1: said");
    }
}
