package io.aded.lab.load;

import io.aded.engine.DraftPolicy;
import io.aded.lab.report.Machine;
import io.aded.model.AdedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscribers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Somebody else's server, over HTTP/1.1 with a connection for each call that is running. */
final class HttpTarget implements Target {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int OK = 200;

    private final URI base;
    private final HttpApi api;
    private final Manner manner;
    private final ObjectNode extra;
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpClient client;
    private volatile @Nullable String model;

    /**
     * Prepares to talk to a server.
     *
     * @param base its address; the API's path is put behind it
     * @param model the name that requests carry; null takes the first one that the server lists
     * @param extra further fields of each request
     */
    HttpTarget(URI base, HttpApi api, @Nullable String model, ObjectNode extra, Manner manner) {
        this.base = base;
        this.api = api;
        this.model = model;
        this.extra = extra;
        this.manner = manner;
        client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(PATIENCE)
                .proxy(HttpClient.Builder.NO_PROXY)
                .executor(executor)
                .build();
    }

    private URI uri(String path) {
        String address = base.toString().replaceFirst("/+$", "").replaceFirst("/v1$", "");
        return URI.create(address + path);
    }

    @Override
    public Machine.Served served() {
        try {
            HttpResponse<String> response = client.send(
                    HttpRequest.newBuilder(uri("/v1/models")).timeout(PATIENCE).build(),
                    HttpResponse.BodyHandlers.ofString());
            String listed = response.statusCode() == OK ? firstModel(response.body()) : null;
            if (model == null) {
                model = listed;
            }
        } catch (IOException e) {
            throw new AdedException.Unavailable(
                    "UNAVAILABLE",
                    base + " does not answer (" + e.getClass().getSimpleName() + "). Is a server running?",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdedException.Cancelled("interrupted while connecting to " + base);
        }
        String named = model;
        return new Machine.Served(
                named == null ? UNKNOWN.model() : named,
                UNKNOWN.quantization(),
                0,
                "HTTP, " + api.label(),
                List.of(base.getAuthority()),
                0,
                0);
    }

    private static @Nullable String firstModel(String body) {
        try {
            String id = JsonMapper.shared()
                    .readTree(body)
                    .path("data")
                    .path(0)
                    .path("id")
                    .asString("");
            return id.isEmpty() ? null : id;
        } catch (JacksonException e) {
            return null;
        }
    }

    /** An HTTP status as a reply. */
    static Reply.Failed failed(int status) {
        return new Reply.Failed("HTTP " + status, status == TOO_MANY_REQUESTS);
    }

    @Override
    public Talk talk(@Nullable DraftPolicy draft) {
        return new HttpTalk();
    }

    @Override
    public void close() {
        client.shutdownNow();
        executor.shutdownNow();
    }

    /** A caller; it remembers what was said, since these servers do not. */
    private final class HttpTalk implements Talk {
        private final List<HttpApi.Message> messages = new ArrayList<>();
        private volatile @Nullable CompletableFuture<HttpResponse<Reply>> running;
        private volatile boolean cancelled;

        HttpTalk() {
            String system = manner.system();
            if (system != null) {
                messages.add(new HttpApi.Message("system", system));
            }
        }

        @Override
        public Reply ask(Job.Question question, Timeline timeline) throws InterruptedException {
            messages.add(new HttpApi.Message("user", question.text()));
            ObjectNode body = JsonMapper.shared().createObjectNode();
            String named = model;
            if (named != null) {
                body.put("model", named);
            }
            api.prompt(body, messages);
            api.parameters(body, question, manner);
            for (var field : extra.properties()) {
                JsonNode value = field.getValue();
                body.set(field.getKey(), value);
            }
            StringBuilder text = new StringBuilder();
            Reply reply = send(body.toString(), new EventReader(api, timeline, text));
            messages.add(new HttpApi.Message("assistant", text.toString()));
            return reply;
        }

        private Reply send(String body, EventReader reader) throws InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(uri(api.path()))
                    .header("Content-Type", "application/json")
                    .header("Accept", "text/event-stream")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
            CompletableFuture<HttpResponse<Reply>> sent = client.sendAsync(
                    request,
                    response -> response.statusCode() == OK
                            ? reader
                            : BodySubscribers.mapping(
                                    BodySubscribers.discarding(), _ -> failed(response.statusCode())));
            running = sent;
            if (cancelled) {
                sent.cancel(true);
            }
            try {
                Reply reply =
                        sent.get(manner.timeoutNanos(), TimeUnit.NANOSECONDS).body();
                // What cancelling breaks is not the server's fault.
                return cancelled && reply instanceof Reply.Failed ? Reply.CANCELLED : reply;
            } catch (TimeoutException e) {
                sent.cancel(true);
                return Reply.LATE;
            } catch (CancellationException e) {
                return Reply.CANCELLED;
            } catch (ExecutionException e) {
                return cancelled ? Reply.CANCELLED : Reply.UNAVAILABLE;
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            CompletableFuture<HttpResponse<Reply>> sent = running;
            if (sent != null) {
                sent.cancel(true);
            }
        }

        @Override
        public void close() {}
    }
}
