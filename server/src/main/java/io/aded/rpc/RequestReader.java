package io.aded.rpc;

import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import io.aded.engine.PrefixSharing;
import io.aded.engine.Prompt;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.FieldViolation;
import io.aded.serving.Constraint;
import io.aded.serving.DraftChoice;
import io.aded.serving.GenerationChange;
import io.aded.serving.OpenInput;
import io.aded.serving.TurnInput;
import io.aded.v1.ContentPart;
import io.aded.v1.CountTokensRequest;
import io.aded.v1.DraftPolicy;
import io.aded.v1.GenerateRequest;
import io.aded.v1.GenerationOptions;
import io.aded.v1.Open;
import io.aded.v1.ToolCall;
import io.aded.v1.ToolResult;
import io.aded.v1.Turn;
import io.aded.v1.Update;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Messages of this API as what {@link io.aded.serving} takes. Whether values are allowed is not asked here. What has no
 * counterpart there is: messages that make no sense whatever their values.
 *
 * <p>One reader a message. Fields are named as {@code io.aded.serving} would; {@link FieldPaths} makes paths of the
 * names.
 */
final class RequestReader {
    /** As many of a list of options are read: more than {@code io.aded.serving} allows, which says so. */
    private static final int MOST_READ = 1 << 16;

    /** So many wrong fields are looked at. */
    private static final int MOST_WRONG = 256;

    private final List<FieldViolation> unreadable = new ArrayList<>();

    /** A turn of {@code Generate}. */
    TurnInput turn(GenerateRequest request) {
        Prompt prompt = switch (request.getInputCase()) {
            case PROMPT -> user(request.getPrompt());
            case CHAT -> new Prompt.Messages(messages(request.getChat().getMessagesList()));
            case TEXT -> new Prompt.Text(request.getText());
            case TOKENS -> new Prompt.Tokens(ints(request.getTokens().getIdsList()));
            case INPUT_NOT_SET -> null;
        };
        return input(prompt, change(request.getOptions(), Set.of()));
    }

    /** A turn of {@code Converse}. */
    TurnInput turn(Turn turn) {
        Prompt prompt = switch (turn.getInputCase()) {
            case PROMPT -> user(turn.getPrompt());
            case CHAT -> new Prompt.Messages(messages(turn.getChat().getMessagesList()));
            case TEXT -> new Prompt.Text(turn.getText());
            case TOKENS -> new Prompt.Tokens(ints(turn.getTokens().getIdsList()));
            case INPUT_NOT_SET -> null;
        };
        Set<String> reset = OptionPaths.named(turn.getReset(), "reset", unreadable);
        return input(prompt, change(turn.getOptions(), reset));
    }

    /** A prompt to be counted. Of its options only the template variables change how many tokens it has. */
    TurnInput count(CountTokensRequest request) {
        Prompt prompt = switch (request.getInputCase()) {
            case PROMPT -> user(request.getPrompt());
            case CHAT -> new Prompt.Messages(messages(request.getChat().getMessagesList()));
            case TEXT -> new Prompt.Text(request.getText());
            case INPUT_NOT_SET -> null;
        };
        return input(prompt, change(request.getOptions(), Set.of()));
    }

    /** How a conversation is opened. */
    OpenInput open(Open open) {
        Set<String> reset = OptionPaths.named(open.getReset(), "reset", unreadable);
        Duration retention = retention(open);
        GenerationChange defaults = change(open.getOptions(), reset);
        return new OpenInput(
                open.getModel(), open.getConversationId(), open.getRequireResume(), retention, defaults, unreadable);
    }

    /** How defaults change. */
    GenerationChange update(Update update) {
        FieldMask mask = update.getUpdateMask();
        GenerationOptions options = update.getOptions();
        Set<String> cleared = Set.of();
        if (mask.getPathsCount() > 0) {
            Set<String> named = OptionPaths.named(mask, "update_mask", unreadable);
            GenerationOptions all = options;
            options = OptionPaths.only(all, named);
            cleared = new LinkedHashSet<>(named);
            cleared.removeIf(path -> OptionPaths.isSet(all, path));
        }
        GenerationChange change = change(options, cleared);
        if (!unreadable.isEmpty()) {
            throw new AdedException.InvalidRequest(unreadable);
        }
        return change;
    }

    private TurnInput input(@Nullable Prompt prompt, GenerationChange change) {
        return new TurnInput(prompt, change, unreadable);
    }

    // --- prompts

    private static Prompt user(String content) {
        return new Prompt.Messages(List.of(new ChatMessage("user", content)));
    }

    private List<ChatMessage> messages(List<io.aded.v1.ChatMessage> sent) {
        List<ChatMessage> messages = new ArrayList<>(sent.size());
        for (int i = 0; i < sent.size(); i++) {
            io.aded.v1.ChatMessage message = sent.get(i);
            String content = message.getContent();
            if (message.getPartsCount() > 0) {
                if (!content.isEmpty()) {
                    unreadable("messages[" + i + "].parts", "is set beside content; allowed: one of the two");
                }
            }
            String role = message.getRole().isEmpty() ? "user" : message.getRole();
            if (message.getPartsCount() > 0) {
                parts(role, message.getPartsList(), "messages[" + i + "].parts", messages);
            } else {
                messages.add(new ChatMessage(role, content));
            }
        }
        return messages;
    }

    /** A message of parts; one with several results becomes a message for each. */
    private void parts(String role, List<ContentPart> parts, String field, List<ChatMessage> messages) {
        StringBuilder text = new StringBuilder();
        StringBuilder reasoning = new StringBuilder();
        List<ChatMessage.ToolCall> calls = new ArrayList<>();
        List<ToolResult> results = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            ContentPart part = parts.get(i);
            switch (part.getPartCase()) {
                case TEXT -> text.append(part.getText());
                case REASONING -> reasoning.append(part.getReasoning());
                case TOOL_CALL -> {
                    ToolCall call = part.getToolCall();
                    String arguments = call.getArguments();
                    calls.add(new ChatMessage.ToolCall(
                            call.getId(), call.getName(), arguments.isBlank() ? "{}" : arguments));
                }
                case TOOL_RESULT -> results.add(part.getToolResult());
                case PART_NOT_SET ->
                    unreadable(
                            field + "[" + i + "]", "says nothing; allowed: text, reasoning, tool_call or tool_result");
            }
        }
        if (results.isEmpty()) {
            messages.add(new ChatMessage(role, text.toString(), reasoning.toString(), calls, null));
            return;
        }
        if (!text.isEmpty()) {
            unreadable(field, "has text beside a tool result; allowed: one of the two");
        }
        for (ToolResult result : results) {
            messages.add(new ChatMessage(
                    role, result.getContent(), reasoning.toString(), calls, ToolMessages.answered(result, messages)));
        }
    }

    /** A message may have a million of either; nobody reads so far. */
    private void unreadable(String field, String description) {
        if (unreadable.size() < MOST_WRONG) {
            unreadable.add(new FieldViolation(field, description));
        }
    }

    static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    // --- options

    private GenerationChange change(GenerationOptions set, Set<String> cleared) {
        return GenerationChange.builder()
                .cleared(cleared)
                .sampling(SamplingMessages.change(set.getSampling(), cleared))
                .constraint(set.hasConstraint() ? constraint(set.getConstraint()) : null)
                .draft(draft(set.getDraft()))
                .maxTokens(set.hasMaxTokens() ? Integer.valueOf(set.getMaxTokens()) : null)
                .stopStrings(
                        set.getStopStringsCount() > 0
                                ? set.getStopStringsList().stream()
                                        .limit(MOST_READ)
                                        .toList()
                                : null)
                .stopTokens(
                        set.getStopTokensCount() > 0
                                ? set.getStopTokensList().stream()
                                        .limit(MOST_READ)
                                        .toList()
                                : null)
                .ignoreEnd(set.hasIgnoreEnd() ? Boolean.valueOf(set.getIgnoreEnd()) : null)
                .logProbabilities(set.hasLogProbabilities() ? Integer.valueOf(set.getLogProbabilities()) : null)
                .reportRounds(set.hasReportRounds() ? Boolean.valueOf(set.getReportRounds()) : null)
                .prefixSharing(set.hasPrefixSharing() ? prefixSharing(set.getPrefixSharing()) : null)
                .templateVariables(set.hasTemplateVariables() ? Structs.variables(set.getTemplateVariables()) : null)
                .speech(ToolMessages.speech(set, this::unreadable))
                .priority(set.hasPriority() ? Integer.valueOf(set.getPriority()) : null)
                .build();
    }

    private @Nullable PrefixSharing prefixSharing(io.aded.v1.PrefixSharing set) {
        return switch (set) {
            case PREFIX_SHARING_UNSPECIFIED -> null;
            case PREFIX_SHARING_NONE -> PrefixSharing.NONE;
            case PREFIX_SHARING_CALLER -> PrefixSharing.CALLER;
            case PREFIX_SHARING_ALL -> PrefixSharing.ALL;
            case UNRECOGNIZED -> {
                unreadable.add(new FieldViolation(
                        "prefix_sharing", "is not known; allowed: PREFIX_SHARING_NONE, _CALLER and _ALL"));
                yield null;
            }
        };
    }

    private @Nullable Constraint constraint(io.aded.v1.Constraint set) {
        return switch (set.getKindCase()) {
            case NONE -> Constraint.NONE;
            case GRAMMAR -> new Constraint.Grammar(set.getGrammar());
            case JSON_SCHEMA -> new Constraint.JsonSchema(set.getJsonSchema());
            case JSON_OBJECT -> Constraint.JSON_OBJECT;
            case REGULAR_EXPRESSION -> new Constraint.RegularExpression(set.getRegularExpression());
            case KIND_NOT_SET -> {
                unreadable.add(new FieldViolation(
                        "constraint",
                        "is of no kind; allowed: exactly one of none, grammar, json_schema,"
                                + " regular_expression and json_object"));
                yield null;
            }
        };
    }

    private static DraftChoice draft(DraftPolicy set) {
        return new DraftChoice(
                set.getMode().isEmpty() ? null : set.getMode(),
                set.hasMaxNodes() ? Integer.valueOf(set.getMaxNodes()) : null,
                set.hasMaxDepth() ? Integer.valueOf(set.getMaxDepth()) : null,
                set.hasMaxBranches() ? Integer.valueOf(set.getMaxBranches()) : null,
                set.hasShareLearned() ? Boolean.valueOf(set.getShareLearned()) : null,
                set.hasAllowTraining() ? Boolean.valueOf(set.getAllowTraining()) : null);
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
}
