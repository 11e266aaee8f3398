package io.aded.engine;

import io.aded.dialect.AnswerForm;
import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.RenderedChat;
import io.aded.model.TargetModel;
import io.aded.model.Vocabulary;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Splits prompts into tokens.
 *
 * <p>In a rendered chat, the template's own markers ({@code <|im_end|>}) must become control tokens, and the same
 * characters from a caller must not: a user who writes the marker would otherwise speak as the system. Nearly always
 * nothing that came from a caller touches such text, and the rendered chat is split as a whole, as it was in training.
 * Runs that do touch it are split by themselves, as mere text, whatever the template did with them before; what is
 * looked at is the rendered text. A tokeniser may make a control token of other characters too, by merging or by
 * normalising; so what comes out is counted, and where there is more than the template wrote, every run of a caller's
 * is split by itself.
 */
final class PromptTokens {
    private final TargetModel model;
    private final Vocabulary vocabulary;
    private final ControlTexts controls;
    /** Tokens that the tokeniser puts before a text by itself: one that begins, or none. */
    private final int leading;
    /** Those that it puts behind one. A prompt goes on after its last character, so they are left away. */
    private final int trailing;

    PromptTokens(TargetModel model) {
        this.model = model;
        vocabulary = model.vocabulary();
        controls = ControlTexts.of(vocabulary);
        int[] added = vocabulary.tokenize("", true, false);
        int[] some = added.length == 0 ? added : vocabulary.tokenize("a", true, false);
        leading = some.length > 0 && some[0] == vocabulary.beginningOfSequence() ? 1 : 0;
        trailing = Math.max(0, added.length - leading);
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
            case Prompt.Messages chat -> chat(chat.messages(), chat, null).tokens();
        };
    }

    /**
     * Raw text: never control tokens.
     *
     * @param begins whether it begins a conversation; otherwise it continues the text before it, without a blank
     *     between
     */
    int[] text(String text, boolean begins) {
        int[] tokens = begins ? begun(text, false) : vocabulary.tokenizeContinuation(text, false);
        int ownBegin = begins && tokens.length > 0 && tokens[0] == vocabulary.beginningOfSequence() ? 1 : 0;
        return hasControl(tokens, ownBegin) ? concatenated(begin(ownBegin), mereText(text, begins)) : tokens;
    }

    /**
     * A chat as tokens.
     *
     * @param tokens of the whole, or of what follows {@code before}
     * @param whole what was rendered
     * @param continues whether {@code tokens} only continues {@code before}
     */
    record Chat(int[] tokens, RenderedChat whole, boolean continues) {
        /** The whole as text. */
        String rendered() {
            return whole.text();
        }
    }

    /** As below, with no variables. */
    Chat chat(List<ChatMessage> messages, @Nullable String before) {
        return chat(messages, new Prompt.Messages(messages), before);
    }

    /**
     * Renders and splits a chat.
     *
     * @param messages the whole conversation
     * @param prompt the turn, whose tools and variables the template is given beside it
     * @param before what was rendered for its earlier messages; if the whole begins with it, only the rest is split
     */
    Chat chat(List<ChatMessage> messages, Prompt.Messages prompt, @Nullable String before) {
        AnswerForm form = prompt.form();
        RenderedChat full = model.chatTemplate()
                .render(
                        form == null ? messages : form.dialect().shown(messages),
                        prompt.tools(),
                        prompt.variables(),
                        true);
        boolean continues = before != null && full.text().startsWith(before);
        int from = continues && before != null ? before.length() : 0;
        int[] tokens = split(full.part(from, full.text().length()), !continues);
        return new Chat(withoutDoubledBegin(tokens), full, continues);
    }

    private int[] split(RenderedChat chat, boolean begins) {
        int[] tokens = split(chat, begins, false);
        return controls(tokens, begins) > written(chat) ? split(chat, begins, true) : tokens;
    }

    /**
     * Splits a chat at its callers' runs.
     *
     * @param all at all of them; otherwise only at those that touch a control token's text
     */
    private int[] split(RenderedChat chat, boolean begins, boolean all) {
        String text = chat.text();
        IntStream.Builder tokens = IntStream.builder();
        int done = 0;
        boolean first = begins;
        for (int i = 0; i < chat.ranges(); i++) {
            if (!all && !controls.touch(text, chat.start(i), chat.end(i))) {
                continue;
            }
            add(tokens, template(text.substring(done, chat.start(i)), first));
            add(tokens, mereText(text.substring(chat.start(i), chat.end(i)), false));
            done = chat.end(i);
            first = false;
        }
        if (done < text.length() || done == 0) {
            add(tokens, template(text.substring(done), first));
        }
        return tokens.build().toArray();
    }

    /** A part in which control tokens are the template's own. */
    private int[] template(String part, boolean begins) {
        return begins ? begun(part, true) : vocabulary.tokenizeContinuation(part, true);
    }

    /** A text at the beginning, with what goes before it. */
    private int[] begun(String text, boolean parseSpecial) {
        int[] tokens = vocabulary.tokenize(text, true, parseSpecial);
        return trailing == 0 ? tokens : Arrays.copyOf(tokens, Math.max(0, tokens.length - trailing));
    }

    /** Control tokens that the template wrote: those whose text no caller's character is in. */
    private int written(RenderedChat chat) {
        int count = 0;
        int done = 0;
        for (int i = 0; i < chat.ranges(); i++) {
            count += controls.count(chat.text(), done, chat.start(i));
            done = chat.end(i);
        }
        return count + controls.count(chat.text(), done, chat.text().length());
    }

    /** Control tokens, but for the one that the tokeniser puts before a text. */
    private int controls(int[] tokens, boolean begins) {
        int count = 0;
        for (int token : tokens) {
            count += isControl(token) ? 1 : 0;
        }
        return begins && leading > 0 && isControl(vocabulary.beginningOfSequence()) ? count - 1 : count;
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
        int[] cut = cutInControls(text);
        if (hasControl(cut, 0)) {
            cut = byCharacter(text);
        }
        if (hasControl(cut, 0)) {
            throw new AdedException.InvalidRequest(
                    "messages", "contain text that this model's tokeniser takes for a control token; remove it");
        }
        return cut;
    }

    private int[] cutInControls(String text) {
        IntStream.Builder tokens = IntStream.builder();
        int done = 0;
        for (int at = controls.next(text, 0); at >= 0; at = controls.next(text, at + 1)) {
            int cut = at + Character.charCount(text.codePointAt(at));
            add(tokens, vocabulary.tokenizeContinuation(text.substring(done, cut), false));
            done = cut;
        }
        add(tokens, vocabulary.tokenizeContinuation(text.substring(done), false));
        return tokens.build().toArray();
    }

    /** Where control tokens come out of other texts than their names: nothing merges. Each character is asked once. */
    private int[] byCharacter(String text) {
        Map<Integer, int[]> known = new HashMap<>();
        IntStream.Builder tokens = IntStream.builder();
        text.codePoints()
                .forEach(character -> add(
                        tokens,
                        known.computeIfAbsent(
                                character,
                                _ -> vocabulary.tokenizeContinuation(Character.toString(character), false))));
        return tokens.build().toArray();
    }

    /** What ends an answer is one, whatever the vocabulary calls it. */
    private boolean isControl(int token) {
        return vocabulary.isControl(token) || vocabulary.endsGeneration(token);
    }

    private boolean hasControl(int[] tokens, int from) {
        for (int i = from; i < tokens.length; i++) {
            if (isControl(tokens[i])) {
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
