package io.aded.cli;

import static io.aded.cli.LoadOptions.refuse;
import static io.aded.cli.LoadOptions.within;

import io.aded.lab.load.HttpApi;
import io.aded.lab.load.LoadedServer;
import io.aded.lab.load.Manner;
import io.aded.model.FieldViolation;
import io.aded.rpc.ListenAddress;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Whom to load. */
final class ServerOptions {
    @Option(
            names = "--target",
            paramLabel = "HOST:PORT|unix:PATH",
            description =
                    "Load this server of aded. Without it and --http the model is loaded and served by this process,"
                            + " on a loopback port.")
    private @Nullable String target;

    @Option(
            names = "--http",
            paramLabel = "URL",
            description = "Load another server over HTTP instead, such as http://127.0.0.1:8080.")
    private @Nullable String http;

    @Option(
            names = "--api",
            paramLabel = "NAME",
            description = "How to ask it: openai (/v1/completions), openai-chat (/v1/chat/completions), llama"
                    + " (/completion). Default: openai-chat.")
    private @Nullable String api;

    @Option(
            names = "--http-model",
            paramLabel = "NAME",
            description = "The model that requests over HTTP name. Default: the first that /v1/models lists.")
    private @Nullable String httpModel;

    @Option(
            names = "--http-body",
            paramLabel = "JSON",
            description = "An object whose fields go into each request over HTTP, such as '{\"cache_prompt\":false}'.")
    private @Nullable String httpBody;

    @Option(names = "--allow-remote", description = "Load a server that is not on this machine. Only one of your own.")
    private boolean allowRemote;

    @Option(
            names = "--connections",
            paramLabel = "N",
            defaultValue = "1",
            description = "gRPC connections that calls are spread over. Default: ${DEFAULT-VALUE}.")
    private int connections = 1;

    /** Whether the user named a server. */
    boolean isNamed() {
        return target != null || http != null;
    }

    boolean isHttp() {
        return http != null;
    }

    /** Adds what is wrong with them. */
    void check(List<FieldViolation> wrong, Manner manner) {
        within(wrong, "--connections", connections, 1, 256);
        refuse(wrong, target != null && http != null, "--http", "cannot be combined with --target; name one server");
        refuse(
                wrong,
                http != null && connections != 1,
                "--connections",
                "is for gRPC; over HTTP each running call has its own");
        refuse(
                wrong,
                http == null && (api != null || httpModel != null || httpBody != null),
                "--api, --http-model, --http-body",
                "are for HTTP; give --http, too");
        HttpApi chosen = api(wrong);
        refuse(
                wrong,
                http != null && manner.turns() > 1 && chosen != HttpApi.OPENAI_CHAT,
                "--turns",
                "needs messages; allowed with --api openai-chat, or without --http");
        refuse(
                wrong,
                http != null && manner.raw() && chosen == HttpApi.OPENAI_CHAT,
                "--raw",
                "is not possible with --api openai-chat; allowed: --api openai, --api llama");
        extra(wrong);
        requireLoopback(wrong, url(wrong));
    }

    /** The choice as a record; call when {@link #check} found nothing. */
    LoadedServer choice() {
        URI address = url(new ArrayList<>());
        if (address != null) {
            return new LoadedServer.Http(address, api(new ArrayList<>()), httpModel, extra(new ArrayList<>()));
        }
        return target != null ? new LoadedServer.Remote(target, connections) : new LoadedServer.Own(connections);
    }

    private ObjectNode extra(List<FieldViolation> wrong) {
        JsonNode read = null;
        if (httpBody != null) {
            try {
                read = JsonMapper.shared().readTree(httpBody);
            } catch (JacksonException e) {
                read = null;
            }
            refuse(
                    wrong,
                    !(read instanceof ObjectNode),
                    "--http-body",
                    "is no JSON object; allowed: {\"field\": value}");
        }
        return read instanceof ObjectNode object ? object : JsonMapper.shared().createObjectNode();
    }

    private HttpApi api(List<FieldViolation> wrong) {
        for (HttpApi known : HttpApi.values()) {
            if (known.label().equalsIgnoreCase(api == null ? HttpApi.OPENAI_CHAT.label() : api)) {
                return known;
            }
        }
        String allowed = Stream.of(HttpApi.values()).map(HttpApi::label).collect(Collectors.joining(", "));
        wrong.add(new FieldViolation("--api", "is \"" + api + "\"; allowed: " + allowed));
        return HttpApi.OPENAI_CHAT;
    }

    private @Nullable URI url(List<FieldViolation> wrong) {
        if (http == null) {
            return null;
        }
        try {
            URI url = URI.create(http);
            boolean usable = ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
                    && url.getHost() != null
                    && url.getQuery() == null
                    && url.getFragment() == null;
            if (usable) {
                return url;
            }
        } catch (IllegalArgumentException e) {
            // Refused below, like an address of another kind.
        }
        wrong.add(
                new FieldViolation("--http", "is \"" + http + "\"; allowed: http://HOST:PORT, with a path if need be"));
        return null;
    }

    /** Load is for one's own machines; to hit another's must not be a matter of a slip. */
    private void requireLoopback(List<FieldViolation> wrong, @Nullable URI url) {
        String host = null;
        if (target != null) {
            try {
                if (ListenAddress.parse(target) instanceof ListenAddress.Tcp tcp) {
                    host = tcp.host();
                }
            } catch (IllegalArgumentException e) {
                wrong.add(new FieldViolation("--target", "is \"" + target + "\"; allowed: HOST:PORT or unix:PATH"));
            }
        } else if (url != null) {
            host = url.getHost();
        }
        if (host != null && !allowRemote && !isLoopback(host)) {
            wrong.add(new FieldViolation(
                    target != null ? "--target" : "--http",
                    "names " + host + ", which is not this machine's loopback address; allowed: localhost, 127.0.0.1,"
                            + " [::1] or a Unix socket, and others only with --allow-remote"));
        }
    }

    private static boolean isLoopback(String host) {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
