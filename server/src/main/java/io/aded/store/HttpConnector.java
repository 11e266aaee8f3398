package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Makes an HTTP client that gets out of the house the way the user's other tools do: through the proxy of
 * {@code HTTPS_PROXY} and friends, and trusting the extra certificates that {@code SSL_CERT_FILE} and friends name
 * (companies put their own authority there). Java by itself knows neither.
 */
final class HttpConnector {
    private static final List<String> CERTIFICATE_VARIABLES =
            List.of("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE");

    private HttpConnector() {}

    /** A client that follows no redirects: whoever calls decides which headers may follow where. */
    static HttpClient connect(ProcessEnvironment environment, NpmSettings npm, Duration connectTimeout) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connectTimeout);
        EnvironmentProxies proxies = new EnvironmentProxies(environment, npm);
        builder.proxy(proxies);
        Authenticator authenticator = proxies.authenticator();
        if (authenticator != null) {
            // Java refuses to send a password to a proxy in a CONNECT request unless this list is empty.
            if (System.getProperty("jdk.http.auth.tunneling.disabledSchemes") == null) {
                System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
            }
            builder.authenticator(authenticator);
        }
        SSLContext trust = trust(environment, npm);
        if (trust != null) {
            builder.sslContext(trust);
        }
        return builder.build();
    }

    /** Java's own authorities and those of the environment; null if the environment names none. */
    private static @Nullable SSLContext trust(ProcessEnvironment environment, NpmSettings npm) {
        Set<Path> files = new LinkedHashSet<>();
        for (String variable : CERTIFICATE_VARIABLES) {
            String named = environment.variable(variable);
            if (named != null && Files.isRegularFile(Path.of(named))) {
                files.add(Path.of(named));
            }
        }
        String npmFile = npm.value("cafile");
        if (npmFile != null && Files.isRegularFile(Path.of(npmFile))) {
            files.add(Path.of(npmFile));
        }
        if (files.isEmpty()) {
            return null;
        }
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int number = 0;
            for (TrustManager manager : managers(null)) {
                if (manager instanceof X509TrustManager known) {
                    for (X509Certificate certificate : known.getAcceptedIssuers()) {
                        store.setCertificateEntry("java-" + number++, certificate);
                    }
                }
            }
            for (Path file : files) {
                try (InputStream in = Files.newInputStream(file)) {
                    for (Certificate certificate :
                            CertificateFactory.getInstance("X.509").generateCertificates(in)) {
                        store.setCertificateEntry("file-" + number++, certificate);
                    }
                }
            }
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers(store), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new AdedException.FailedPrecondition(
                    "CERTIFICATES_UNREADABLE",
                    "the certificates in " + files + " cannot be read (" + e.getMessage() + "); mend or unset "
                            + String.join(", ", CERTIFICATE_VARIABLES));
        }
    }

    private static TrustManager[] managers(@Nullable KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }

    /** The proxies of {@code http_proxy}, {@code https_proxy}, {@code all_proxy} and {@code no_proxy}, else npm's. */
    private static final class EnvironmentProxies extends ProxySelector {
        private final @Nullable URI plain;
        private final @Nullable URI secure;
        private final List<String> direct;

        EnvironmentProxies(ProcessEnvironment environment, NpmSettings npm) {
            URI all = proxy(environment, "ALL_PROXY", null);
            URI http = proxy(environment, "HTTP_PROXY", npm.value("proxy"));
            URI https = proxy(environment, "HTTPS_PROXY", npm.value("https-proxy"));
            plain = http != null ? http : all;
            secure = https != null ? https : all != null ? all : proxy(environment, "", npm.value("proxy"));
            String excluded = variable(environment, "NO_PROXY");
            String list = excluded != null ? excluded : npm.value("noproxy");
            direct = list == null
                    ? List.of()
                    : Arrays.stream(list.split("[,\\s]+"))
                            .filter(entry -> !entry.isEmpty())
                            .map(entry -> entry.toLowerCase(Locale.ROOT))
                            .toList();
        }

        private static @Nullable URI proxy(ProcessEnvironment environment, String name, @Nullable String otherwise) {
            String value = variable(environment, name);
            String address = value != null ? value : otherwise;
            if (address == null || address.equals("null") || address.equals("false")) {
                return null;
            }
            try {
                URI proxy = URI.create(address.contains("://") ? address : "http://" + address);
                if (proxy.getHost() != null) {
                    return proxy;
                }
            } catch (IllegalArgumentException e) {
                // Told below, with the variable's name instead of a parser's words.
            }
            throw new AdedException.FailedPrecondition(
                    "PROXY_UNREADABLE", "the proxy address in " + name + " cannot be read; expected http://HOST:PORT");
        }

        private static @Nullable String variable(ProcessEnvironment environment, String name) {
            String lower = name.isEmpty() ? null : environment.variable(name.toLowerCase(Locale.ROOT));
            return lower != null || name.isEmpty() ? lower : environment.variable(name);
        }

        @Nullable
        Authenticator authenticator() {
            String user = secure != null && secure.getUserInfo() != null
                    ? secure.getUserInfo()
                    : plain != null ? plain.getUserInfo() : null;
            if (user == null) {
                return null;
            }
            int colon = user.indexOf(':');
            String name = colon < 0 ? user : user.substring(0, colon);
            String password = colon < 0 ? "" : user.substring(colon + 1);
            return new Authenticator() {
                @Override
                protected @Nullable PasswordAuthentication getPasswordAuthentication() {
                    return getRequestorType() == RequestorType.PROXY
                            ? new PasswordAuthentication(name, password.toCharArray())
                            : null;
                }
            };
        }

        @Override
        public List<Proxy> select(URI target) {
            URI proxy = "https".equalsIgnoreCase(target.getScheme()) ? secure : plain;
            if (proxy == null || isDirect(target)) {
                return List.of(Proxy.NO_PROXY);
            }
            int port = proxy.getPort() >= 0 ? proxy.getPort() : "https".equals(proxy.getScheme()) ? 443 : 80;
            return List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port)));
        }

        private boolean isDirect(URI target) {
            String host = String.valueOf(target.getHost()).toLowerCase(Locale.ROOT);
            if (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]")) {
                return true;
            }
            for (String entry : direct) {
                String suffix = entry.startsWith("*") ? entry.substring(1) : entry;
                String bare = suffix.startsWith(".") ? suffix.substring(1) : suffix;
                if (suffix.isEmpty()
                        || host.equals(bare)
                        || host.endsWith("." + bare)
                        || (host + ":" + target.getPort()).equals(bare)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public void connectFailed(URI target, SocketAddress proxy, IOException failure) {
            // The request itself fails and says so.
        }
    }
}
