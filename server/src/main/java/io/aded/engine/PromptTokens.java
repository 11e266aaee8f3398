package io.aded.engine;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.RenderedChat;
import io.aded.model.TargetModel;
import io.aded.model.TemplateVariables;
import io.aded.model.Vocabulary;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Splits prompts into tokens.
 *
 * <p>In a rendered chat, the template's own markers ({@code <|im_end|>}) must become control tokens, and the same
 * characters from a caller must not: a user who writes the marker would otherwise speak as the system. Nearly always
 * nothing that came from a caller touches such text, and the rendered chat is split as a whole, as it was in training.
 * Runs that do touch it are split by themselves, as mere text, whatever the template did with them before; what is
 * looked at is the rendered text.
 */
final class PromptTokens {
    private final TargetModel model;
    private final Vocabulary vocabulary;
    private final ControlTexts controls;

    PromptTokens(TargetModel model) {
        this.model = model;
        vocabulary = model.vocabulary();
        controls = ControlTexts.of(vocabulary);
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
            case Prompt.Messages(List<ChatMessage> messages, TemplateVariables variables) ->
                chat(messages, variables, null).tokens();
        };
    }

    /**
     * Raw text: never control tokens.
     *
     * @param begins whether it begins a conversation; otherwise it continues the text before it, without a blank
     *     between
     */
    int[] text(String text, boolean begins) {
        int[] tokens = begins ? vocabulary.tokenize(text, true, false) : vocabulary.tokenizeContinuation(text, false);
        int ownBegin = begins && tokens.length > 0 && tokens[0] == vocabulary.beginningOfSequence() ? 1 : 0;
        return hasControl(tokens, ownBegin) ? concatenated(begin(ownBegin), mereText(text, begins)) : tokens;
    }

    /**
     * A chat as tokens.
     *
     * @param tokens of the whole, or of what follows {@code before}
     * @param rendered the whole as text
     * @param continues whether {@code tokens} only continues {@code before}
     */
    record Chat(int[] tokens, String rendered, boolean continues) {}

    /** As below, with no variables. */
    Chat chat(List<ChatMessage> messages, @Nullable String before) {
        return chat(messages, TemplateVariables.NONE, before);
    }

    /**
     * Renders and splits a chat.
     *
     * @param messages the whole conversation
     * @param variables what the template is given beside it
     * @param before what was rendered for its earlier messages; if the whole begins with it, only the rest is split
     */
    Chat chat(List<ChatMessage> messages, TemplateVariables variables, @Nullable String before) {
        RenderedChat full = model.chatTemplate().render(messages, variables, true);
        boolean continues = before != null && full.text().startsWith(before);
        int from = continues && before != null ? before.length() : 0;
        int[] tokens = split(full.part(from, full.text().length()), !continues);
        return new Chat(withoutDoubledBegin(tokens), full.text(), continues);
    }

    private int[] split(RenderedChat chat, boolean begins) {
        String text = chat.text();
        IntStream.Builder tokens = IntStream.builder();
        int done = 0;
        for (int i = 0; i < chat.ranges(); i++) {
            if (!controls.touch(text, chat.start(i), chat.end(i))) {
                continue;
            }
            add(tokens, template(text.substring(done, chat.start(i)), begins && done == 0, done > 0));
            add(tokens, mereText(text.substring(chat.start(i), chat.end(i)), false));
            done = chat.end(i);
        }
        if (done < text.length() || done == 0) {
            add(tokens, template(text.substring(done), begins && done == 0, done > 0 || !begins));
        }
        return tokens.build().toArray();
    }

    /** A part in which control tokens are the template's own. */
    private int[] template(String part, boolean begins, boolean continues) {
        return continues ? vocabulary.tokenizeContinuation(part, true) : vocabulary.tokenize(part, begins, true);
    }

    /**
     * Text that becomes no control token, even where the tokeniser's own merging would make one of it: it is cut inside
     * each control token's text, which it then cannot see as a whole.
     */
    private int[] mereText(String text, boolean begins) {
        int[] whole = begins ? vocabulary.tokenize(text, false, false) : vocabulary.tokenizeContinuation(text, false);
        if (!hasControl(whole, 0)) {
            return whole;
        }
        IntStream.Builder tokens = IntStream.builder();
        int done = 0;
        for (int at = controls.next(text, 0); at >= 0; at = controls.next(text, at + 1)) {
            int cut = at + Character.charCount(text.codePointAt(at));
            add(tokens, vocabulary.tokenizeContinuation(text.substring(done, cut), false));
            done = cut;
        }
        add(tokens, vocabulary.tokenizeContinuation(text.substring(done), false));
        int[] cut = tokens.build().toArray();
        if (hasControl(cut, 0)) {
            throw new AdedException.InvalidRequest(
                    "messages", "contain text that this model's tokeniser takes for a control token; remove it");
        }
        return cut;
    }

    private boolean hasControl(int[] tokens, int from) {
        for (int i = from; i < tokens.length; i++) {
            if (vocabulary.isControl(tokens[i])) {
                return true;
            }
        }
        return false;
    }

    private int[] begin(int count) {
        return count == 0 ? new int[0] : new int[] {vocabulary.beginningOfSequence()};
    }

    private static int[] concatenated(int[] first, int[] second) {
        int[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static void add(IntStream.Builder all, int[] tokens) {
        for (int token : tokens) {
            all.add(token);
        }
    }

    /** Some templates write out the token that the tokeniser adds too, and not always first: the tokeniser's goes. */
    private int[] withoutDoubledBegin(int[] tokens) {
        int begin = vocabulary.beginningOfSequence();
        if (tokens.length < 2 || begin < 0 || tokens[0] != begin) {
            return tokens;
        }
        for (int i = 1; i < Math.min(tokens.length, 8); i++) {
            if (tokens[i] == begin) {
                return Arrays.copyOfRange(tokens, 1, tokens.length);
            }
        }
        return tokens;
    }
}
