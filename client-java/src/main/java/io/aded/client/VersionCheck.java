package io.aded.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Warns, once, if the server is of another series of versions than this client: the first two numbers of what each says
 * it is. What does not say is not compared.
 */
final class VersionCheck implements ClientInterceptor {
    /** Tells the user. */
    interface Warning {
        void warn(String message);
    }

    /** This client's version, as the build wrote it down. */
    static final String OURS = ours();

    private static final Metadata.Key<String> SERVER_VERSION =
            Metadata.Key.of("aded-server-version", Metadata.ASCII_STRING_MARSHALLER);
    private static final Pattern SERIES = Pattern.compile("(\\d{1,6})\\.(\\d{1,6})\\b.*");

    private final AtomicBoolean compared = new AtomicBoolean();
    private final String ours;
    private final Warning warning;

    VersionCheck(String ours) {
        this(ours, message -> System.getLogger("io.aded.client").log(System.Logger.Level.WARNING, message));
    }

    VersionCheck(String ours, Warning warning) {
        this.ours = ours;
        this.warning = warning;
    }

    private static String ours() {
        try (InputStream written = VersionCheck.class.getResourceAsStream("version.txt")) {
            return written == null ? "development" : new String(written.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException unreadable) {
            return "development";
        }
    }

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
        ClientCall<Q, R> call = next.newCall(method, options);
        if (compared.get()) {
            return call;
        }
        return new SimpleForwardingClientCall<>(call) {
            @Override
            public void start(Listener<R> listener, Metadata headers) {
                super.start(
                        new SimpleForwardingClientCallListener<R>(listener) {
                            @Override
                            public void onHeaders(Metadata told) {
                                seen(told.get(SERVER_VERSION));
                                super.onHeaders(told);
                            }
                        },
                        headers);
            }
        };
    }

    private void seen(@Nullable String theirs) {
        if (theirs == null || compared.getAndSet(true)) {
            return;
        }
        Matcher client = SERIES.matcher(ours);
        Matcher server = SERIES.matcher(theirs);
        if (!client.matches() || !server.matches()) {
            return;
        }
        int first = Integer.compare(Integer.parseInt(client.group(1)), Integer.parseInt(server.group(1)));
        int second = Integer.compare(Integer.parseInt(client.group(2)), Integer.parseInt(server.group(2)));
        int order = first == 0 ? second : first;
        if (order != 0) {
            warning.warn("this client is aded " + ours + ", the server is " + theirs
                    + ": what the newer one added does not work; update the " + (order < 0 ? "client" : "server"));
        }
    }
}
