package io.aded.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.Durations;
import io.aded.engine.Prompt;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.FieldViolation;
import io.aded.model.SamplingParameters;
import io.aded.serving.DraftChoice;
import io.aded.serving.GenerationChange;
import io.aded.serving.OpenInput;
import io.aded.serving.TurnInput;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.Open;
import io.aded.v1.Sampling;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Messages of this API as what {@link io.aded.serving} takes. Whether values are allowed is not asked here; only what has
 * no counterpart there is found wrong, such as two prompts at once. One reader a message.
 */
final class RequestReader {
    private final List<FieldViolation> unreadable = new ArrayList<>();

    /** What was found wrong while reading. */
    List<FieldViolation> unreadable() {
        return unreadable;
    }

    /** A turn has the fields of a {@code GenerateRequest} by the same numbers, so it is one. */
    static GenerateRequest asGenerate(Turn turn) {
        try {
            return GenerateRequest.parseFrom(turn.toByteString());
        } catch (InvalidProtocolBufferException e) {
            throw new AdedException.Internal("TURN_UNREADABLE", "a turn could not be read as a request", e);
        }
    }

    TurnInput turn(GenerateRequest request) {
        GenerationChange generation = new GenerationChange(
                sampling(request.getSampling()),
                draft(request.getDraft()),
                request.hasMaxTokens() ? Integer.valueOf(request.getMaxTokens()) : null,
                request.getStopStringsList(),
                request.getStopTokensList(),
                request.getIgnoreEnd(),
                request.hasLogProbabilities() ? Integer.valueOf(request.getLogProbabilities()) : null,
                request.hasReportRounds() ? Boolean.valueOf(request.getReportRounds()) : null,
                request.getPriority());
        return new TurnInput(prompt(request), generation, unreadable);
    }

    OpenInput open(Open open) {
        return new OpenInput(
                open.getModel(),
                open.getConversationId(),
                open.getRequireResume(),
                retention(open),
                defaults(
                        open.getSampling(),
                        open.getDraft(),
                        open.hasLogProbabilities() ? Integer.valueOf(open.getLogProbabilities()) : null,
                        open.hasReportRounds() ? Boolean.valueOf(open.getReportRounds()) : null),
                unreadable);
    }

    GenerationChange update(Update update) {
        return defaults(
                update.getSampling(),
                update.getDraft(),
                update.hasLogProbabilities() ? Integer.valueOf(update.getLogProbabilities()) : null,
                update.hasReportRounds() ? Boolean.valueOf(update.getReportRounds()) : null);
    }

    private static GenerationChange defaults(
            Sampling sampling, DraftPolicy draft, @Nullable Integer logProbabilities, @Nullable Boolean reportRounds) {
        return new GenerationChange(
                sampling(sampling), draft(draft), null, null, null, null, logProbabilities, reportRounds, null);
    }

    private @Nullable Duration retention(Open open) {
        if (!open.hasRetention()) {
            return null;
        }
        var retention = open.getRetention();
        if (!Durations.isValid(retention)) {
            unreadable.add(new FieldViolation("retention", "is no duration"));
            return null;
        }
        return Duration.ofSeconds(retention.getSeconds(), retention.getNanos());
    }

    private @Nullable Prompt prompt(GenerateRequest request) {
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
        if (set.isEmpty()) {
            return null;
        }
        onlyOne(set);
        return switch (set.getFirst()) {
            case "prompt" -> new Prompt.Messages(List.of(new ChatMessage("user", request.getPrompt())));
            case "messages" -> new Prompt.Messages(messages(request.getMessagesList()));
            case "text" -> new Prompt.Text(request.getText());
            default -> new Prompt.Tokens(ints(request.getTokensList()));
        };
    }

    /** What a prompt to be counted consists of. */
    @Nullable
    Prompt prompt(CountTokensRequest request) {
        GenerateRequest.Builder same = GenerateRequest.newBuilder().addAllMessages(request.getMessagesList());
        if (request.hasPrompt()) {
            same.setPrompt(request.getPrompt());
        }
        if (request.hasText()) {
            same.setText(request.getText());
        }
        return prompt(same.build());
    }

    private void onlyOne(List<String> set) {
        for (int i = 1; i < set.size(); i++) {
            unreadable.add(new FieldViolation(
                    set.get(i),
                    "is set beside " + set.getFirst() + "; allowed: exactly one of prompt, messages, text and tokens"));
        }
    }

    private static List<ChatMessage> messages(List<io.aded.v1.ChatMessage> sent) {
        return sent.stream()
                .map(message ->
                        new ChatMessage(message.getRole().isEmpty() ? "user" : message.getRole(), message.getContent()))
                .toList();
    }

    private static UnaryOperator<SamplingParameters> sampling(Sampling set) {
        return before -> {
            Map<Integer, Float> bias = before.logitBias();
            if (set.getLogitBiasCount() > 0) {
                bias = new HashMap<>(set.getLogitBiasMap());
            }
            return new SamplingParameters(
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
        };
    }

    private static @Nullable String emptyToNull(String text) {
        return text.isEmpty() ? null : text;
    }

    private static DraftChoice draft(DraftPolicy set) {
        return new DraftChoice(
                switch (set.getMode()) {
                    case DRAFT_MODE_UNSPECIFIED -> null;
                    case DRAFT_MODE_AUTO -> "auto";
                    case DRAFT_MODE_OFF -> "off";
                    case DRAFT_MODE_ADED -> "aded";
                    case DRAFT_MODE_ADED_MCTS -> "aded-mcts";
                    case DRAFT_MODE_PROMPT_LOOKUP -> "prompt-lookup";
                    case DRAFT_MODE_NGRAM_SIMPLE -> "ngram-simple";
                    case DRAFT_MODE_NGRAM_MOD -> "ngram-mod";
                    case DRAFT_MODE_NGRAM_CACHE -> "ngram-cache";
                    case UNRECOGNIZED -> String.valueOf(set.getModeValue());
                },
                set.hasMaxNodes() ? Integer.valueOf(set.getMaxNodes()) : null,
                set.hasMaxDepth() ? Integer.valueOf(set.getMaxDepth()) : null,
                set.hasMaxBranches() ? Integer.valueOf(set.getMaxBranches()) : null,
                set.hasShareLearned() ? Boolean.valueOf(set.getShareLearned()) : null);
    }

    static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
