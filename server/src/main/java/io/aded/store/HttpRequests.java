package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;

/** Asks servers for files, goes where they redirect to, and says in our words what their statuses mean. */
final class HttpRequests {
    private static final int MAX_REDIRECTS = 8;

    private final Supplier<HttpClient> client;
    private final Duration stall;

    /**
     * Asks by a client.
     *
     * @param client one that follows no redirects
     * @param stall how long an answer may take to begin
     */
    HttpRequests(Supplier<HttpClient> client, Duration stall) {
        this.client = client;
        this.stall = stall;
    }

    /** A status by which a server says: not now. */
    static final class Busy extends Exception {
        private static final long serialVersionUID = 1;

        Busy(String message) {
            super(message);
        }
    }

    /** A GET that follows redirects, taking the caller's headers along only to the same host. */
    HttpResponse<InputStream> get(URI address, Map<String, String> headers) throws IOException, Busy {
        URI at = address;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpRequest.Builder request;
            try {
                request = HttpRequest.newBuilder(at);
            } catch (IllegalArgumentException e) {
                throw new AdedException.InvalidRequest("address", "is " + at + "; allowed: http and https addresses");
            }
            // The range belongs to the file, wherever it lies; the rest of the headers to the host they were meant for.
            boolean sameHost = String.valueOf(at.getRawAuthority()).equals(String.valueOf(address.getRawAuthority()));
            headers.forEach((name, value) -> {
                if (sameHost || name.equals("Range") || name.equals("If-Range")) {
                    set(request, address, name, value);
                }
            });
            request.header("User-Agent", "aded").timeout(stall);
            HttpResponse<InputStream> answer;
            try {
                answer = client.get().send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AdedException.Cancelled("the transfer was interrupted");
            }
            int status = answer.statusCode();
            if (status == 200 || status == 206 || status == 416) {
                return answer;
            }
            answer.body().close();
            if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
                at = redirected(at, answer.headers().firstValue("Location").orElse(""));
                continue;
            }
            throw refusal(status, at);
        }
        throw new AdedException.Unavailable(
                "TOO_MANY_REDIRECTS", address.getHost() + " redirects more than " + MAX_REDIRECTS + " times");
    }

    private static void set(HttpRequest.Builder request, URI address, String name, String value) {
        try {
            request.header(name, value);
        } catch (IllegalArgumentException e) { // its message holds the value
            throw new AdedException.FailedPrecondition(
                    "BAD_HEADER",
                    "what is configured as " + name + " for " + address.getHost()
                            + " has characters that cannot be sent, such as a line's end");
        }
    }

    private static URI redirected(URI at, String location) {
        URI next;
        try {
            next = at.resolve(location);
        } catch (IllegalArgumentException e) {
            next = URI.create("");
        }
        boolean secure = "https".equalsIgnoreCase(next.getScheme());
        if (location.isBlank() || next.getHost() == null || !secure && !"http".equalsIgnoreCase(next.getScheme())) {
            throw new AdedException.Unavailable(
                    "BAD_REDIRECT", at.getHost() + " redirects to what is no http or https address");
        }
        if (!secure && "https".equalsIgnoreCase(at.getScheme())) {
            throw new AdedException.Unavailable("INSECURE_REDIRECT", at.getHost() + " redirects from https to http");
        }
        return next;
    }

    private static AdedException refusal(int status, URI at) throws Busy {
        return switch (status) {
            case 404, 410 ->
                new AdedException.NotFound(
                        "NOT_ON_SERVER", at.getHost() + " has no " + at.getPath() + " (HTTP " + status + ")");
            case 401, 403 ->
                new AdedException.FailedPrecondition(
                        "ACCESS_DENIED",
                        at.getHost() + " denies access to " + at.getPath() + " (HTTP " + status
                                + "); it may need a token (HF_TOKEN for Hugging Face, .npmrc for a registry)");
            case 408, 425, 429, 500, 502, 503, 504 -> throw new Busy(at.getHost() + " answers HTTP " + status);
            default ->
                new AdedException.Unavailable(
                        "SERVER_ANSWER", at.getHost() + " answers HTTP " + status + " for " + at.getPath());
        };
    }
}
