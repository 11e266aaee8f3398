package io.aded.cli;

import io.aded.store.ProcessEnvironment;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs commands in this process, with a home directory of their own, and keeps what they print. */
final class TestTerminal {
    private final Path home;
    /** One thread for llama.cpp: the models are tiny, and two that spin beside another test would make both crawl. */
    private final Map<String, String> environment = new HashMap<>(Map.of("ADED_THREADS", "1"));

    private String typed = "";
    private ByteArrayOutputStream out = new ByteArrayOutputStream();
    private ByteArrayOutputStream err = new ByteArrayOutputStream();

    TestTerminal(Path home) {
        this.home = home;
    }

    TestTerminal with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    TestTerminal typing(String text) {
        typed = text;
        return this;
    }

    int run(String... arguments) {
        out = new ByteArrayOutputStream();
        err = new ByteArrayOutputStream();
        return Main.run(terminal(), arguments);
    }

    Terminal terminal() {
        return new Terminal(
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                new BufferedReader(new StringReader(typed)),
                false,
                false,
                new ProcessEnvironment(environment, home, home));
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /** What was printed, which must be one JSON object on one line. */
    JsonNode json() {
        if (out().strip().lines().count() != 1) {
            throw new AssertionError("not one line: " + out() + err());
        }
        return JsonMapper.shared().readTree(out());
    }
}
