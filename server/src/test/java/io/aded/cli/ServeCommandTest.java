package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.llama.TinyModels;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sidecar as a process of its own, with real signals. */
final class ServeCommandTest {
    private static final int PATIENCE_SECONDS = 120;
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    @TempDir
    Path home;

    private final List<Process> processes = new ArrayList<>();

    @AfterEach
    void stop() throws InterruptedException {
        for (Process process : processes) {
            process.destroyForcibly().waitFor();
        }
    }

    /** A running command and what it says. */
    private record Running(Process process, BlockingQueue<String> lines) {
        String await(Predicate<String> wanted) throws InterruptedException {
            StringBuilder seen = new StringBuilder();
            while (true) {
                String line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
                if (line == null) {
                    throw new AssertionError("not said: " + seen);
                }
                seen.append(line).append('\n');
                if (wanted.test(line)) {
                    return line;
                }
            }
        }

        int exit() throws InterruptedException {
            assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            return process.exitValue();
        }
    }

    private Running start(String... arguments) throws IOException {
        return startMain("io.aded.cli.Main", arguments);
    }

    private Running startMain(String main, String... arguments) throws IOException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx256m",
                "-cp",
                classPath,
                main));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("HOME", home.toString());
        builder.environment().keySet().removeIf(name -> name.startsWith("ADED_") || name.startsWith("XDG_"));
        // The models are tiny, and two threads that spin beside another test would make both crawl.
        builder.environment().put("ADED_THREADS", "1");
        Process process = builder.start();
        processes.add(process);
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread.ofVirtual().start(() -> {
            try (BufferedReader reader =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                reader.lines().forEach(lines::add);
            } catch (IOException e) {
                lines.add("cannot be read: " + e);
            }
        });
        return new Running(process, lines);
    }

    @Test
    void serve_overTcpAndSocket_answersAndDrainsOnTheSignal() throws Exception {
        String model = TinyModels.f32(home).toString();
        Path socket = home.resolve("aded.sock");

        Running server = start("serve", "--model", model, "--listen", "127.0.0.1:0,unix:" + socket, "--name", "tiny");

        String listening = server.await(line -> line.contains("listens on"));
        String port = listening.replaceAll("(?s).*127\\.0\\.0\\.1:(\\d+).*", "$1");
        server.await(line -> line.contains("grpcurl"));
        assertThat(Files.getPosixFilePermissions(socket)).hasSize(4);

        TestTerminal local = new TestTerminal(home);
        TestTerminal remote = new TestTerminal(home);
        for (String target : new String[] {"127.0.0.1:" + port, "unix:" + socket}) {
            int code = remote.run(
                    "generate", "--target", target, "--raw", "-n", "16", "--temperature", "0", "--json", "the cat and");
            assertThat(code).describedAs(remote::err).isZero();
            local.run("generate", "-m", model, "--raw", "-n", "16", "--temperature", "0", "--json", "the cat and");
            assertThat(remote.json().path("tokens")).isEqualTo(local.json().path("tokens"));
        }
        assertThat(remote.run("generate", "--target", "127.0.0.1:" + port, "--temperature", "-1", "the"))
                .isEqualTo(2);
        assertThat(remote.err()).contains("temperature");
        remote.typing("the cat\n/reset\nthe dog\n");
        assertThat(remote.run("chat", "--target", "127.0.0.1:" + port, "-n", "4", "--show-draft"))
                .isZero();

        // The handle's way sends the signal only; the process's own would also close its output.
        server.process().toHandle().destroy();

        server.await(line -> line.contains("Stopped"));
        assertThat(server.exit()).isZero();
        assertThat(socket).doesNotExist();
    }

    @Test
    void serve_portInUse_saysSoBeforeLoadingAnything() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Running server = start("serve", "--model", "no-such.gguf", "--listen", "127.0.0.1:" + taken.getLocalPort());

            server.await(line -> line.contains("in use"));
            assertThat(server.exit()).isEqualTo(ExitCode.FAILED_PRECONDITION.code());
        }
    }

    @Test
    void serve_toldToStopWhileItLoads_stopsAsWhenItServes() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) { // never sends the model
            Running server = start(
                    "serve",
                    "--model",
                    "http://127.0.0.1:" + silent.getLocalPort() + "/tiny.gguf",
                    "--listen",
                    "127.0.0.1:0");
            server.await(line -> line.contains("listens on"));
            try (Socket asked = silent.accept()) {
                server.process().destroy();
                assertThat(server.exit()).isZero();
            }
        }
    }

    @Test
    void serve_modelMissing_endsWithItsCode() throws Exception {
        Running server = start("serve", "--model", "no-such.gguf", "--listen", "127.0.0.1:0");

        server.await(line -> line.contains("no-such.gguf"));
        assertThat(server.exit()).isEqualTo(ExitCode.NOT_FOUND.code());
    }

    private static void signal(String name, Running running) throws Exception {
        Process kill = new ProcessBuilder(
                        "kill", "-" + name, Long.toString(running.process().pid()))
                .inheritIO()
                .start();
        assertThat(kill.waitFor()).isZero();
    }

    /**
     * The signal of a terminal that closes; or of a stop, where this process was started to ignore the former (as by
     * nohup), which its children do as well.
     */
    private static String hangUp() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return "HUP";
        }
        try (Stream<String> lines = Files.lines(status)) {
            boolean ignored = lines.filter(line -> line.startsWith("SigIgn:"))
                    .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 1) != 0);
            return ignored ? "TERM" : "HUP";
        }
    }

    @Test
    void serve_malformedFramesAndHangup_logsLittleAndDrainsAsForAnyOtherSignal() throws Exception {
        Running server =
                start("serve", "--model", TinyModels.f32(home).toString(), "--listen", "127.0.0.1:0", "--drain", "20");
        String port =
                server.await(line -> line.contains("listens on")).replaceAll("(?s).*127\\.0\\.0\\.1:(\\d+).*", "$1");
        server.await(line -> line.contains("grpcurl"));
        for (int i = 0; i < 300; i++) {
            malformed(Integer.parseInt(port), i % 2 == 0 ? "GET / HTTP/1.1\r\n\r\n" : PREFACE + "not a frame at all");
        }
        assertThat(server.lines().size()).isLessThan(60);

        signal(hangUp(), server);

        server.await(line -> line.contains("running answers may take 18 s"));
        server.await(line -> line.contains("Stopped"));
        assertThat(server.exit()).isZero();
    }

    /** Sends bytes and waits until the server has had enough of them. */
    private static void malformed(int port, String bytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
            socket.shutdownOutput();
            socket.getInputStream().readAllBytes();
        } catch (SocketException reset) {
            // As well: it is over.
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "HUP"})
    void serve_engineStuck_endsWithinItsGraceThoughAndSaysWhere(String signal) throws Exception {
        Running server = startMain("io.aded.cli.StuckServer");
        server.await(line -> line.equals("ready"));

        signal(signal.equals("HUP") ? hangUp() : signal, server);

        server.await(line -> line.contains("did not stop within 2 s"));
        server.await(line -> line.contains("aded-engine: "));
        assertThat(server.exit()).isEqualTo(9);
    }

    @Test
    void run_signalBeforeThereIsAModel_saysSoAndEndsWithZero() throws Exception {
        Running server = startMain("io.aded.cli.LoadingServer");
        server.await(line -> line.equals("ready"));

        signal("TERM", server);

        server.await(line -> line.equals("Stopped before the model was loaded."));
        assertThat(server.exit()).isZero();
    }
}
