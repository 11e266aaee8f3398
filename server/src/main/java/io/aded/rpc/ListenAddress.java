package io.aded.rpc;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Where a server listens: {@code HOST:PORT}, {@code [IPv6]:PORT} or {@code unix:PATH}. Port 0 picks a free one. */
public sealed interface ListenAddress {

    /** A TCP port. */
    record Tcp(String host, int port) implements ListenAddress {
        @Override
        public String toString() {
            return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /** A Unix socket. */
    record Unix(Path path) implements ListenAddress {
        @Override
        public String toString() {
            return "unix:" + path;
        }
    }

    /**
     * Reads an address.
     *
     * @throws IllegalArgumentException if it is none; the message says what is allowed
     */
    static ListenAddress parse(String text) {
        if (text.startsWith("unix:")) {
            // unix:/path and unix:///path name the same socket, as in gRPC's own addresses.
            String path = text.substring("unix:".length()).replaceFirst("^//(?=/)", "");
            if (path.isEmpty()) {
                throw wrong(text, "the path is missing");
            }
            try {
                return new Unix(Path.of(path));
            } catch (InvalidPathException e) {
                throw wrong(text, "the path is not allowed on this system");
            }
        }
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw wrong(text, "a host and a port are needed");
        }
        String host = text.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.contains(":")) {
            throw wrong(text, "IPv6 addresses stand in brackets");
        }
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (port >= 0 && port <= 65535) {
                return new Tcp(host, port);
            }
        } catch (NumberFormatException e) {
            throw wrong(text, "the port is no number");
        }
        throw wrong(text, "ports run from 0 (any) to 65535");
    }

    private static IllegalArgumentException wrong(String text, String why) {
        return new IllegalArgumentException(
                "\"" + text + "\" is no address to listen on: " + why + "; allowed: HOST:PORT, [IPv6]:PORT, unix:PATH");
    }
}
