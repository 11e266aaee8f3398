package io.aded.lab.load;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a stream of server-sent events as it arrives: lines {@code data: {…}}, the last {@code data: [DONE]} (<a
 * href="https://html.spec.whatwg.org/multipage/server-sent-events.html">HTML, §9.2</a>; only the field that these APIs
 * use). It never fails: whatever comes, there is a reply.
 */
final class EventReader implements BodySubscriber<Reply> {
    /** A server that sends longer lines is not streaming. */
    private static final int LONGEST_LINE = 1 << 20;

    /** Comments, and fields that these APIs give no meaning to. */
    private static final List<String> OTHER_FIELDS = List.of(":", "event:", "id:", "retry:");

    private final HttpApi api;
    private final Timeline timeline;
    private final StringBuilder text;
    private final CompletableFuture<Reply> reply = new CompletableFuture<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private Flow.@Nullable Subscription subscription;
    private Reply.Usage usage = Reply.Usage.NONE;
    private boolean complete;

    /** Reads into a timeline, and the answer's text into {@code text}. */
    EventReader(HttpApi api, Timeline timeline, StringBuilder text) {
        this.api = api;
        this.timeline = timeline;
        this.text = text;
    }

    @Override
    public CompletionStage<Reply> getBody() {
        return reply;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        given.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            while (buffer.hasRemaining() && !reply.isDone()) {
                byte next = buffer.get();
                if (next == '\n') {
                    read(line.toString(StandardCharsets.UTF_8).stripTrailing());
                    line.reset();
                } else if (line.size() == LONGEST_LINE) {
                    end(Reply.MALFORMED);
                } else {
                    line.write(next);
                }
            }
        }
    }

    private void read(String text) {
        if (text.isEmpty() || OTHER_FIELDS.stream().anyMatch(text::startsWith)) {
            return;
        }
        if (!text.startsWith("data:")) {
            end(Reply.MALFORMED);
            return;
        }
        String data = text.substring("data:".length()).strip();
        if (data.equals("[DONE]")) {
            complete = true;
            return;
        }
        try {
            event(JsonMapper.shared().readTree(data));
        } catch (JacksonException e) {
            end(Reply.MALFORMED);
        }
    }

    private void event(JsonNode event) {
        if (!event.isObject()) {
            end(Reply.MALFORMED);
            return;
        }
        if (event.has("error")) {
            int code = event.path("error").path("code").asInt(0);
            end(code == 0 ? new Reply.Failed("ERROR", false) : HttpTarget.failed(code));
            return;
        }
        HttpApi.Event read = api.read(event);
        if (!read.text().isEmpty()) {
            text.append(read.text());
            timeline.arrived(1);
        }
        complete |= read.last();
        if (read.usage() != Reply.Usage.NONE) {
            usage = read.usage();
        }
    }

    /** Ends before the stream does. */
    private void end(Reply early) {
        reply.complete(early);
        Flow.Subscription known = subscription;
        if (known != null) {
            known.cancel();
        }
    }

    @Override
    public void onError(Throwable failure) {
        reply.complete(Reply.UNAVAILABLE);
    }

    @Override
    public void onComplete() {
        if (line.size() > 0 && !reply.isDone()) {
            read(line.toString(StandardCharsets.UTF_8).strip());
        }
        reply.complete(complete ? new Reply.Answered(usage) : Reply.MALFORMED);
    }
}
