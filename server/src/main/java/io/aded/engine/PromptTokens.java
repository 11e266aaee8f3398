package io.aded.engine;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.TargetModel;
import io.aded.model.Vocabulary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Splits prompts into tokens.
 *
 * <p>In a rendered chat, the template's own markers ({@code <|im_end|>}) must become control tokens, and the same
 * characters in a message must not: a user who writes the marker would otherwise speak as the system. Nearly always no
 * message contains such text, and the rendered chat is split as a whole, as it was in training. A message that does is
 * rendered as a placeholder first, and its text is split by itself, as mere text.
 */
final class PromptTokens {
    /** Unicode noncharacters: never assigned, and no template's business. */
    private static final char OPEN = '\uFDD0';

    private static final char CLOSE = '\uFDD1';

    private final TargetModel model;
    private final Vocabulary vocabulary;

    PromptTokens(TargetModel model) {
        this.model = model;
        this.vocabulary = model.vocabulary();
    }

    /**
     * The tokens of a prompt that begins a conversation.
     *
     * @throws AdedException.InvalidRequest if the template refuses the messages
     */
    int[] first(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Tokens(int[] ids) -> ids;
            case Prompt.Text(String text) -> text(text, true);
            case Prompt.Messages(List<ChatMessage> messages) ->
                chat(messages, null).tokens();
        };
    }

    /** Raw text: never control tokens. */
    int[] text(String text, boolean begins) {
        return vocabulary.tokenize(text, begins, false);
    }

    /**
     * A chat as tokens.
     *
     * @param tokens of the whole, or of what follows {@code before}
     * @param rendered the whole as text
     * @param continues whether {@code tokens} only continues {@code before}
     */
    record Chat(int[] tokens, String rendered, boolean continues) {}

    /**
     * Renders and splits a chat.
     *
     * @param messages the whole conversation
     * @param before what was rendered for its earlier messages; if the whole begins with it, only the rest is split
     */
    Chat chat(List<ChatMessage> messages, @Nullable String before) {
        String full = model.chatTemplate().render(messages, true);
        boolean continues = before != null && full.startsWith(before);
        int from = continues && before != null ? before.length() : 0;
        int[] tokens = containsControl(messages)
                ? guarded(messages, full, from)
                : vocabulary.tokenize(full.substring(from), !continues, true);
        return new Chat(withoutDoubledBegin(tokens), full, continues);
    }

    private boolean containsControl(List<ChatMessage> messages) {
        for (ChatMessage message : messages) {
            if (namesControlToken(message.content())) {
                return true;
            }
        }
        return false;
    }

    private boolean namesControlToken(String content) {
        return !Arrays.equals(vocabulary.tokenize(content, false, true), vocabulary.tokenize(content, false, false));
    }

    private int[] guarded(List<ChatMessage> messages, String full, int from) {
        List<ChatMessage> masked = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            ChatMessage message = messages.get(i);
            boolean mask = namesControlToken(message.content());
            masked.add(mask ? new ChatMessage(message.role(), OPEN + "" + i + CLOSE) : message);
        }
        String template = model.chatTemplate().render(masked, true);
        IntStream.Builder tokens = IntStream.builder();
        StringBuilder check = new StringBuilder();
        int at = 0;
        boolean begins = from == 0;
        while (at < template.length()) {
            int open = template.indexOf(OPEN, at);
            String piece = template.substring(at, open < 0 ? template.length() : open);
            begins = add(tokens, check, piece, from, begins, true);
            if (open < 0) {
                break;
            }
            int close = template.indexOf(CLOSE, open);
            int index = Integer.parseInt(template.substring(open + 1, close));
            begins = add(tokens, check, messages.get(index).content(), from, begins, false);
            at = close + 1;
        }
        if (!full.contentEquals(check)) {
            throw new AdedException.InvalidRequest(
                    "messages",
                    "a message contains the text of a control token of this model, and its chat template changes"
                            + " messages, so that the text cannot be kept apart; remove it from the message");
        }
        return tokens.build().toArray();
    }

    /** Splits the part of a piece that lies beyond {@code from} in the whole. Returns whether nothing was added yet. */
    private boolean add(
            IntStream.Builder tokens, StringBuilder soFar, String piece, int from, boolean begins, boolean parse) {
        int skip = Math.min(piece.length(), Math.max(0, from - soFar.length()));
        soFar.append(piece);
        String rest = piece.substring(skip);
        if (rest.isEmpty()) {
            return begins;
        }
        for (int token : vocabulary.tokenize(rest, begins, parse)) {
            tokens.add(token);
        }
        return false;
    }

    /** Some templates write out the token that the tokeniser adds too. */
    private int[] withoutDoubledBegin(int[] tokens) {
        int begin = vocabulary.beginningOfSequence();
        boolean doubled = tokens.length > 1 && begin >= 0 && tokens[0] == begin && tokens[1] == begin;
        return doubled ? Arrays.copyOfRange(tokens, 1, tokens.length) : tokens;
    }
}
