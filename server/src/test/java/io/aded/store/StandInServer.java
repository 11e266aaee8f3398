package io.aded.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A web server on the loopback interface that stands in for registries and hubs: serves byte arrays, honours ranges,
 * and misbehaves when told to.
 */
public final class StandInServer implements AutoCloseable {
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d+)-");

    private final HttpServer server;
    private final Map<String, byte[]> files = new ConcurrentHashMap<>();
    private final Map<String, String> redirects = new ConcurrentHashMap<>();
    private final Map<String, String> tags = new ConcurrentHashMap<>();
    private final Queue<Misbehaviour> misbehaviours = new ArrayDeque<>();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final List<Request> requests = new CopyOnWriteArrayList<>();

    /** What the server saw. */
    public record Request(String path, Map<String, List<String>> headers) {
        public String header(String name) {
            List<String> values = headers.getOrDefault(name, List.of());
            return values.isEmpty() ? "" : values.getFirst();
        }
    }

    /** What to do instead of answering properly, once. */
    public sealed interface Misbehaviour {
        /** Announce everything, send this many bytes, hang up. */
        record BreakAfter(int bytes) implements Misbehaviour {}

        /** Send this many bytes and then nothing, with the connection open. */
        record StallAfter(int bytes) implements Misbehaviour {}

        record Status(int code) implements Misbehaviour {}

        /**
         * Answer in another way altogether.
         *
         * @param length what is said of it; -1 for nothing, which sends it in chunks
         */
        record Answer(int status, Map<String, String> headers, long length, byte[] body) implements Misbehaviour {}

        /** Ignore the range that was asked for. */
        record IgnoreRange() implements Misbehaviour {}
    }

    public StandInServer() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.createContext("/", this::handle);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    public String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/";
    }

    URI uri(String path) {
        return URI.create(address()).resolve(path);
    }

    public StandInServer file(String path, byte[] content) {
        files.put(path, content);
        tags.put(path, "\"" + Arrays.hashCode(content) + "\"");
        return this;
    }

    StandInServer redirect(String path, String to) {
        redirects.put(path, to);
        return this;
    }

    /** Applies to the next requests for a file, one each. */
    public StandInServer misbehave(Misbehaviour... next) {
        synchronized (misbehaviours) {
            misbehaviours.addAll(List.of(next));
        }
        return this;
    }

    /** Forgets what was still to go wrong. */
    public void calm() {
        synchronized (misbehaviours) {
            misbehaviours.clear();
        }
    }

    public List<Request> requests() {
        return requests;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getRawPath();
            String query = exchange.getRequestURI().getRawQuery();
            String key = query == null ? path : path + "?" + query;
            requests.add(new Request(key, Map.copyOf(exchange.getRequestHeaders())));
            if (redirects.containsKey(key)) {
                exchange.getResponseHeaders().set("Location", redirects.get(key));
                exchange.sendResponseHeaders(302, -1);
                return;
            }
            byte[] content = files.get(key);
            if (content == null) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            Misbehaviour misbehaviour;
            synchronized (misbehaviours) {
                misbehaviour = misbehaviours.poll();
            }
            if (misbehaviour instanceof Misbehaviour.Status(int code)) {
                exchange.sendResponseHeaders(code, -1);
                return;
            }
            if (misbehaviour instanceof Misbehaviour.Answer answer) {
                answer.headers().forEach(exchange.getResponseHeaders()::set);
                exchange.sendResponseHeaders(answer.status(), answer.length() < 0 ? 0 : answer.length());
                exchange.getResponseBody().write(answer.body());
                return;
            }
            String tag = tags.getOrDefault(key, "");
            exchange.getResponseHeaders().set("ETag", tag);
            int from = misbehaviour instanceof Misbehaviour.IgnoreRange ? 0 : rangeStart(exchange, tag);
            if (from > 0 && from >= content.length) {
                exchange.sendResponseHeaders(416, -1);
                return;
            }
            if (from > 0) {
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            }
            exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
            int until = switch (misbehaviour) {
                case Misbehaviour.BreakAfter(int bytes) -> from + Math.min(bytes, content.length);
                case Misbehaviour.StallAfter(int bytes) -> from + bytes;
                case null, default -> content.length;
            };
            exchange.getResponseBody().write(content, from, Math.min(content.length, until) - from);
            exchange.getResponseBody().flush();
            if (misbehaviour instanceof Misbehaviour.StallAfter) {
                closed.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int rangeStart(HttpExchange exchange, String tag) {
        String range = exchange.getRequestHeaders().getFirst("Range");
        String condition = exchange.getRequestHeaders().getFirst("If-Range");
        Matcher matcher = RANGE.matcher(range == null ? "" : range);
        return matcher.matches() && (condition == null || condition.equals(tag))
                ? Integer.parseInt(matcher.group(1))
                : 0;
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
    }
}
