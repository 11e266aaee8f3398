package io.aded.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.RenderedChat;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ChatTemplatesTest {
    private static final SpecialTexts SPECIAL = new SpecialTexts("<s>", "</s>", true);
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2026-11-26T12:00:00Z"));

    private static final String ZEPHYR = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
            + "{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n"
            + "{{ '<|system|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n"
            + "{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n"
            + "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}";

    private static final String STRICT = "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
            + "{{ raise_exception('no place for ' + messages[0].content) }}{% endif %}"
            + "{% for m in messages %}({{ m.role | upper }}){{ m['content'] | trim }};{% endfor %}"
            + "{% if add_generation_prompt %}>{% endif %}";

    @Test
    void render_modelsOwn_isWhatTheTemplateSays() {
        ChatTemplates template = template(ZEPHYR);
        assertThat(text(template, conversation()))
                .isEqualTo("<|system|>\nBe brief.</s>\n<|user|>\nHello é</s>\n<|assistant|>\n");
        assertThat(template.description()).isEqualTo("the model's own");
        assertThat(template.problem()).isNull();
    }

    @Test
    void render_whatTheTokeniserAdds_isNotWrittenTwice() {
        assertThat(text(template(STRICT), List.of(user(" x "), new ChatMessage("bot", "b"))))
                .isEqualTo("(USER)x;(BOT)b;>");
        SpecialTexts without = new SpecialTexts("<s>", "</s>", false);
        assertThat(ChatTemplates.of(STRICT, without, CLOCK, ZoneOffset.UTC)
                        .render(List.of(user("x")), true)
                        .text())
                .isEqualTo("<s>(USER)x;>");
    }

    @Test
    void render_beginningThatACallerWrote_stays() {
        RenderedChat chat = template("{{ messages[0].content }}").render(List.of(user("<s>x")), true);
        assertThat(chat).isEqualTo(new RenderedChat("<s>x", 0, 4));
    }

    @Test
    void render_callersText_isMarkedThroughWhatTheTemplateDoesWithIt() {
        String source =
                "{% for m in messages %}<{{ m.role }}>{{ m.content.strip()[1:] | replace('b', 'B') }}|{% endfor %}";
        RenderedChat chat = template(source).render(List.of(user("  abcb ")), true);
        assertThat(chat.text()).isEqualTo("<user>BcB|");
        // "c" came from the caller; the letters put in their place are the template's, and so are roles that all have.
        assertThat(chat).isEqualTo(new RenderedChat("<user>BcB|", 7, 8));
        assertThat(template(source).render(List.of(new ChatMessage("end", "ab")), true))
                .isEqualTo(new RenderedChat("<end>B|", 1, 4));
    }

    @Test
    void render_templateThatRefuses_saysWhyWithoutTheCallersText() {
        assertThatThrownBy(() -> template(STRICT).render(conversation(), true))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("refuses them: no place for …");
    }

    @Test
    void render_templateThatFails_isTheRequestsError() {
        assertThatThrownBy(() -> template("{{ messages[0].content + 1 }}").render(List.of(user("x")), true))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("can only concatenate str");
    }

    @Test
    void render_endlessTemplate_isStopped() {
        String endless = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
        assertThatThrownBy(() -> template(endless).render(List.of(user("x")), true))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("steps");
        String bomb =
                "{% set ns = namespace(a='xxxxxxxx') %}{% for i in range(64) %}{% set ns.a = ns.a + ns.a %}{% endfor"
                        + " %}";
        assertThatThrownBy(() -> template(bomb).render(List.of(user("x")), true))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("characters");
    }

    @Test
    void render_assistantLast_endsInsideItsMessage() {
        List<ChatMessage> begun = List.of(user("Count."), new ChatMessage("assistant", "One, two, "));
        assertThat(text(template(ZEPHYR), begun)).isEqualTo("<|user|>\nCount.</s>\n<|assistant|>\nOne, two, ");
        assertThat(template(ZEPHYR).render(begun, false).text()).endsWith("One, two, </s>\n");
        List<ChatMessage> empty = List.of(user("Count."), new ChatMessage("assistant", " "));
        assertThat(text(template(ZEPHYR), empty)).isEqualTo("<|user|>\nCount.</s>\n<|assistant|>\n");
    }

    @Test
    void render_assistantLastButChanged_isRefused() {
        String upper = "{% for m in messages %}{{ m.content | upper }}{% endfor %}";
        assertThatThrownBy(() -> template(upper).render(List.of(user("a"), new ChatMessage("assistant", "one")), true))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("continued");
    }

    @Test
    void of_noOrBrokenTemplate_isChatMlAndSaysSo() {
        for (String source : new @Nullable String[] {null, "", "{% if %}{{ nope("}) {
            ChatTemplates template = template(source);
            assertThat(text(template, conversation()))
                    .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello é<|im_end|>\n"
                            + "<|im_start|>assistant\n");
            assertThat(template.description()).startsWith("chatml, because the model");
            assertThat(template.problem()).isNotNull();
        }
        assertThat(template("{% if %}").problem()).contains("broken");
        assertThat(template("{% \u001b[31m %}").problem()).contains("\\u001b").doesNotContain("\u001b");
    }

    @ParameterizedTest
    @EnumSource(KnownTemplate.class)
    void overridden_name_isThatLayout(KnownTemplate known) {
        ChatTemplates template = ChatTemplates.overridden(known.label(), SPECIAL, CLOCK, ZoneOffset.UTC);
        List<ChatMessage> messages =
                List.of(new ChatMessage("system", "S"), user("U"), new ChatMessage("assistant", "A"), user("V"));
        String expected = switch (known) {
            case CHATML ->
                "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
                        + "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n";
            case LLAMA2 -> "[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]";
            case LLAMA3 ->
                "<|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
                        + "<|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\n";
            case GEMMA ->
                "<start_of_turn>user\nS\n\nU<end_of_turn>\n<start_of_turn>model\nA<end_of_turn>\n"
                        + "<start_of_turn>user\nV<end_of_turn>\n<start_of_turn>model\n";
            case PHI3 ->
                "<|system|>\nS<|end|>\n<|user|>\nU<|end|>\n<|assistant|>\nA<|end|>\n<|user|>\nV<|end|>\n"
                        + "<|assistant|>\n";
            case ZEPHYR -> "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\nA</s>\n<|user|>\nV</s>\n<|assistant|>\n";
            case VICUNA -> "S\n\nUSER: U\nASSISTANT: A</s>\nUSER: V\nASSISTANT:";
        };
        assertThat(text(template, messages)).isEqualTo(expected);
    }

    @Test
    void overridden_neitherNameNorTemplate_isRefused() {
        assertThatThrownBy(() -> ChatTemplates.overridden("llama9", SPECIAL, CLOCK, ZoneOffset.UTC))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("allowed: chatml, llama2");
        assertThatThrownBy(() -> ChatTemplates.overridden("{{ x", SPECIAL, CLOCK, ZoneOffset.UTC))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("broken");
    }

    @Test
    void render_noMessages_isRefused() {
        assertThatThrownBy(() -> template(ZEPHYR).render(List.of(), true))
                .isInstanceOf(AdedException.InvalidRequest.class);
    }

    @Test
    void render_messageWithTemplateSyntax_isOnlyText() {
        String hostile = "{{ 7 * 7 }} {% for i in range(9) %}x{% endfor %} {# c #} {{ bos_token }}";
        assertThat(text(template(ZEPHYR), List.of(user(hostile)))).contains(hostile);
    }

    private static ChatMessage user(String text) {
        return new ChatMessage("user", text);
    }

    private static List<ChatMessage> conversation() {
        return List.of(new ChatMessage("system", "Be brief."), user("Hello é"));
    }

    private static ChatTemplates template(@Nullable String source) {
        return ChatTemplates.of(source, SPECIAL, CLOCK, ZoneOffset.UTC);
    }

    private static String text(ChatTemplates template, List<ChatMessage> messages) {
        return template.render(messages, true).text();
    }
}
