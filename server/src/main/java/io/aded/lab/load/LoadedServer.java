package io.aded.lab.load;

import java.net.URI;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** The server that is loaded. */
public sealed interface LoadedServer {
    /** The server in words, for reports. */
    String description();

    /**
     * A server of aded that the caller of the run starts by itself.
     *
     * @param connections gRPC connections that calls are spread over, at least 1
     */
    record Own(int connections) implements LoadedServer {
        @Override
        public String description() {
            return "in this process, by gRPC over loopback" + lines(connections);
        }
    }

    /**
     * A running server of aded.
     *
     * @param address {@code HOST:PORT} or {@code unix:PATH}
     * @param connections gRPC connections that calls are spread over, at least 1
     */
    record Remote(String address, int connections) implements LoadedServer {
        @Override
        public String description() {
            return address + " by gRPC" + lines(connections);
        }
    }

    /**
     * Somebody else's server over HTTP.
     *
     * @param address where it is; the API's path is put behind it
     * @param api how it is asked
     * @param model the name that requests carry; null takes the first one that the server lists
     * @param extra further fields of each request
     */
    record Http(URI address, HttpApi api, @Nullable String model, ObjectNode extra) implements LoadedServer {
        @Override
        public String description() {
            return address + ", " + api.label();
        }
    }

    private static String lines(int connections) {
        return ", " + connections + (connections == 1 ? " connection" : " connections");
    }
}
