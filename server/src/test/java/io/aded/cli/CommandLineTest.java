package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.gguf.EditableGguf;
import io.aded.llama.TinyModels;
import io.aded.natives.NativesPlatform;
import io.aded.store.StandInServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

final class CommandLineTest {
    @TempDir
    static Path shared;

    @TempDir
    Path home;

    private static String model;

    private TestTerminal terminal;

    @BeforeAll
    static void writeTheModel() {
        model = TinyModels.f32(shared).toString();
    }

    /** The cache is shared, so that a process of its own tries the model once and not for every test. */
    @BeforeEach
    void prepare() {
        terminal = new TestTerminal(home)
                .with("XDG_CACHE_HOME", shared.resolve("cache").toString());
    }

    private JsonNode generate(String... options) {
        List<String> arguments =
                new ArrayList<>(List.of("generate", "--model", model, "--json", "--raw", "--max-tokens", "24"));
        arguments.addAll(List.of(options));
        arguments.add("the cat and the dog and the cat and");
        assertThat(terminal.run(arguments.toArray(String[]::new)))
                .describedAs(() -> terminal.err())
                .isZero();
        return terminal.json();
    }

    // --- generate

    @Test
    void generate_json_oneObjectWithAllThatScriptsReadAndNothingElse() {
        JsonNode answer = generate("--temperature", "0");

        assertThat(answer.path("text").asString("")).isNotBlank();
        assertThat(answer.path("tokens").size()).isEqualTo(24);
        assertThat(answer.path("finish_reason").asString("")).isEqualTo("length");
        assertThat(answer.path("usage").path("completion_tokens").asInt()).isEqualTo(24);
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).isGreaterThan(8);
        assertThat(answer.path("speculation").path("mode").asString("")).isEqualTo("auto");
        assertThat(answer.path("speculation").path("num_steps").asInt()).isBetween(1, 24);
        assertThat(terminal.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "aded", "aded-mcts", "prompt-lookup"})
    void generate_anyDraft_givesTheTokensOfPlainDecoding(String draft) {
        for (String temperature : new String[] {"0", "0.8"}) {
            JsonNode plain = generate("--temperature", temperature, "--seed", "7", "--draft", "off");
            JsonNode drafted = generate("--temperature", temperature, "--seed", "7", "--draft", draft);

            assertThat(drafted.path("tokens")).isEqualTo(plain.path("tokens"));
            assertThat(plain.path("speculation").path("num_draft_tokens").asInt())
                    .isZero();
        }
    }

    @Test
    void generate_largestSeed_isReportedUnsigned() {
        assertThat(generate("--seed", "4294967295").path("seed").asLong()).isEqualTo(4294967295L);
    }

    @Test
    void generate_text_printsTheAnswerAndNothingElse() {
        String expected = generate("--temperature", "0").path("text").asString("");

        terminal.run(
                "generate",
                "-m",
                model,
                "--raw",
                "-n",
                "24",
                "--temperature",
                "0",
                "the cat and the dog and the cat and");

        assertThat(terminal.out()).isEqualTo(expected + System.lineSeparator());
    }

    @Test
    void generate_promptFromStandardInput_isTheSamePrompt() {
        JsonNode given = generate("--temperature", "0");

        terminal.typing("the cat and the dog and the cat and");
        terminal.run("generate", "-m", model, "--json", "--raw", "-n", "24", "--temperature", "0", "-");

        assertThat(terminal.json().path("tokens")).isEqualTo(given.path("tokens"));
    }

    @Test
    void generate_argumentThatLooksLikeAnOption_isAPromptAfterTwoDashes() {
        assertThat(terminal.run("generate", "-m", model, "--raw", "-n", "1", "--", "--draft"))
                .isZero();
    }

    // --- what goes wrong

    record Failure(String what, int code, String message, String... arguments) {
        @Override
        public String toString() {
            return what;
        }
    }

    static Stream<Failure> failures() throws IOException {
        Path damaged =
                Files.write(shared.resolve("truncated.gguf"), Arrays.copyOf(Files.readAllBytes(Path.of(model)), 5000));
        Path text = Files.writeString(shared.resolve("notes.txt"), "no model, no library");
        String tiny = model;
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        return Stream.of(
                new Failure("no command", 2, "serve"),
                new Failure("unknown command", 2, "server", "server"),
                new Failure("unknown option", 2, "--modell", "generate", "--modell", "x", "hi"),
                new Failure("no number", 2, "--max-tokens", "generate", "-m", tiny, "--max-tokens", "many", "hi"),
                new Failure("no prompt", 2, "PROMPT", "generate", "-m", tiny, ""),
                new Failure("missing model", 3, "no-such", "generate", "--model", "no-such.gguf", "hi"),
                new Failure("truncated model", 4, "truncated", "generate", "--model", damaged.toString(), "hi"),
                new Failure("text as a model", 4, "GGUF", "generate", "--model", text.toString(), "hi"),
                new Failure("text as a library", 4, "notes.txt", "generate", "--natives", text.toString(), "hi"),
                new Failure("missing library", 3, "nowhere", "generate", "--natives", "/nowhere", "hi"),
                new Failure("unknown draft", 2, "aded-mcts", "generate", "-m", tiny, "--draft", "magic", "hi"),
                new Failure("absurd draft", 2, "256", "generate", "-m", tiny, "--draft-nodes", "9999", "hi"),
                new Failure("negative heat", 2, "temperature", "generate", "-m", tiny, "--temperature", "-1", "hi"),
                new Failure("NaN", 2, "--top-p", "generate", "-m", tiny, "--top-p", "NaN", "hi"),
                new Failure("negative seed", 2, "--seed", "generate", "-m", tiny, "--seed", "-5", "hi"),
                new Failure("negative length", 2, "--max-tokens", "generate", "-m", tiny, "-n", "-3", "hi"),
                new Failure("tiny context", 2, "--context", "generate", "-m", tiny, "--context", "1", "hi"),
                new Failure(
                        "prompt too long",
                        2,
                        "context",
                        "generate",
                        "-m",
                        tiny,
                        "-c",
                        "64",
                        "--raw",
                        "the cat ".repeat(90)),
                new Failure("odd layers", 2, "--gpu-layers", "generate", "-m", tiny, "--gpu-layers", "most", "hi"),
                new Failure("no grammar file", 3, "--grammar", "generate", "-m", tiny, "--grammar", "/nowhere", "hi"),
                new Failure("nobody there", 7, "aded serve", "generate", "--target", "127.0.0.1:" + port, "hi"),
                new Failure("model and target", 2, "--target", "generate", "-m", tiny, "--target", "x:1", "hi"),
                new Failure("no socket", 7, "unix:/nowhere", "generate", "--target", "unix:/nowhere", "hi"),
                new Failure("odd address", 2, "HOST:PORT", "serve", "-m", tiny, "--listen", "somewhere"),
                new Failure("odd mode", 2, "660", "serve", "-m", tiny, "--listen", "unix:/x", "--socket-mode", "999"),
                new Failure("odd metrics", 2, "PORT", "serve", "-m", tiny, "--metrics", "x:y"),
                new Failure("no table", 3, "no draft table", "draft", "show", "/nowhere"),
                new Failure("not a table", 4, "table", "draft", "show", tiny),
                new Failure("no text", 3, "nowhere", "draft", "build", "-m", tiny, "--from", "/nowhere"),
                new Failure("no such layer", 2, "0 to 1", "models", "derive", tiny, "--skip", "2"),
                new Failure("odd layers", 2, "9-12", "models", "derive", tiny, "--skip", "all"),
                new Failure("too few layers", 2, "at least 3", "models", "derive", tiny, "--skip", "auto"),
                new Failure("nothing to derive", 2, "the model itself", "models", "derive", tiny),
                new Failure("odd format", 2, "Q4_K_M", "models", "derive", tiny, "--format", "q3_k"),
                new Failure("odd hub", 2, "OWNER/REPO", "models", "pull", "--hf", "justaname"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void run_wrongInput_saysWhatToDoWithoutAStackTrace(Failure failure) {
        int code = terminal.run(failure.arguments());

        assertThat(code).describedAs(() -> terminal.err()).isEqualTo(failure.code());
        assertThat(terminal.err())
                .contains(failure.message())
                .startsWith("aded: ")
                .doesNotContain("\tat ");
        assertThat(terminal.out()).isEmpty();
    }

    @Test
    void run_debugVariable_showsWhere() {
        terminal.with("ADED_DEBUG", "1").run("generate", "--model", "no-such.gguf", "hi");

        assertThat(terminal.err()).contains("\tat io.aded");
    }

    // --- defaults

    @Test
    void environment_setsAnOption_commandLineWins() {
        terminal.with("ADED_MODEL", model).with("ADED_MAX_TOKENS", "3").with("ADED_TEMPERATURE", "0");

        terminal.run("generate", "--raw", "--json", "the");
        assertThat(terminal.json().path("tokens").size()).isEqualTo(3);

        terminal.run("generate", "--raw", "--json", "--max-tokens", "5", "the");
        assertThat(terminal.json().path("tokens").size()).isEqualTo(5);
    }

    @Test
    void configurationFile_setsOptions_sectionBeforeFileEnvironmentBeforeBoth() throws IOException {
        Path directory = Files.createDirectories(home.resolve(".config/aded"));
        Files.writeString(
                directory.resolve("config.yaml"),
                "model: " + model + "\nmax-tokens: 9\ngenerate:\n  max-tokens: 4\n  stop: [zzz, yyy]\n");

        terminal.run("generate", "--raw", "--json", "the");
        assertThat(terminal.json().path("tokens").size()).isEqualTo(4);

        terminal.with("ADED_MAX_TOKENS", "2").run("generate", "--raw", "--json", "the");
        assertThat(terminal.json().path("tokens").size()).isEqualTo(2);
    }

    @Test
    void configurationFile_named_isReadInsteadOfTheUsualOne() throws IOException {
        Path file = Files.writeString(home.resolve("mine.yaml"), "model: " + model + "\nmax-tokens: 6\n");

        terminal.run("generate", "--config", file.toString(), "--raw", "--json", "the");

        assertThat(terminal.json().path("tokens").size()).isEqualTo(6);
    }

    @Test
    void configurationFile_mistypedOption_isRefused() throws IOException {
        Path file = Files.writeString(home.resolve("mine.yaml"), "max-token: 6\n");

        assertThat(terminal.run("generate", "--config", file.toString(), "-m", model, "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("max-token").contains("no option");
    }

    @Test
    void configurationFile_notYaml_isRefused() throws IOException {
        Path file = Files.writeString(home.resolve("mine.yaml"), "a: [1, 2\n");

        assertThat(terminal.run("generate", "--config", file.toString(), "-m", model, "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("YAML");
    }

    @Test
    void configurationFile_namedButMissing_isNotFound() {
        assertThat(terminal.run("generate", "--config", "nothing.yaml", "the")).isEqualTo(3);
    }

    // --- chat

    @Test
    void chat_linesFromStandardInput_eachIsAnswered() {
        terminal.typing("the cat\n\n/reset\nthe dog\n/nonsense\n/exit\nnever read\n");

        int code = terminal.run("chat", "-m", model, "-n", "6", "--temperature", "0", "--system", "the sea");

        assertThat(code).describedAs(() -> terminal.err()).isZero();
        assertThat(terminal.out().lines().filter(line -> !line.isBlank()).count())
                .isEqualTo(2);
        assertThat(terminal.err()).contains("Talking to").contains("Forgotten").contains("/nonsense");
    }

    @Test
    void chat_showDraft_marksWhatWasGuessedAndLosesNothing() {
        terminal.typing("the cat and the dog and the cat and the dog and the cat and\n");
        terminal.run("chat", "-m", model, "-n", "40", "--temperature", "0", "--draft", "aded", "--draft-nodes", "12");
        String plain = terminal.out();

        terminal.typing("the cat and the dog and the cat and the dog and the cat and\n");
        terminal.run(
                "chat",
                "-m",
                model,
                "-n",
                "40",
                "--temperature",
                "0",
                "--draft",
                "aded",
                "--draft-nodes",
                "12",
                "--show-draft");

        assertThat(terminal.out().replaceAll("[\\[\\]]", "")).isEqualTo(plain);
        assertThat(terminal.err()).contains("[brackets]");
    }

    @Test
    void chat_refusedMessage_doesNotEndTheConversation() {
        terminal.typing("the cat ".repeat(200) + "\nthe dog\n");

        int code = terminal.run("chat", "-m", model, "-c", "128", "-n", "4");

        assertThat(code).isZero();
        assertThat(terminal.err()).contains("aded: ");
        assertThat(terminal.out()).isNotBlank();
    }

    // --- models, draft, doctor, help

    @Test
    void models_list_namesTheDefaultAndWhatWasFetched() {
        assertThat(terminal.run("models", "list")).isZero();
        assertThat(terminal.out())
                .contains("tinyllama-chat")
                .contains("can be pulled")
                .contains("(default)");
    }

    @Test
    void models_pullFromAnAddress_printsThePathAndGeneratesFromIt() throws IOException {
        terminal.with("XDG_CACHE_HOME", home.resolve("cache").toString());
        try (StandInServer server = new StandInServer()) {
            server.file("/tiny.gguf", Files.readAllBytes(Path.of(model)));

            assertThat(terminal.run("models", "pull", server.address() + "tiny.gguf"))
                    .isZero();
            String pulled = terminal.out().strip();
            assertThat(Path.of(pulled)).hasSameBinaryContentAs(Path.of(model));
            assertThat(terminal.err()).contains("100%");

            assertThat(terminal.run("generate", "-m", server.address() + "tiny.gguf", "--raw", "-n", "2", "the"))
                    .isZero();
            assertThat(server.requests()).hasSize(1);
        }
    }

    @Test
    void models_derive_writesACopyWithoutLayersOnceAndAnswersFromIt() {
        String[] derive = {"models", "derive", model, "--format", "q8_0", "--skip", "1", "--natives", "bundled"};
        assertThat(terminal.run(derive)).describedAs(() -> terminal.err()).isZero();
        String copy = terminal.out().strip();
        assertThat(copy).contains("derived").contains("-Q8_0-without-1-");
        assertThat(terminal.err()).contains("without layers 1").contains("100%");

        assertThat(terminal.run(derive)).isZero();
        assertThat(terminal.out().strip()).isEqualTo(copy);
        assertThat(terminal.err()).isEmpty();

        assertThat(terminal.run("models", "show", copy, "--metadata")).isZero();
        assertThat(terminal.out())
                .containsPattern("llama.block_count +1\n")
                .containsPattern("aded.derived.skipped_layers +1\n");
        assertThat(terminal.run("generate", "-m", copy, "--raw", "-n", "2", "the"))
                .isZero();
    }

    @Test
    void models_show_describesAFile() {
        assertThat(terminal.run("models", "show", model, "--metadata")).isZero();
        assertThat(terminal.out()).contains("llama").contains("F32").contains("general.architecture");
    }

    @Test
    void models_showOfTheDefaultBeforeItIsPulled_saysHow() {
        assertThat(terminal.run("models", "show")).isZero();
        assertThat(terminal.out()).contains("not pulled yet");
    }

    @Test
    void draft_builtFromTextAndJson_isShownAndUsed() throws IOException {
        Path text = Files.writeString(home.resolve("a.txt"), "the cat and the dog\n\nthe sea and the sun\n".repeat(20));
        Path json = Files.writeString(
                home.resolve("b.jsonl"), "{\"id\": \"x\", \"turns\": [\"the cat and the sea\", \"the dog\"]}\n");
        String table = home.resolve("t.draft").toString();

        int code = terminal.run("draft", "build", "-m", model, "--from", text + "," + json, "--output", table);
        assertThat(code).describedAs(() -> terminal.err()).isZero();
        assertThat(terminal.out()).contains("rows");

        assertThat(terminal.run("draft", "show", table)).isZero();
        assertThat(terminal.out()).contains("fingerprint");

        JsonNode cold = generate("--temperature", "0");
        assertThat(generate("--temperature", "0", "--draft-table", table).path("tokens"))
                .isEqualTo(cold.path("tokens"));
    }

    @Test
    void generate_draftSelf_givesTheTokensOfPlainDecodingAndSaysWhatDrafts() {
        JsonNode plain = generate("--temperature", "0", "--draft", "off");
        for (String draft : List.of("q8_0", "none:1")) {
            assertThat(generate("--temperature", "0", "--draft-self", draft).path("tokens"))
                    .isEqualTo(plain.path("tokens"));
        }
    }

    @Test
    void generate_draftThatIsNotThereOrOfAnotherKind_isNamedByItsOption() {
        for (String draft : List.of("no-such.gguf", "scripted:0.5")) {
            terminal.run("generate", "-m", model, "--draft-model", draft, "the");
            assertThat(terminal.err()).contains(draft, "--draft-model").doesNotContain("--hf");
        }
        assertThat(terminal.run("generate", "-m", model, "--draft-self", "q8_0:7", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-self: names layer 7").doesNotContain("skip");
        assertThat(terminal.run("generate", "-m", model, "--draft-self", "q8_0:auto", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-self: finds nothing");
    }

    @Test
    void generate_modeThatNeedsADraft_saysWhichOptionNamesOne() {
        assertThat(terminal.run("generate", "-m", model, "--draft", "model", "the"))
                .isEqualTo(2);
        assertThat(terminal.err())
                .contains("--draft: ", "--draft-model or --draft-self")
                .doesNotContain("server");
    }

    @Test
    void generate_draftOfNone_leavesOutWhatAVariableSets() {
        terminal = terminal.with("ADED_DRAFT_MODEL", home.resolve("no.gguf").toString());
        assertThat(terminal.run(
                        "generate", "-m", model, "--draft-model", "none", "--draft-self", "none", "-n", "1", "the"))
                .isZero();
    }

    @Test
    void generate_draftModelOfTheEnvironment_isUsedAsIfItHadBeenTyped() {
        terminal = terminal.with("ADED_DRAFT_MODEL", home.resolve("no.gguf").toString());

        assertThat(terminal.run("generate", "-m", model, "the")).isEqualTo(3);
        assertThat(terminal.err()).contains("no.gguf");
    }

    @Test
    void generate_draftOptionsThatMakeNoSense_areNamed() {
        assertThat(terminal.run("generate", "-m", model, "--draft-model", model, "--draft-self", "q8_0", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-self", "cannot be combined with --draft-model");
        assertThat(terminal.run("generate", "-m", model, "--draft-self", "q3", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-self", "q4_k:9-12");
        assertThat(terminal.run("generate", "-m", model, "--draft-self", "q8_0", "--draft-gpu-layers", "-1", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-gpu-layers", "allowed: auto, all, 0 or more");
        assertThat(terminal.run("generate", "-m", model, "--draft-self", "q8_0", "--draft-threads", "-1", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-threads");
        assertThat(terminal.run("generate", "--target", "127.0.0.1:1", "--draft-self", "q8_0", "the"))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--draft-self", "cannot be combined with --target");
    }

    @Test
    void draft_buildFromJsonWithOtherFields_namesTheOption() throws IOException {
        Path json = Files.writeString(home.resolve("b.jsonl"), "{\"body\": \"the cat\"}\n");

        assertThat(terminal.run("draft", "build", "-m", model, "--from", json.toString()))
                .isEqualTo(2);
        assertThat(terminal.err()).contains("--field");

        String table = home.resolve("t.draft").toString();
        assertThat(terminal.run(
                        "draft", "build", "-m", model, "--from", json.toString(), "--field", "body", "-o", table))
                .isZero();
    }

    @Test
    void draft_tableOfAnotherVocabulary_isRefused() throws IOException {
        Path other = Files.write(home.resolve("x.draft"), new byte[] {1, 2, 3});

        assertThat(terminal.run("generate", "-m", model, "--draft-table", other.toString(), "the"))
                .isEqualTo(4);
    }

    @Test
    void doctor_usableMachine_aLineEach() {
        int code = terminal.run("doctor", "--no-formats", "--model", model);

        assertThat(code).describedAs(() -> terminal.out()).isZero();
        assertThat(terminal.out())
                .contains("java: JDK")
                .contains("processor: ")
                .contains("library: llama.cpp")
                .contains("devices: ")
                .contains("cache: ")
                .contains("loads and answers")
                .contains("drafts: gain")
                .contains("formats: what others would give was not measured; ")
                .contains("can serve");
    }

    @Test
    void doctor_modelWithoutATemplate_saysWhatStandsInAndHowToNameAnother() throws IOException {
        Path plain = Files.write(
                home.resolve("plain.gguf"),
                EditableGguf.parse(Files.readAllBytes(Path.of(model)))
                        .remove("tokenizer.chat_template")
                        .toBytes());

        terminal.run("doctor", "--no-formats", "--model", plain.toString());
        assertThat(terminal.out())
                .contains("chat template: ChatML stands in, because the model")
                .contains("--chat-template names another");

        terminal.run("doctor", "--no-formats", "--model", model);
        assertThat(terminal.out()).doesNotContain("stands in");
    }

    @Test
    void doctor_brokenModelOrLibrary_failsAndGoesOn() throws IOException {
        Path text = Files.writeString(home.resolve("notes.txt"), "no model, no library");

        assertThat(terminal.run("doctor", "--model", text.toString())).isEqualTo(5);
        assertThat(terminal.out()).contains("FAIL  model").contains("ok    library");

        assertThat(terminal.run("doctor", "--natives", text.toString())).isEqualTo(5);
        assertThat(terminal.out()).contains("FAIL  library").contains("ok    cache");
    }

    @Test
    void model_ofAnArchitectureThatOnlyANewerLibraryKnows_saysWhatToType() throws IOException {
        EditableGguf gguf = EditableGguf.parse(Files.readAllBytes(Path.of(model)));
        for (String architecture : List.of("gemma4", "nosuch")) {
            gguf.text("general.architecture", architecture)
                    .integer(architecture + ".block_count", 2)
                    .integer(architecture + ".embedding_length", 64)
                    .integer(architecture + ".context_length", 64)
                    .integer(architecture + ".attention.head_count", 4);
            Files.write(home.resolve(architecture + ".gguf"), gguf.toBytes());
        }
        String newer = home.resolve("gemma4.gguf").toString();
        assertThat(terminal.run("generate", "-m", newer, "the")).isEqualTo(4);
        assertThat(terminal.err())
                .contains("llama.cpp (b4916) does not know the architecture gemma4 of " + newer + "; v0.5.0 does (")
                .contains(OptionNames.installing(NativesPlatform.ofProcess()));
        assertThat(terminal.run("doctor", "-m", newer)).isEqualTo(5);
        assertThat(terminal.out()).contains(OptionNames.installing(NativesPlatform.ofProcess()));
        assertThat(terminal.run("models", "show", newer)).isZero();
        assertThat(terminal.out()).contains("known to       llama.cpp v0.4.0, v0.5.0");

        assertThat(terminal.run("generate", "-m", home.resolve("nosuch.gguf").toString(), "the"))
                .isEqualTo(4);
        assertThat(terminal.err())
                .contains("no other that can be used here does")
                .doesNotContain("install");
    }

    @Test
    void help_everyCommand_isPrintedAndEveryOptionDescribed() {
        assertThat(terminal.run("--help")).isZero();
        assertThat(terminal.out()).contains("serve").contains("doctor").contains("Exit status");
        CommandLine root = new CommandLine(new AdedCommand(), new CommandLine.IFactory() {
            @Override
            public <K> K create(Class<K> type) throws Exception {
                try {
                    return type.getDeclaredConstructor(Terminal.class).newInstance(terminal.terminal());
                } catch (NoSuchMethodException e) {
                    return CommandLine.defaultFactory().create(type);
                }
            }
        });
        for (CommandLine command : root.getSubcommands().values()) {
            assertThat(terminal.run(command.getCommandName(), "--help"))
                    .describedAs(command.getCommandName())
                    .isZero();
            command.getCommandSpec()
                    .options()
                    .forEach(option -> assertThat(option.description())
                            .describedAs(command.getCommandName() + " " + option.longestName())
                            .isNotEmpty());
        }
    }

    /** The list of commands shows the first paragraph of each and no more. */
    @Test
    void help_listOfCommands_endsNoDescriptionInMidSentence() {
        Terminal own = terminal.terminal();
        List<String> described = new ArrayList<>();
        firstParagraphs(Main.commandLine(own, Configuration.of(own.environment(), null)), described);

        assertThat(described).hasSizeGreaterThan(20).allMatch(paragraph -> paragraph.endsWith("."));
    }

    private static void firstParagraphs(CommandLine command, List<String> into) {
        into.add(command.getCommandSpec().usageMessage().description()[0]);
        command.getSubcommands().values().forEach(each -> firstParagraphs(each, into));
    }
}
