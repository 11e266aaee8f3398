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
 * counterpart there is: parts of the API that are not served, and messages that make no sense whatever their values.
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
    private final List<String> notServed = new ArrayList<>();

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
        refuseWhatIsNotServed();
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
        refuseWhatIsNotServed();
        if (!unreadable.isEmpty()) {
            throw new AdedException.InvalidRequest(unreadable);
        }
        return change;
    }

    private TurnInput input(@Nullable Prompt prompt, GenerationChange change) {
        refuseWhatIsNotServed();
        return new TurnInput(prompt, change, unreadable);
    }

    private void refuseWhatIsNotServed() {
        if (!notServed.isEmpty()) {
            throw new AdedException.NotServed(notServed);
        }
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
                content = text(message.getPartsList(), "messages[" + i + "].parts");
            }
            messages.add(new ChatMessage(message.getRole().isEmpty() ? "user" : message.getRole(), content));
        }
        return messages;
    }

    private String text(List<ContentPart> parts, String field) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts.size(); i++) {
            ContentPart part = parts.get(i);
            String path = field + "[" + i + "]";
            switch (part.getPartCase()) {
                case TEXT -> text.append(part.getText());
                case REASONING -> notServed(path + ".reasoning");
                case TOOL_CALL -> notServed(path + ".tool_call");
                case TOOL_RESULT -> notServed(path + ".tool_result");
                case PART_NOT_SET -> unreadable(path, "says nothing; allowed: a text");
            }
        }
        return text.toString();
    }

    /** A message may have a million of either; nobody reads so far. */
    private void unreadable(String field, String description) {
        if (unreadable.size() < MOST_WRONG) {
            unreadable.add(new FieldViolation(field, description));
        }
    }

    private void notServed(String field) {
        if (notServed.size() < MOST_WRONG) {
            notServed.add(field);
        }
    }

    static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }

    // --- options

    private GenerationChange change(GenerationOptions set, Set<String> cleared) {
        findWhatIsNotServed(set);
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

    private void findWhatIsNotServed(GenerationOptions set) {
        if (set.getToolsCount() > 0) {
            notServed.add("tools");
        }
        if (set.hasToolChoice()) {
            notServed.add("tool_choice");
        }
        if (set.hasParallelToolCalls()) {
            notServed.add("parallel_tool_calls");
        }
        if (set.hasReasoning()) {
            notServed.add("reasoning");
        }
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
                set.hasShareLearned() ? Boolean.valueOf(set.getShareLearned()) : null);
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
