package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.aded.model.AdedException;
import io.aded.model.FieldViolation;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatusesTest {
    private static final int MOST_BYTES = 4096;

    /** As a client receives them: in base64, beside the message in percent-encoding. */
    private static int bytes(StatusRuntimeException failure) {
        int details = Objects.requireNonNull(StatusProto.fromThrowable(failure)).getSerializedSize();
        assertThat(Objects.requireNonNull(failure.getStatus().getDescription()).getBytes(StandardCharsets.UTF_8).length
                        * 3)
                .isLessThan(2048);
        return (details + 2) / 3 * 4;
    }

    private static String leftOut(StatusRuntimeException failure) {
        return Harness.detail(failure, ErrorInfo.class).getMetadataOrDefault("violations_left_out", "");
    }

    @Test
    void invalidRequest_withManyViolations_staysBelowWhatClientsTake() {
        List<FieldViolation> violations = IntStream.range(0, 64)
                .mapToObj(i -> new FieldViolation("options.stop_tokens[" + i + "]", "is -1; allowed: 0 to 151935"))
                .toList();
        StatusRuntimeException failure = Statuses.of(new AdedException.InvalidRequest(violations));
        assertThat(bytes(failure)).isLessThanOrEqualTo(MOST_BYTES);
        List<BadRequest.FieldViolation> named =
                Harness.detail(failure, BadRequest.class).getFieldViolationsList();
        assertThat(named).hasSizeBetween(20, 63);
        assertThat(named.getFirst().getField()).isEqualTo("options.stop_tokens[0]");
        assertThat(leftOut(failure)).isEqualTo(Integer.toString(64 - named.size()));
        assertThat(failure.getStatus().getDescription()).endsWith("; " + (64 - named.size()) + " more are wrong");
        assertThat(leftOut(Statuses.of(new AdedException.InvalidRequest(violations, 1000))))
                .isEqualTo(Integer.toString(1064 - named.size()));
    }

    @Test
    void invalidRequest_withFewViolations_leavesNoneOut() {
        StatusRuntimeException failure = Statuses.of(new AdedException.InvalidRequest("a", "is wrong"));

        assertThat(leftOut(failure)).isEmpty();
        assertThat(failure.getStatus().getDescription()).isEqualTo("a: is wrong");
    }

    @Test
    void invalidRequest_ofFieldsWithLongNames_staysBelowWhatClientsTake() {
        List<FieldViolation> violations = IntStream.range(0, 64)
                .mapToObj(i -> new FieldViolation("\u20ac".repeat(5000) + i, "\u20ac".repeat(5000)))
                .toList();
        StatusRuntimeException failure = Statuses.of(new AdedException.InvalidRequest(violations));
        assertThat(bytes(failure)).isLessThanOrEqualTo(MOST_BYTES);
        assertThat(Harness.paths(failure)).isNotEmpty();
    }

    @Test
    void invalidRequest_withAVeryLongDescription_isCutBetweenCharacters() {
        String text = "x" + "\uD83D\uDE42".repeat(5000);
        StatusRuntimeException failure =
                Statuses.of(new AdedException.InvalidRequest("options.constraint.grammar", text));
        assertThat(bytes(failure)).isLessThanOrEqualTo(MOST_BYTES);
        String description =
                Harness.detail(failure, BadRequest.class).getFieldViolations(0).getDescription();
        assertThat(description).endsWith("\uD83D\uDE42\u2026");
    }

    @Test
    void resourceExhausted_tellsWhenToTryAgainOnlyIfItMayHelp() {
        for (AdedException.ResourceExhausted exhausted : List.of(
                new AdedException.ResourceExhausted("ANY", "no more", null),
                AdedException.ResourceExhausted.forGood("ANY", "no more"))) {
            StatusRuntimeException failure = Statuses.of(exhausted);
            assertThat(Objects.requireNonNull(StatusProto.fromThrowable(failure)).getDetailsList().stream()
                            .anyMatch(detail -> detail.is(RetryInfo.class)))
                    .isEqualTo(!exhausted.isPermanent());
        }
    }

    @Test
    void notServed_namesEveryField() {
        StatusRuntimeException failure =
                Statuses.of(new AdedException.NotServed(List.of("options.tools", "options.reasoning")));
        Harness.assertStatus(failure, Status.Code.UNIMPLEMENTED, "NOT_SERVED");
        assertThat(Harness.paths(failure)).containsExactly("options.tools", "options.reasoning");
        assertThat(failure.getStatus().getDescription()).contains("options.tools, options.reasoning");
    }

    @Test
    void notServed_manyTimesOver_staysBelowWhatClientsTake() {
        List<String> fields = Collections.nCopies(1000, "chat.messages[12].parts[3].tool_call");
        assertThat(bytes(Statuses.of(new AdedException.NotServed(fields)))).isLessThanOrEqualTo(MOST_BYTES);
    }
}
