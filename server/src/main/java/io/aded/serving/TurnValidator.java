package io.aded.serving;

import io.aded.dialect.Spoken;
import io.aded.draft.catalogue.DrafterKind;
import io.aded.engine.Prompt;
import io.aded.engine.TurnRequest;
import io.aded.grammar.GrammarBounds;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.TemplateVariables;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The one place that says whether a turn's values are allowed. It finds everything that is wrong at once and goes on
 * with something harmless; fields have neutral names, of which façades make paths.
 *
 * <p>What the engine and the model say beyond it depends on more than values: whether a prompt fits into what is left
 * of the context, whether a grammar compiles, whether the chat template takes the messages.
 */
public final class TurnValidator {
    private static final Pattern ROLE = Pattern.compile("[A-Za-z0-9_.-]{1,64}");
    private static final int MOST_MESSAGES = 16_384;
    private static final int MOST_STOP_STRINGS = 16;
    private static final int MOST_STOP_CHARACTERS = 1024;
    private static final int MOST_STOP_TOKENS = 1024;
    private static final int MOST_ALTERNATIVES = 20;
    private static final int MOST_PRIORITY = 100;

    /** How many bad token ids of a list are named one by one. */
    private static final int BAD_TOKENS_NAMED = 8;

    /** Who calls over the network has to ask the operator for it. */
    private static final String LOAD_ONE =
            "; start the server with --draft-model FILE or --draft-self FORMAT, or ask for another mode";

    private final int vocabularySize;
    private final long mostPromptBytes;
    private final SpeechChecks speech;
    private final boolean hasDraftModel;

    /** Checks turns for a model whose prompts may have any length. */
    public TurnValidator(int vocabularySize) {
        this(vocabularySize, Long.MAX_VALUE);
    }

    /**
     * Checks turns for a model.
     *
     * @param vocabularySize token ids are below it
     * @param mostPromptBytes a longer text cannot fit into the context, whatever its tokens: to find that out by
     *     splitting it would take long
     */
    public TurnValidator(int vocabularySize, long mostPromptBytes) {
        this(vocabularySize, mostPromptBytes, null);
    }

    /**
     * Checks turns for a model that may call tools, and reason.
     *
     * @param spoken how it does; null if it does neither
     */
    public TurnValidator(int vocabularySize, long mostPromptBytes, @Nullable Spoken spoken) {
        this(vocabularySize, mostPromptBytes, spoken, false);
    }

    /**
     * As above.
     *
     * @param hasDraftModel whether a second model is loaded, without which some drafters cannot be asked for
     */
    public TurnValidator(int vocabularySize, long mostPromptBytes, @Nullable Spoken spoken, boolean hasDraftModel) {
        this.hasDraftModel = hasDraftModel;
        this.vocabularySize = vocabularySize;
        this.mostPromptBytes = mostPromptBytes;
        speech = new SpeechChecks(spoken);
    }

    /** Says what is allowed of tools and reasoning. */
    SpeechChecks speech() {
        return speech;
    }

    /** What fields may hold at most, for callers to know beforehand. */
    public FieldBounds bounds() {
        return new FieldBounds(
                mostPromptBytes,
                MOST_MESSAGES,
                MOST_STOP_STRINGS,
                MOST_STOP_CHARACTERS,
                MOST_STOP_TOKENS,
                MOST_ALTERNATIVES,
                MOST_PRIORITY,
                new FieldBounds.Variables(TemplateVariables.MOST, TemplateVariables.DEEPEST, TemplateVariables.LARGEST),
                new FieldBounds.Size(GrammarBounds.GRAMMAR_CHARACTERS, GrammarBounds.GRAMMAR_DEPTH),
                new FieldBounds.Size(GrammarBounds.SCHEMA_CHARACTERS, GrammarBounds.SCHEMA_DEPTH),
                new FieldBounds.Size(GrammarBounds.EXPRESSION_CHARACTERS, GrammarBounds.EXPRESSION_DEPTH));
    }

    /**
     * Checks a turn that is complete.
     *
     * @throws AdedException.InvalidRequest naming every field that is wrong
     */
    public ValidTurn validate(TurnRequest turn) {
        Violations wrong = new Violations();
        if (turn.sampling().grammar() != null && turn.sampling().jsonSchema() != null) {
            wrong.add("constraint.json_schema", "cannot be combined with a grammar; set one of them");
        }
        length(prompt(turn.prompt(), wrong), wrong);
        generation(Generation.of(turn), wrong);
        wrong.check();
        return new ValidTurn(turn, Constraint.of(turn.sampling()));
    }

    /**
     * Completes what a caller said of a turn, and checks it.
     *
     * @param input what they said
     * @param before what holds where they said nothing
     * @param server what the server has in force, and fields that they cleared return to
     * @throws AdedException.InvalidRequest naming every field that is wrong
     */
    public ValidTurn validate(TurnInput input, Generation before, Generation server, Caller caller) {
        speech.refuseWhatIsNotServed(input.generation().speech(), input.prompt());
        Violations wrong = new Violations();
        wrong.addAll(input.unreadable());
        Prompt prompt = prompt(input.prompt(), wrong);
        length(prompt, wrong);
        Generation generation = input.generation().over(before, server, hasDraftModel, wrong);
        generation(generation, wrong);
        wrong.check();
        TurnRequest request = new TurnRequest(
                prompt instanceof Prompt.Messages chat ? speech.prompt(chat, generation) : prompt,
                generation.constraint().over(generation.sampling()),
                generation.draft(),
                generation.maxTokens(),
                generation.stopStrings(),
                generation.stopTokens(),
                generation.ignoreEnd(),
                generation.logProbabilities(),
                generation.reportRounds(),
                generation.priority(),
                caller.clientId(),
                generation.prefixSharing(),
                caller.deadlineNanos(),
                caller.trace());
        return new ValidTurn(request, generation.constraint());
    }

    /** Checks a prompt; one that is missing is taken for an empty text. */
    Prompt prompt(@Nullable Prompt prompt, Violations wrong) {
        switch (prompt) {
            case null -> wrong.add("prompt", "is missing; allowed: exactly one of prompt, chat, text and tokens");
            case Prompt.Messages chat -> messages(chat.messages(), wrong);
            case Prompt.Text(String text) -> {
                if (text.isEmpty()) {
                    wrong.add("text", "is empty; allowed: at least one character");
                }
            }
            case Prompt.Tokens(int[] ids) -> {
                if (ids.length == 0) {
                    wrong.add("tokens", "is empty; allowed: at least one token");
                }
                tokens("tokens", Arrays.stream(ids), wrong);
            }
        }
        return prompt == null ? new Prompt.Text("") : prompt;
    }

    /** Refuses what cannot fit into the context; characters have at least a byte each. */
    private void length(Prompt prompt, Violations wrong) {
        switch (prompt) {
            case Prompt.Text(String text) -> length("text", text.length(), wrong);
            case Prompt.Messages chat ->
                length(
                        "messages",
                        chat.messages().stream()
                                .mapToLong(ChatMessage::characters)
                                .sum(),
                        wrong);
            case Prompt.Tokens tokens -> {
                // The engine counts them.
            }
        }
    }

    private void length(String field, long atLeast, Violations wrong) {
        if (atLeast > mostPromptBytes) {
            wrong.add(
                    field,
                    "is longer than the context, however it is split into tokens; allowed: at most " + mostPromptBytes
                            + " bytes");
        }
    }

    private void messages(List<ChatMessage> messages, Violations wrong) {
        if (messages.size() > MOST_MESSAGES) {
            wrong.add("messages", "has " + messages.size() + " entries; allowed: at most " + MOST_MESSAGES);
            return;
        }
        boolean saysSomething = false;
        for (int i = 0; i < messages.size(); i++) {
            ChatMessage message = messages.get(i);
            if (!ROLE.matcher(message.role()).matches()) {
                wrong.add(
                        "messages[" + i + "].role",
                        "is no role; allowed: system, user, assistant, or 1 to 64 of A-Z a-z 0-9 _ . -");
            }
            saysSomething |= message.characters() > 0;
        }
        speech.messages(messages, wrong);
        if (!saysSomething) {
            wrong.add("messages", "has no content; allowed: at least one character");
        }
    }

    /** Checks how answers are to be made. */
    void generation(Generation generation, Violations wrong) {
        wrong.addAll(generation.sampling().violations("sampling.", vocabularySize));
        constraint(generation, wrong);
        wrong.addAll(generation.draft().violations("draft."));
        DrafterKind mode = generation.draft().mode();
        if (mode.needsModel() && !hasDraftModel) {
            wrong.add("draft.mode", "\"" + mode + "\" " + DrafterKind.NO_MODEL + LOAD_ONE);
        }
        wrong.addAll(generation.templateVariables().violations("template_variables"));
        speech.request(generation.speech(), wrong);
        if (generation.maxTokens() < 0) {
            wrong.add("max_tokens", "is " + generation.maxTokens() + "; allowed: 0 (as many as fit) or more");
        }
        stopStrings(generation.stopStrings(), wrong);
        int stopTokens = generation.stopTokens().size();
        if (stopTokens > MOST_STOP_TOKENS) {
            wrong.add("stop_tokens", "has " + stopTokens + " entries; allowed: at most " + MOST_STOP_TOKENS);
        } else {
            tokens("stop_tokens", generation.stopTokens().stream().mapToInt(Integer::intValue), wrong);
        }
        wrong.within("log_probabilities", generation.logProbabilities(), -1, MOST_ALTERNATIVES);
        wrong.within("priority", generation.priority(), -MOST_PRIORITY, MOST_PRIORITY);
    }

    private static void constraint(Generation generation, Violations wrong) {
        Constraint constraint = generation.constraint();
        boolean empty = switch (constraint) {
            case Constraint.Grammar(String gbnf) -> gbnf.isBlank();
            case Constraint.JsonSchema(String schema) -> schema.isBlank();
            case Constraint.RegularExpression(String expression) -> expression.isEmpty();
            case Constraint.None none -> false;
            case Constraint.JsonObject object -> false;
        };
        if (empty) {
            wrong.add("constraint." + constraint.field(), "is empty; the constraint none is how to have none");
            return;
        }
        try {
            constraint.over(generation.sampling());
        } catch (AdedException.InvalidRequest refused) {
            wrong.addAll(refused.violations());
        }
    }

    private static void stopStrings(List<String> strings, Violations wrong) {
        if (strings.size() > MOST_STOP_STRINGS) {
            wrong.add("stop_strings", "has " + strings.size() + " entries; allowed: at most " + MOST_STOP_STRINGS);
        }
        for (int i = 0; i < Math.min(strings.size(), MOST_STOP_STRINGS); i++) {
            if (strings.get(i).isEmpty()) {
                wrong.add("stop_strings[" + i + "]", "is empty; allowed: at least one character");
            } else if (strings.get(i).length() > MOST_STOP_CHARACTERS) {
                // What may become a stop string is held back, and looked at with each token.
                wrong.add(
                        "stop_strings[" + i + "]",
                        "has " + strings.get(i).length() + " characters; allowed: at most " + MOST_STOP_CHARACTERS);
            }
        }
    }

    /** Checks a list of token ids. */
    void tokens(String field, IntStream tokens, Violations wrong) {
        int last = vocabularySize - 1;
        int bad = 0;
        int index = 0;
        for (var ids = tokens.iterator(); ids.hasNext(); index++) {
            int token = ids.nextInt();
            if ((token < 0 || token > last) && bad++ < BAD_TOKENS_NAMED) {
                wrong.add(field + "[" + index + "]", "is " + token + "; allowed: 0 to " + last);
            }
        }
        if (bad > BAD_TOKENS_NAMED) {
            wrong.add(field, "has " + (bad - BAD_TOKENS_NAMED) + " more ids out of range; allowed: 0 to " + last);
        }
    }
}
