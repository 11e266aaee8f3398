package io.aded.rpc;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A client that speaks just enough HTTP/2 (RFC 9113) to misbehave: it leaves messages unfinished, never reads, and
 * sends what is no frame.
 */
final class RawHttp2 implements AutoCloseable {
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int RST_STREAM = 3;
    private static final int SETTINGS = 4;
    private static final int PING = 6;
    private static final int GOAWAY = 7;
    private static final int WINDOW_UPDATE = 8;

    private final Socket socket;
    private final DataOutputStream out;
    private final Map<Integer, Long> windows = new HashMap<>();
    private final Set<Integer> ended = new HashSet<>();
    private long initialWindow = 65_535;
    private boolean gone;
    private int nextStream = 1;

    RawHttp2(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        out = new DataOutputStream(socket.getOutputStream());
        windows.put(0, 65_535L);
    }

    /** Opens the connection as HTTP/2 wants it, and follows what the server allows. */
    RawHttp2 greet() throws IOException {
        raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        frame(SETTINGS, 0, 0, new byte[0]);
        Thread.ofVirtual().start(this::follow);
        return this;
    }

    /** Sends bytes as they are. */
    synchronized void raw(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    synchronized void frame(int type, int flags, int stream, byte[] payload) throws IOException {
        out.writeInt(payload.length << 8 | type);
        out.writeByte(flags);
        out.writeInt(stream);
        out.write(payload);
        out.flush();
    }

    /** Begins a call of a method, such as {@code aded.v1.InferenceService/Generate}. */
    synchronized int call(String method) throws IOException {
        int stream = nextStream;
        nextStream += 2;
        ByteArrayOutputStream headers = new ByteArrayOutputStream();
        for (String[] header : new String[][] {
            {":method", "POST"},
            {":scheme", "http"},
            {":path", "/" + method},
            {":authority", "localhost"},
            {"content-type", "application/grpc"},
            {"te", "trailers"}
        }) {
            headers.write(0); // a literal without indexing (RFC 7541, 6.2.2)
            for (String part : header) {
                headers.write(part.length());
                headers.writeBytes(part.getBytes(StandardCharsets.US_ASCII));
            }
        }
        windows.put(stream, initialWindow);
        frame(HEADERS, 4, stream, headers.toByteArray());
        return stream;
    }

    /** Announces a message of so many bytes. */
    void announce(int stream, int size) throws IOException, InterruptedException {
        byte[] prefix = {0, (byte) (size >> 24), (byte) (size >> 16), (byte) (size >> 8), (byte) size};
        send(stream, prefix);
    }

    /**
     * Sends bytes of a call as far as the server allows them.
     *
     * @return false if the server ended the call or the connection
     */
    boolean send(int stream, byte[] bytes) throws IOException, InterruptedException {
        int sent = 0;
        while (sent < bytes.length) {
            int part;
            synchronized (this) {
                while (!isOver(stream) && Math.min(windows.get(0), windows.get(stream)) <= 0) {
                    wait();
                }
                if (isOver(stream)) {
                    return false;
                }
                part = (int)
                        Math.min(Math.min(windows.get(0), windows.get(stream)), Math.min(16_384, bytes.length - sent));
                windows.merge(0, (long) -part, Long::sum);
                windows.merge(stream, (long) -part, Long::sum);
            }
            frame(DATA, 0, stream, Arrays.copyOfRange(bytes, sent, sent + part));
            sent += part;
        }
        return true;
    }

    /** Whether the server has ended the call or the connection. */
    synchronized boolean isOver(int stream) {
        return gone || ended.contains(stream);
    }

    /** Whether the server has closed the connection, or asked for it to be closed. */
    synchronized boolean isGone() {
        return gone;
    }

    private void follow() {
        try {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            while (true) {
                int head = in.readInt();
                int flags = in.readUnsignedByte();
                int stream = in.readInt() & 0x7FFF_FFFF;
                byte[] payload = in.readNBytes(head >>> 8);
                take(head & 0xFF, flags, stream, payload);
            }
        } catch (IOException e) {
            synchronized (this) {
                gone = true;
                notifyAll();
            }
        }
    }

    private synchronized void take(int type, int flags, int stream, byte[] payload) throws IOException {
        switch (type) {
            case SETTINGS -> {
                if ((flags & 1) == 0) {
                    for (int at = 0; at + 6 <= payload.length; at += 6) {
                        if (payload[at + 1] == 4) {
                            long more = number(payload, at + 2) - initialWindow;
                            initialWindow += more;
                            windows.replaceAll((of, window) -> of == 0 ? window : window + more);
                        }
                    }
                    frame(SETTINGS, 1, 0, new byte[0]);
                }
            }
            case WINDOW_UPDATE -> windows.merge(stream, number(payload, 0), Long::sum);
            case PING -> {
                if ((flags & 1) == 0) {
                    frame(PING, 1, 0, payload);
                }
            }
            case RST_STREAM -> ended.add(stream);
            case HEADERS -> {
                if ((flags & 1) != 0) {
                    ended.add(stream);
                }
            }
            case GOAWAY -> gone = true;
            default -> {
                // Data, and what nobody needs to know.
            }
        }
        notifyAll();
    }

    private static long number(byte[] bytes, int at) {
        return (bytes[at] & 0x7FL) << 24
                | (bytes[at + 1] & 0xFFL) << 16
                | (bytes[at + 2] & 0xFFL) << 8
                | bytes[at + 3] & 0xFFL;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
