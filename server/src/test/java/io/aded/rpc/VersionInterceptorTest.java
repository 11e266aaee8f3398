package io.aded.rpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.v1.GetModelRequest;
import io.aded.v1.GetServerInfoRequest;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class VersionInterceptorTest {

    @Test
    void call_answeredOrRefused_tellsTheServersVersion() {
        try (Harness harness = Harness.start()) {
            var headers = new AtomicReference<Metadata>();
            var trailers = new AtomicReference<Metadata>();
            var models =
                    harness.models().withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
            String version = models.getServerInfo(GetServerInfoRequest.getDefaultInstance())
                    .getVersion();
            assertThat(version).isNotBlank();
            assertThat(headers.get().get(VersionInterceptor.SERVER)).isEqualTo(version);
            Harness.failure(() -> models.getModel(
                    GetModelRequest.newBuilder().setName("other").build()));
            assertThat(trailers.get().get(VersionInterceptor.SERVER)).isEqualTo(version);
        }
    }
}
