package io.aded.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.aded.draft.catalogue.DraftMode;
import io.aded.engine.DraftPolicy;
import io.aded.engine.Prompt;
import io.aded.engine.TurnRequest;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.GenerateRequest;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Protobuf to engine. Every method adds what is wrong to {@link Violations}, under the path that the caller used, and goes
 * on with something harmless, so that one answer names everything.
 *
 * @param model what the request is for
 * @param prefix the path of the message that is read, such as {@code turn.}; empty for the request itself
 * @param wrong collects
 */
record RequestReader(ServedModel model, String prefix, Violations wrong) {
    private static final Pattern ROLE = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int MOST_STOP_STRINGS = 16;
    private static final int MOST_ALTERNATIVES = 20;
    private static final int MOST_PRIORITY = 100;

    /** How many bad token ids are named one by one. */
    private static final int BAD_TOKENS_NAMED = 8;

    RequestReader(ServedModel model, String prefix) {
        this(model, prefix, new Violations());
    }

    /** A turn has the fields of a {@code GenerateRequest} by the same numbers, so it is one. */
    static GenerateRequest asGenerate(Turn turn) {
        try {
            return GenerateRequest.parseFrom(turn.toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new AdedException.Internal("TURN_UNREADABLE", "a turn could not be read as a request", e);
        }
    }

    /**
     * A turn as the engine takes it.
     *
     * @throws AdedException.InvalidRequest if anything is wrong with it
     */
    TurnRequest turn(GenerateRequest request, TurnDefaults defaults, CallScope scope) {
        Prompt prompt = prompt(request);
        SamplingParameters sampling = sampling(request.getSampling(), defaults.sampling());
        DraftPolicy draft = draft(request.getDraft(), defaults.draft());
        if (request.getMaxTokens() < 0) {
            wrong.add(prefix + "max_tokens", "is " + request.getMaxTokens() + "; allowed: 0 (as many as fit) or more");
        }
        stops(request);
        int logProbabilities = logProbabilities(request.hasLogProbabilities(), request.getLogProbabilities(), defaults);
        wrong.within(prefix + "priority", request.getPriority(), -MOST_PRIORITY, MOST_PRIORITY);
        wrong.check();
        return new TurnRequest(
                prompt,
                sampling,
                draft,
                request.getMaxTokens(),
                request.getStopStringsList(),
                request.getStopTokensList(),
                request.getIgnoreEnd(),
                logProbabilities,
                request.hasReportRounds() ? request.getReportRounds() : defaults.reportRounds(),
                request.getPriority(),
                scope.clientId(),
                scope.deadlineNanos(),
                scope.trace());
    }

    /** What a conversation is opened with, over what it had before. */
    TurnDefaults defaults(Open open, TurnDefaults before) {
        return new TurnDefaults(
                sampling(open.getSampling(), before.sampling()),
                draft(open.getDraft(), before.draft()),
                open.hasReportRounds() ? open.getReportRounds() : before.reportRounds(),
                logProbabilities(open.hasLogProbabilities(), open.getLogProbabilities(), before));
    }

    /** What a conversation is updated to. */
    TurnDefaults defaults(Update update, TurnDefaults before) {
        return new TurnDefaults(
                sampling(update.getSampling(), before.sampling()),
                draft(update.getDraft(), before.draft()),
                update.hasReportRounds() ? update.getReportRounds() : before.reportRounds(),
                logProbabilities(update.hasLogProbabilities(), update.getLogProbabilities(), before));
    }

    private int logProbabilities(boolean set, int value, TurnDefaults before) {
        if (!set) {
            return before.logProbabilities();
        }
        wrong.within(prefix + "log_probabilities", value, -1, MOST_ALTERNATIVES);
        return value;
    }

    private void stops(GenerateRequest request) {
        int count = request.getStopStringsCount();
        if (count > MOST_STOP_STRINGS) {
            wrong.add(prefix + "stop_strings", "has " + count + " entries; allowed: at most " + MOST_STOP_STRINGS);
        }
        for (int i = 0; i < Math.min(count, MOST_STOP_STRINGS); i++) {
            if (request.getStopStrings(i).isEmpty()) {
                wrong.add(prefix + "stop_strings[" + i + "]", "is empty; allowed: at least one character");
            }
        }
        tokens("stop_tokens", request.getStopTokensList());
    }

    /** Checks a list of token ids. */
    void tokens(String field, List<Integer> tokens) {
        int size = model.vocabularySize();
        int bad = 0;
        for (int i = 0; i < tokens.size(); i++) {
            int token = tokens.get(i);
            if ((token < 0 || token >= size) && bad++ < BAD_TOKENS_NAMED) {
                wrong.add(prefix + field + "[" + i + "]", "is " + token + "; allowed: 0 to " + (size - 1));
            }
        }
        if (bad > BAD_TOKENS_NAMED) {
            wrong.add(
                    prefix + field,
                    "has " + (bad - BAD_TOKENS_NAMED) + " more ids out of range; allowed: 0 to " + (size - 1));
        }
    }

    private Prompt prompt(GenerateRequest request) {
        List<String> set = new ArrayList<>(4);
        if (request.hasPrompt()) {
            set.add("prompt");
        }
        if (request.getMessagesCount() > 0) {
            set.add("messages");
        }
        if (request.hasText()) {
            set.add("text");
        }
        if (request.getTokensCount() > 0) {
            set.add("tokens");
        }
        if (!exactlyOne(set, "prompt, messages, text and tokens")) {
            return new Prompt.Text("");
        }
        return switch (set.getFirst()) {
            case "prompt" -> new Prompt.Messages(List.of(user(request.getPrompt())));
            case "messages" -> new Prompt.Messages(messages(request.getMessagesList()));
            case "text" -> text(request.getText());
            default -> {
                tokens("tokens", request.getTokensList());
                yield new Prompt.Tokens(ints(request.getTokensList()));
            }
        };
    }

    /** What a prompt to be counted consists of. */
    Prompt prompt(CountTokensRequest request) {
        List<String> set = new ArrayList<>(3);
        if (request.hasPrompt()) {
            set.add("prompt");
        }
        if (request.getMessagesCount() > 0) {
            set.add("messages");
        }
        if (request.hasText()) {
            set.add("text");
        }
        if (!exactlyOne(set, "prompt, messages and text")) {
            return new Prompt.Text("");
        }
        return switch (set.getFirst()) {
            case "prompt" -> new Prompt.Messages(List.of(user(request.getPrompt())));
            case "messages" -> new Prompt.Messages(messages(request.getMessagesList()));
            default -> new Prompt.Text(request.getText());
        };
    }

    private boolean exactlyOne(List<String> set, String allowed) {
        if (set.isEmpty()) {
            wrong.add(prefix + "prompt", "is missing; allowed: exactly one of " + allowed);
        }
        for (int i = 1; i < set.size(); i++) {
            wrong.add(prefix + set.get(i), "is set beside " + set.getFirst() + "; allowed: exactly one of " + allowed);
        }
        return set.size() == 1;
    }

    private ChatMessage user(String content) {
        if (content.isEmpty()) {
            wrong.add(prefix + "prompt", "is empty; allowed: at least one character");
        }
        return new ChatMessage("user", content);
    }

    private Prompt text(String text) {
        if (text.isEmpty()) {
            wrong.add(prefix + "text", "is empty; allowed: at least one character");
        }
        return new Prompt.Text(text);
    }

    private List<ChatMessage> messages(List<io.aded.v1.ChatMessage> sent) {
        List<ChatMessage> messages = new ArrayList<>(sent.size());
        boolean saysSomething = false;
        for (int i = 0; i < sent.size(); i++) {
            String role = sent.get(i).getRole();
            if (!role.isEmpty() && !ROLE.matcher(role).matches()) {
                wrong.add(
                        prefix + "messages[" + i + "].role",
                        "is no role; allowed: system, user, assistant, or 1 to 64 of A-Z a-z 0-9 _ . -");
            }
            saysSomething |= !sent.get(i).getContent().isEmpty();
            messages.add(
                    new ChatMessage(role.isEmpty() ? "user" : role, sent.get(i).getContent()));
        }
        if (!saysSomething) {
            wrong.add(prefix + "messages", "have no content; allowed: at least one character in one of them");
        }
        return messages;
    }

    private SamplingParameters sampling(Sampling set, SamplingParameters before) {
        Map<Integer, Float> bias = before.logitBias();
        if (set.getLogitBiasCount() > 0) {
            bias = new HashMap<>(set.getLogitBiasMap());
        }
        SamplingParameters merged = new SamplingParameters(
                set.hasTemperature() ? set.getTemperature() : before.temperature(),
                set.hasTopK() ? set.getTopK() : before.topK(),
                set.hasTopP() ? set.getTopP() : before.topP(),
                set.hasMinP() ? set.getMinP() : before.minP(),
                set.hasTypicalP() ? set.getTypicalP() : before.typicalP(),
                set.hasRepeatPenalty() ? set.getRepeatPenalty() : before.repeatPenalty(),
                set.hasFrequencyPenalty() ? set.getFrequencyPenalty() : before.frequencyPenalty(),
                set.hasPresencePenalty() ? set.getPresencePenalty() : before.presencePenalty(),
                set.hasPenaltyWindow() ? set.getPenaltyWindow() : before.penaltyWindow(),
                set.hasSeed() ? Integer.valueOf(set.getSeed()) : before.seed(),
                bias,
                set.hasGrammar() ? emptyToNull(set.getGrammar()) : before.grammar(),
                set.hasJsonSchema() ? emptyToNull(set.getJsonSchema()) : before.jsonSchema());
        wrong.addAll(merged.violations(prefix + "sampling.", model.vocabularySize()));
        return merged;
    }

    private static @Nullable String emptyToNull(String text) {
        return text.isEmpty() ? null : text;
    }

    private DraftPolicy draft(io.aded.v1.DraftPolicy set, DraftPolicy before) {
        DraftPolicy base = before;
        switch (set.getMode()) {
            case DRAFT_MODE_UNSPECIFIED -> {}
            case UNRECOGNIZED ->
                wrong.add(prefix + "draft.mode", "is " + set.getModeValue() + "; allowed: " + knownModes());
            default -> base = DraftPolicy.of(mode(set.getMode()));
        }
        DraftPolicy merged = new DraftPolicy(
                base.mode(),
                set.hasMaxNodes() ? set.getMaxNodes() : base.maxNodes(),
                set.hasMaxDepth() ? set.getMaxDepth() : base.maxDepth(),
                set.hasMaxBranches() ? set.getMaxBranches() : base.maxBranches(),
                set.hasShareLearned() ? set.getShareLearned() : before.shareLearned());
        wrong.addAll(merged.violations(prefix + "draft."));
        return merged;
    }

    private static DraftMode mode(io.aded.v1.DraftMode mode) {
        return switch (mode) {
            case DRAFT_MODE_UNSPECIFIED, DRAFT_MODE_AUTO, UNRECOGNIZED -> DraftMode.AUTO;
            case DRAFT_MODE_OFF -> DraftMode.OFF;
            case DRAFT_MODE_ADED -> DraftMode.ADED;
            case DRAFT_MODE_ADED_MCTS -> DraftMode.ADED_MCTS;
            case DRAFT_MODE_PROMPT_LOOKUP -> DraftMode.PROMPT_LOOKUP;
            case DRAFT_MODE_NGRAM_SIMPLE -> DraftMode.NGRAM_SIMPLE;
            case DRAFT_MODE_NGRAM_MOD -> DraftMode.NGRAM_MOD;
            case DRAFT_MODE_NGRAM_CACHE -> DraftMode.NGRAM_CACHE;
        };
    }

    private static String knownModes() {
        return Arrays.stream(io.aded.v1.DraftMode.values())
                .filter(mode -> mode != io.aded.v1.DraftMode.UNRECOGNIZED
                        && mode != io.aded.v1.DraftMode.DRAFT_MODE_UNSPECIFIED)
                .map(mode -> mode.getNumber() + " (" + mode.name() + ")")
                .collect(Collectors.joining(", "));
    }

    /**
     * What the engine found wrong, under the names of the caller's own message: the engine knows neither in which message
     * a turn came nor that {@code prompt} is short for {@code messages}.
     */
    static AdedException.InvalidRequest renamed(
            AdedException.InvalidRequest invalid, String prefix, GenerateRequest request) {
        return new AdedException.InvalidRequest(invalid.violations().stream()
                .map(violation ->
                        new FieldViolation(prefix + fieldOf(violation.field(), request), violation.description()))
                .toList());
    }

    private static String fieldOf(String field, GenerateRequest request) {
        if (request.hasPrompt() && field.startsWith("messages")) {
            return "prompt";
        }
        return switch (field) {
            case "grammar", "json_schema" -> "sampling." + field;
            default -> field;
        };
    }

    static int[] ints(List<Integer> values) {
        int[] array = new int[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }
}
