package io.aded.lab.load;

import static io.aded.lab.load.Reply.Usage.UNKNOWN;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Ways to ask for a streamed answer over HTTP. All of them stream server-sent events with one JSON object each. */
public enum HttpApi {
    /** OpenAI's older form, for text without a chat template. */
    OPENAI("/v1/completions") {
        @Override
        void prompt(ObjectNode body, List<Message> messages) {
            body.put("prompt", plain(messages));
        }

        @Override
        Event read(JsonNode event) {
            JsonNode choice = event.path("choices").path(0);
            return openAi(event, choice, choice.path("text").asString(""));
        }
    },

    /** OpenAI's newer form, with messages. */
    OPENAI_CHAT("/v1/chat/completions") {
        @Override
        void prompt(ObjectNode body, List<Message> messages) {
            ArrayNode list = body.putArray("messages");
            for (Message message : messages) {
                list.addObject().put("role", message.role()).put("content", message.content());
            }
        }

        @Override
        Event read(JsonNode event) {
            JsonNode choice = event.path("choices").path(0);
            JsonNode delta = choice.path("delta");
            // Models that think aloud do so in a field of its own; those are tokens, too.
            return openAi(
                    event,
                    choice,
                    delta.path("content").asString("")
                            + delta.path("reasoning_content").asString(""));
        }
    },

    /** llama.cpp's own. */
    LLAMA("/completion") {
        @Override
        void prompt(ObjectNode body, List<Message> messages) {
            body.put("prompt", plain(messages));
        }

        @Override
        Event read(JsonNode event) {
            boolean last = event.path("stop").asBoolean(false);
            Reply.Usage usage = Reply.Usage.NONE;
            if (last) {
                long tokens = event.path("tokens_predicted").asLong(UNKNOWN);
                usage = timed(tokens, event.path("tokens_evaluated").asLong(UNKNOWN), UNKNOWN, event.path("timings"));
            }
            return new Event(event.path("content").asString(""), last, usage);
        }
    };

    private final String path;

    HttpApi(String path) {
        this.path = path;
    }

    /** Where it is, below the server's address. */
    String path() {
        return path;
    }

    /** How users write it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** A message of a conversation. */
    record Message(String role, String content) {}

    /**
     * What one event says.
     *
     * @param text that the answer grows by; may be empty
     * @param last whether the answer is complete with it
     * @param usage what it tells
     */
    record Event(String text, boolean last, Reply.Usage usage) {}

    /** Adds the prompt to a request. */
    abstract void prompt(ObjectNode body, List<Message> messages);

    /** Reads an event; fields that are missing count as empty. */
    abstract Event read(JsonNode event);

    /** Adds all else. */
    void parameters(ObjectNode body, Job.Question question, Manner manner) {
        body.put("stream", true);
        body.put("temperature", manner.temperature());
        body.put("seed", question.seed());
        body.put(this == LLAMA ? "n_predict" : "max_tokens", question.maxTokens());
        if (this != LLAMA) {
            body.putObject("stream_options").put("include_usage", true);
        }
        if (manner.ignoreEnd()) {
            // Not OpenAI's, but those that people run themselves know it.
            body.put("ignore_eos", true);
        }
    }

    private static String plain(List<Message> messages) {
        List<String> texts = new ArrayList<>();
        messages.forEach(message -> texts.add(message.content()));
        return String.join("\n\n", texts);
    }

    private static Event openAi(JsonNode event, JsonNode choice, String text) {
        JsonNode told = event.path("usage");
        Reply.Usage usage = Reply.Usage.NONE;
        if (told.isObject() || event.path("timings").isObject()) {
            usage = timed(
                    told.path("completion_tokens").asLong(UNKNOWN),
                    told.path("prompt_tokens").asLong(UNKNOWN),
                    told.path("prompt_tokens_details").path("cached_tokens").asLong(UNKNOWN),
                    event.path("timings"));
        }
        return new Event(text, !choice.path("finish_reason").asString("").isEmpty(), usage);
    }

    /** llama.cpp's server adds timings to both APIs, and says there how its drafts fared. */
    private static Reply.Usage timed(long tokens, long promptTokens, long cachedTokens, JsonNode timings) {
        long drafted = timings.path("draft_n").asLong(UNKNOWN);
        long accepted = timings.path("draft_n_accepted").asLong(UNKNOWN);
        // Every pass gives one token of the model's own beside those of the draft.
        long rounds = drafted == UNKNOWN || tokens == UNKNOWN ? UNKNOWN : tokens - accepted;
        return new Reply.Usage(
                tokens,
                promptTokens,
                cachedTokens == UNKNOWN ? timings.path("cache_n").asLong(UNKNOWN) : cachedTokens,
                UNKNOWN,
                rounds,
                UNKNOWN,
                drafted,
                accepted);
    }
}
