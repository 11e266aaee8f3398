package io.aded.client;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Plays conformance vectors with this client: see conformance/README.md for what it reads and writes. */
final class ConformanceDriver {
    private static final Gson GSON = new GsonBuilder().serializeNulls().create();
    private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

    private static final Logger LOGGER = Logger.getLogger("io.aded.client");
    private static final List<String> WARNINGS = new CopyOnWriteArrayList<>();

    private static final ToolFunction WEATHER = ToolFunction.of(
            "weather", "The weather in a city.", Place.class, place -> Map.of("city", place.city(), "celsius", 21));
    private static final ToolFunction DIVIDE =
            ToolFunction.of("divide", "Divides a by b.", Division.class, two -> two.a() / two.b());

    /** What a typed answer is asked for. */
    private record City(String name, int population, List<String> rivers) {}

    private record Place(String city) {}

    private record Division(int a, int b) {}

    private final AdedClient client;
    private final Map<String, Conversation> conversations = new HashMap<>();

    private ConformanceDriver(AdedClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        GlobalOpenTelemetry.set(
                OpenTelemetry.propagating(ContextPropagators.create(W3CTraceContextPropagator.getInstance())));
        // The client warns by the platform's logger, which is that of java.util.logging here.
        LOGGER.addHandler(new Handler() {
            @Override
            public void publish(LogRecord record) {
                WARNINGS.add(record.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        });
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject vector = JsonParser.parseString(line).getAsJsonObject();
            JsonObject said = vector.getAsJsonObject("client");
            try (AdedClient client = connect(said.getAsJsonObject("connect"))) {
                new ConformanceDriver(client).play(said.getAsJsonArray("steps"));
            }
            say(Map.of("done", vector.get("vector").getAsString(), "warnings", List.copyOf(WARNINGS)));
            WARNINGS.clear();
        }
    }

    private static AdedClient connect(JsonObject said) {
        AdedClient.Builder builder = AdedClient.builder(said.get("target").getAsString());
        JsonObject tls = said.getAsJsonObject("tls");
        if (tls != null && tls.has("cert")) {
            builder.tls(path(tls, "ca"), path(tls, "cert"), path(tls, "key"));
        } else if (tls != null) {
            builder.tls(path(tls, "ca"));
        }
        if (said.has("token")) {
            builder.token(said.get("token").getAsString());
        }
        if (said.has("client_id")) {
            builder.clientId(said.get("client_id").getAsString());
        }
        JsonObject retry = said.getAsJsonObject("retry");
        if (retry != null) {
            builder.retry(new RetryPolicy(
                    retry.has("attempts") ? retry.get("attempts").getAsInt() : 4,
                    Duration.ofMillis(
                            retry.has("initial_ms") ? retry.get("initial_ms").getAsLong() : 100),
                    Duration.ofSeconds(5)));
        }
        return builder.build();
    }

    private static Path path(JsonObject tls, String name) {
        return Path.of(tls.get(name).getAsString());
    }

    private void play(JsonArray steps) throws InterruptedException {
        for (int number = 0; number < steps.size(); number++) {
            Map<String, @Nullable Object> said = new LinkedHashMap<>();
            said.put("step", number);
            try {
                said.put("result", step(number, steps.get(number).getAsJsonObject()));
            } catch (AdedClientException failed) {
                said.put("error", error(failed));
            } catch (IllegalStateException wrong) {
                said.put("error", Map.of("kind", "WRONG_CALL", "text", "", "message", wrong.getMessage()));
            } catch (UnsupportedOperationException missing) {
                said.put("skipped", missing.getMessage());
            }
            say(said);
        }
        conversations.values().forEach(Conversation::close);
    }

    @SuppressWarnings("try") // the scope is there to be closed
    private @Nullable Object step(int number, JsonObject step) throws InterruptedException {
        if (step.has("trace")) {
            JsonObject trace = step.getAsJsonObject("trace");
            SpanContext parent = SpanContext.createFromRemoteParent(
                    trace.get("trace").getAsString(),
                    trace.get("span").getAsString(),
                    TraceFlags.getSampled(),
                    TraceState.getDefault());
            JsonObject rest = step.deepCopy();
            rest.remove("trace");
            try (Scope within = Context.root().with(Span.wrap(parent)).makeCurrent()) {
                return step(number, rest);
            }
        }
        switch (step.get("do").getAsString()) {
            case "stream" -> {
                return read(number, step, client.generate(prompt(step), options(step)), null);
            }
            case "chat" -> {
                return answer(client.chat(prompt(step)).with(options(step)).answer());
            }
            case "typed" -> {
                City city = client.chat(step.get("prompt").getAsString()).as(City.class);
                return Map.of(
                        "value", Map.of("name", city.name(), "population", city.population(), "rivers", city.rivers()));
            }
            case "tools" -> {
                ToolAnswer ran = client.chat(step.get("prompt").getAsString())
                        .tools(WEATHER, DIVIDE)
                        .run();
                Map<String, Object> said = new LinkedHashMap<>(answer(ran.answer()));
                said.put(
                        "calls",
                        ran.calls().stream()
                                .map(each -> Map.of(
                                        "name", each.call().name(),
                                        "arguments",
                                                JsonParser.parseString(
                                                        each.call().arguments()),
                                        "result", each.result(),
                                        "is_error", each.isError()))
                                .toList());
                return said;
            }
            case "ask" -> {
                Conversation conversation = conversation(step);
                AnswerStream answer = conversation.ask(prompt(step), options(step));
                return step.has("whole") ? answer(answer.await()) : read(number, step, answer, conversation);
            }
            case "open" -> {
                return open(step);
            }
            case "update" -> conversation(step).update(options(step));
            case "close" -> conversation(step).close();
            case "sleep" -> TimeUnit.MILLISECONDS.sleep(step.get("ms").getAsLong());
            case "await_ready" -> client.awaitReady(millis(step, "timeout_ms"));
            case "tokenize" -> {
                return Map.of("tokens", client.tokenize(step.get("text").getAsString()));
            }
            case "detokenize" -> {
                return Map.of("text", client.detokenize(ints(step.getAsJsonArray("tokens"))));
            }
            case "count_tokens" -> {
                TokenCount count = client.countTokens(prompt(step));
                return Map.of("tokens", count.tokens(), "context_tokens", count.contextTokens());
            }
            case "model" -> {
                ModelDetails model =
                        client.model(step.has("name") ? step.get("name").getAsString() : "");
                return Map.of("name", model.name(), "context_tokens", model.contextTokens());
            }
            case "models" -> {
                return Map.of(
                        "names",
                        client.listModels().stream().map(ModelDetails::name).toList());
            }
            case "server" -> {
                ServerDetails server = client.server();
                Map<String, Object> said = new LinkedHashMap<>();
                said.put("version", server.version());
                said.put("capabilities", server.capabilities());
                said.put(
                        "drafters",
                        server.drafters().stream()
                                .map(ServerDetails.Drafter::name)
                                .toList());
                DraftModel drafting = server.draftModel();
                said.put("draft_model", drafting == null ? null : draftModel(drafting));
                return said;
            }
            case "draft_statistics" -> {
                DraftStatistics told = client.draftStatistics(
                        step.has("conversation_id")
                                ? step.get("conversation_id").getAsString()
                                : "");
                Map<String, Object> said = new LinkedHashMap<>(speculation(told.totals()));
                said.put(
                        "arms", told.arms().stream().map(ConformanceDriver::arm).toList());
                DraftModelStatistics drafting = told.draftModel();
                said.put("draft_model", drafting == null ? null : draftModel(drafting));
                return said;
            }
            default ->
                throw new UnsupportedOperationException(
                        "the Java client has no " + step.get("do").getAsString());
        }
        return null;
    }

    private Conversation conversation(JsonObject step) {
        Conversation found =
                conversations.get(step.has("name") ? step.get("name").getAsString() : "c");
        if (found == null) {
            throw new IllegalStateException("it was not opened");
        }
        return found;
    }

    private Map<String, Object> open(JsonObject step) {
        ConversationOptions.Builder options = ConversationOptions.builder().defaults(options(step, false));
        if (step.has("conversation_id")) {
            options.id(step.get("conversation_id").getAsString());
        }
        if (step.has("require_resume")) {
            options.requireResume(step.get("require_resume").getAsBoolean());
        }
        if (step.has("retention_ms")) {
            options.retention(millis(step, "retention_ms"));
        }
        if (step.has("model")) {
            options.model(step.get("model").getAsString());
        }
        if (step.has("timeout_ms")) {
            options.openTimeout(millis(step, "timeout_ms"));
        }
        Conversation opened = client.converse(options.build());
        conversations.put(step.has("name") ? step.get("name").getAsString() : "c", opened);
        ConversationInfo info = opened.info();
        return Map.of(
                "conversation_id", info.id(),
                "resumed", info.resumed(),
                "history_tokens", info.historyTokens(),
                "model", info.model(),
                "context_tokens", info.contextTokens());
    }

    private @Nullable Object read(int number, JsonObject step, AnswerStream stream, @Nullable Conversation conversation)
            throws InterruptedException {
        if (step.has("cancel_after_ms")) {
            CompletableFuture.delayedExecutor(step.get("cancel_after_ms").getAsLong(), TimeUnit.MILLISECONDS)
                    .execute(stream::cancel);
        }
        Gathered gathered = new Gathered();
        int count = 0;
        Map<String, Object> meanwhile = null;
        for (Iterator<AnswerEvent> events = stream.iterator(); events.hasNext(); ) {
            AnswerEvent event = events.next();
            gathered.add(event);
            Map<String, Object> said = new LinkedHashMap<>(event(event));
            said.put("step", number);
            say(said);
            count++;
            if (count == 1 && step.has("ask_meanwhile") && conversation != null) {
                try {
                    conversation.ask("too early");
                } catch (IllegalStateException refused) {
                    meanwhile = Map.of("kind", "WRONG_CALL");
                }
            }
            if (is(step, "pause_after", count)) {
                TimeUnit.MILLISECONDS.sleep(step.get("pause_ms").getAsLong());
            }
            if (is(step, "cancel_after", count)) {
                stream.cancel();
            }
            if (is(step, "close_after", count)) {
                stream.close();
                return null;
            }
            if (is(step, "close_conversation_after", count) && conversation != null) {
                conversation.close();
            }
        }
        Map<String, Object> whole = new LinkedHashMap<>(gathered.whole());
        if (meanwhile != null) {
            whole.put("meanwhile", meanwhile);
        }
        return whole;
    }

    private static boolean is(JsonObject step, String name, int count) {
        return step.has(name) && step.get(name).getAsInt() == count;
    }

    private static Prompt prompt(JsonObject step) {
        if (step.has("messages")) {
            return Prompt.messages(list(step.getAsJsonArray("messages")).stream()
                    .map(JsonElement::getAsJsonObject)
                    .map(message -> switch (message.get("role").getAsString()) {
                        case "system" -> Message.system(message.get("content").getAsString());
                        case "assistant" ->
                            Message.assistant(message.get("content").getAsString());
                        default -> Message.user(message.get("content").getAsString());
                    })
                    .toArray(Message[]::new));
        }
        if (step.has("text")) {
            return Prompt.text(step.get("text").getAsString());
        }
        if (step.has("tokens")) {
            return Prompt.tokens(ints(step.getAsJsonArray("tokens")));
        }
        if (step.has("prompt_repeat")) {
            JsonArray repeated = step.getAsJsonArray("prompt_repeat");
            return Prompt.user(
                    repeated.get(0).getAsString().repeat(repeated.get(1).getAsInt()));
        }
        return Prompt.user(step.get("prompt").getAsString());
    }

    private static AnswerOptions options(JsonObject step) {
        return options(step, true);
    }

    private static AnswerOptions options(JsonObject step, boolean withTimeout) {
        AnswerOptions.Builder builder = AnswerOptions.builder();
        JsonObject said = step.has("options") ? step.getAsJsonObject("options") : new JsonObject();
        for (Map.Entry<String, JsonElement> each : said.entrySet()) {
            option(builder, each.getKey(), each.getValue());
        }
        if (step.has("reset")) {
            builder.reset(strings(step.getAsJsonArray("reset")));
        }
        if (withTimeout && step.has("timeout_ms")) {
            builder.timeout(millis(step, "timeout_ms"));
        }
        return builder.build();
    }

    private static void option(AnswerOptions.Builder builder, String name, JsonElement value) {
        switch (name) {
            case "sampling" -> builder.sampling(sampling(value.getAsJsonObject()));
            case "constraint" -> builder.constraint(constraint(value.getAsJsonObject()));
            case "draft" -> {
                JsonObject draft = value.getAsJsonObject();
                builder.draft(new Draft(
                        draft.has("mode") ? draft.get("mode").getAsString() : null,
                        draft.has("max_nodes") ? draft.get("max_nodes").getAsInt() : null,
                        draft.has("max_depth") ? draft.get("max_depth").getAsInt() : null,
                        draft.has("max_branches") ? draft.get("max_branches").getAsInt() : null,
                        draft.has("share_learned") ? draft.get("share_learned").getAsBoolean() : null,
                        draft.has("allow_training")
                                ? draft.get("allow_training").getAsBoolean()
                                : null));
            }
            case "max_tokens" -> builder.maxTokens(value.getAsInt());
            case "stop_strings" -> builder.stopStrings(strings(value.getAsJsonArray()));
            case "stop_tokens" -> builder.stopTokens(ints(value.getAsJsonArray()));
            case "ignore_end" -> builder.ignoreEnd(value.getAsBoolean());
            case "log_probabilities" -> builder.logProbabilities(value.getAsInt());
            case "report_rounds" -> builder.reportRounds(value.getAsBoolean());
            case "priority" -> builder.priority(value.getAsInt());
            case "parallel_tool_calls" -> builder.parallelToolCalls(value.getAsBoolean());
            case "reset" -> builder.reset(strings(value.getAsJsonArray()));
            case "timeout_ms" -> builder.timeout(Duration.ofMillis(value.getAsLong()));
            case "template_variables" ->
                builder.templateVariables(GSON.<Map<String, Object>>fromJson(value, Map.class));
            case "reasoning" ->
                builder.reasoning(new Reasoning(
                        value.getAsJsonObject().get("budget").getAsInt(),
                        value.getAsJsonObject().get("include").getAsBoolean()));
            case "tools" ->
                builder.tools(list(value.getAsJsonArray()).stream()
                        .map(JsonElement::getAsJsonObject)
                        .map(tool -> new Tool(
                                tool.get("name").getAsString(),
                                tool.get("description").getAsString(),
                                tool.get("parameters").getAsString(),
                                tool.get("strict").getAsBoolean()))
                        .toArray(Tool[]::new));
            case "tool_choice" -> {
                JsonObject choice = value.getAsJsonObject();
                builder.toolChoice(
                        choice.has("tool") ? ToolChoice.of(choice.get("tool").getAsString()) : ToolChoice.NONE);
            }
            default -> throw new UnsupportedOperationException("the Java client's driver has no option " + name);
        }
    }

    private static Sampling sampling(JsonObject said) {
        Sampling.Builder builder = Sampling.builder();
        said.entrySet().forEach(each -> {
            JsonElement value = each.getValue();
            switch (each.getKey()) {
                case "temperature" -> builder.temperature(value.getAsFloat());
                case "top_k" -> builder.topK(value.getAsInt());
                case "top_p" -> builder.topP(value.getAsFloat());
                case "min_p" -> builder.minP(value.getAsFloat());
                case "seed" -> builder.seed((int) value.getAsLong());
                case "repeat_penalty" -> builder.repeatPenalty(value.getAsFloat());
                default -> throw new UnsupportedOperationException("the driver has no sampling." + each.getKey());
            }
        });
        return builder.build();
    }

    private static Constraint constraint(JsonObject said) {
        String kind = said.keySet().iterator().next();
        return switch (kind) {
            case "json_schema" -> Constraint.jsonSchema(said.get(kind).getAsString());
            case "regular_expression" ->
                Constraint.regularExpression(said.get(kind).getAsString());
            case "grammar" -> Constraint.grammar(said.get(kind).getAsString());
            case "json_object" -> Constraint.jsonObject();
            default -> Constraint.none();
        };
    }

    private static Map<String, Object> event(AnswerEvent event) {
        return switch (event) {
            case AnswerEvent.Delta delta -> delta("delta", delta.text(), delta.tokens(), delta.logProbabilities());
            case AnswerEvent.ReasoningDelta delta ->
                delta("reasoning", delta.text(), delta.tokens(), delta.logProbabilities());
            case AnswerEvent.ToolCallDelta call ->
                Map.of(
                        "event", "tool_call",
                        "index", call.index(),
                        "id", call.id(),
                        "name", call.name(),
                        "arguments", call.arguments());
            case AnswerEvent.Round round ->
                Map.of(
                        "event",
                        "round",
                        "index",
                        round.index(),
                        "drafter",
                        round.drafter(),
                        "arm",
                        round.arm(),
                        "arm_reason",
                        round.armReason(),
                        "emitted_tokens",
                        round.emittedTokens(),
                        "nodes",
                        round.nodes().stream()
                                .map(node -> Map.of(
                                        "token", node.token(),
                                        "text", node.text(),
                                        "parent", node.parent(),
                                        "probability", node.probability(),
                                        "accepted", node.accepted(),
                                        "source", node.source()))
                                .toList());
            case AnswerEvent.Finished finished -> {
                Map<String, Object> said = new LinkedHashMap<>(finished(finished));
                said.put("event", "finished");
                yield said;
            }
        };
    }

    private static Map<String, Object> delta(
            String kind, String text, List<Integer> tokens, List<AnswerEvent.TokenLogProbability> entries) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("event", kind);
        said.put("text", text);
        said.put("tokens", tokens);
        if (!entries.isEmpty()) {
            said.put(
                    "log_probabilities",
                    entries.stream()
                            .map(entry -> Map.of(
                                    "token", entry.token(),
                                    "text", entry.text(),
                                    "log_probability", entry.logProbability(),
                                    "alternatives",
                                            entry.alternatives().stream()
                                                    .map(other -> Map.of(
                                                            "token", other.token(),
                                                            "text", other.text(),
                                                            "log_probability", other.logProbability()))
                                                    .toList()))
                            .toList());
        }
        return said;
    }

    private static Map<String, Object> finished(AnswerEvent.Finished finished) {
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("prompt_tokens", finished.usage().promptTokens());
        usage.put("cached_prompt_tokens", finished.usage().cachedPromptTokens());
        usage.put("completion_tokens", finished.usage().completionTokens());
        usage.put("reasoning_tokens", finished.usage().reasoningTokens());
        usage.put("total_seconds", finished.usage().totalTime().toNanos() / 1e9);
        return Map.of(
                "reason", finished.reason().name(),
                "seed", Integer.toUnsignedLong(finished.seed()),
                "usage", usage,
                "speculation", speculation(finished.speculation()));
    }

    private static Map<String, Object> arm(DraftArm arm) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("drafter", arm.drafter());
        said.put("arm", arm.arm());
        said.put("num_steps", arm.numSteps());
        said.put("num_probes", arm.numProbes());
        said.put("num_draft_tokens", arm.numDraftTokens());
        said.put("num_accepted_draft_tokens", arm.numAcceptedDraftTokens());
        said.put("num_tokens", arm.numTokens());
        said.put("seconds", arm.time().toNanos() / 1e9);
        said.put("weight", arm.weight());
        said.put("hindsight", arm.hindsight());
        said.put("regret", arm.regret());
        return said;
    }

    private static Map<String, Object> draftModel(DraftModel model) {
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("name", model.name());
        said.put("quantization", model.quantization());
        said.put("size_bytes", model.sizeBytes());
        said.put("layers", model.layers());
        said.put("self_draft", model.selfDraft());
        said.put("shares_cache", model.sharesCache());
        return said;
    }

    private static Map<String, Object> draftModel(DraftModelStatistics did) {
        Map<String, Object> said = new LinkedHashMap<>();
        DraftModel model = did.model();
        said.put("model", model == null ? null : draftModel(model));
        said.put("num_passes", did.numPasses());
        said.put("num_asked_tokens", did.numAskedTokens());
        said.put("seconds", did.time().toNanos() / 1e9);
        said.put("num_read_tokens", did.numReadTokens());
        said.put("num_copies", did.numCopies());
        said.put("num_copied_tokens", did.numCopiedTokens());
        said.put("num_refused_copies", did.numRefusedCopies());
        said.put("num_evictions", did.numEvictions());
        said.put("num_without_room", did.numWithoutRoom());
        said.put("num_failures", did.numFailures());
        said.put("num_steps", did.numSteps());
        said.put("num_unpaid_steps", did.numUnpaidSteps());
        said.put("num_unready_steps", did.numUnreadySteps());
        said.put("num_unusable_steps", did.numUnusableSteps());
        said.put("trouble", did.trouble());
        return said;
    }

    private static Map<String, Object> speculation(Speculation told) {
        return Map.of(
                "num_spec_steps", told.numSpecSteps(),
                "num_steps", told.numSteps(),
                "num_draft_tokens", told.numDraftTokens(),
                "num_accepted_draft_tokens", told.numAcceptedDraftTokens(),
                "mean_acceptance_length", told.meanAcceptanceLength(),
                "draft_acceptance_rate", told.draftAcceptanceRate(),
                "acceptance_histogram", told.acceptanceHistogram(),
                "num_accepted_tokens_per_pos", told.numAcceptedTokensPerPos());
    }

    private static Map<String, Object> answer(Answer answer) {
        Map<String, Object> said = new LinkedHashMap<>(finished(answer.finished()));
        said.put("text", answer.text());
        said.put("tokens", answer.tokens());
        said.put("reasoning", answer.reasoning());
        said.put(
                "tool_calls",
                answer.toolCalls().stream()
                        .map(call -> Map.of("id", call.id(), "name", call.name(), "arguments", call.arguments()))
                        .toList());
        return said;
    }

    private static Map<String, @Nullable Object> error(AdedClientException failed) {
        Map<String, @Nullable Object> said = new LinkedHashMap<>();
        said.put("kind", kind(failed));
        said.put("code", failed.code());
        said.put("reason", failed.reason());
        said.put("message", failed.getMessage());
        said.put(
                "violations",
                failed.violations().stream()
                        .map(wrong -> Map.of("field", wrong.field(), "description", wrong.description()))
                        .toList());
        said.put(
                "retry_after_seconds",
                failed.retryAfter().map(delay -> delay.toNanos() / 1e9).orElse(null));
        said.put("text", failed.text());
        return said;
    }

    private static String kind(AdedClientException failed) {
        return failed.getClass()
                .getSimpleName()
                .replaceAll("(?<=[a-z])(?=[A-Z])", "_")
                .toUpperCase();
    }

    private static Duration millis(JsonObject step, String name) {
        return Duration.ofMillis(step.get(name).getAsLong());
    }

    private static List<JsonElement> list(JsonArray array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    private static List<Integer> ints(JsonArray array) {
        return list(array).stream().map(JsonElement::getAsInt).toList();
    }

    private static String[] strings(JsonArray array) {
        return list(array).stream().map(JsonElement::getAsString).toArray(String[]::new);
    }

    private static void say(Map<String, ?> line) {
        OUT.println(GSON.toJson(line));
        OUT.flush();
    }

    /** An answer from its events, as whoever reads them one by one puts it together. */
    private static final class Gathered {
        private final StringBuilder text = new StringBuilder();
        private final StringBuilder reasoning = new StringBuilder();
        private final JsonArray tokens = new JsonArray();
        private final Map<Integer, JsonObject> calls = new LinkedHashMap<>();
        private AnswerEvent.@Nullable Finished finished;

        void add(AnswerEvent event) {
            switch (event) {
                case AnswerEvent.Delta delta -> {
                    text.append(delta.text());
                    delta.tokens().forEach(tokens::add);
                }
                case AnswerEvent.ReasoningDelta delta -> {
                    reasoning.append(delta.text());
                    delta.tokens().forEach(tokens::add);
                }
                case AnswerEvent.ToolCallDelta delta -> {
                    delta.tokens().forEach(tokens::add);
                    JsonObject call = calls.computeIfAbsent(delta.index(), index -> {
                        JsonObject made = new JsonObject();
                        made.addProperty("id", delta.id());
                        made.addProperty("name", delta.name());
                        made.addProperty("arguments", "");
                        return made;
                    });
                    call.addProperty("arguments", call.get("arguments").getAsString() + delta.arguments());
                }
                case AnswerEvent.Finished last -> finished = last;
                case AnswerEvent.Round round -> {}
            }
        }

        Map<String, Object> whole() {
            if (finished == null) {
                throw new IllegalStateException("there is no end");
            }
            Map<String, Object> said = new LinkedHashMap<>(finished(finished));
            said.put("text", text.toString());
            said.put("reasoning", reasoning.toString());
            said.put("tokens", tokens);
            said.put("tool_calls", List.copyOf(calls.values()));
            return said;
        }
    }
}
