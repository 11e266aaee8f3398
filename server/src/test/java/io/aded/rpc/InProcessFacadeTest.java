package io.aded.rpc;

import io.aded.serving.FacadeContract;
import io.aded.serving.Serving;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;

/** The façade's contract over gRPC within the process. */
class InProcessFacadeTest extends FacadeContract {
    @Override
    protected Facade start(Serving behind) {
        String name = InProcessServerBuilder.generateName();
        AdedServer server = AdedServer.builder()
                .transport(InProcessServerBuilder.forName(name))
                .serving(behind)
                .start();
        return new GrpcFacade(server, InProcessChannelBuilder.forName(name).build());
    }
}
