package io.aded.rpc;

import io.aded.serving.FacadeContract;
import io.aded.serving.Serving;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;

/** The façade's contract over gRPC and a TCP port. */
class TcpFacadeTest extends FacadeContract {
    @Override
    protected Facade start(Serving behind) {
        AdedServer server =
                AdedServer.builder().listen("127.0.0.1:0").serving(behind).start();
        String address = server.addresses().getFirst().toString();
        return new GrpcFacade(
                server,
                Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
                        .build());
    }
}
