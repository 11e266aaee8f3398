package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.aded.model.AdedException;
import io.aded.model.ChatMessage;
import io.aded.model.ChatTemplate;
import io.aded.template.ChatTemplates;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplatesTest {
    private static final String CHATML = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' +"
            + " message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}"
            + "{{ '<|im_start|>assistant\\n' }}{% endif %}";
    /** TinyLlama's: the C API takes it for another model's that ends messages otherwise. */
    private static final String ZEPHYR = "{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
            + "{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'system' %}\n"
            + "{{ '<|system|>\\n' + message['content'] + eos_token }}\n{% elif message['role'] == 'assistant' %}\n"
            + "{{ '<|assistant|>\\n'  + message['content'] + eos_token }}\n{% endif %}\n"
            + "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n{% endif %}\n{% endfor %}";

    private static final String OWN = "{{ bos_token }}{%- set ns = namespace(n=0) -%}"
            + "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system message') }}{% endif %}"
            + "{% for m in messages %}{% set ns.n = ns.n + 1 %}"
            + "{% if m['content'].startswith('#') %}!{% endif %}"
            + "({{ ns.n }}:{{ m.role | upper }}){{ m['content'] | trim }};{% endfor %}"
            + "{% if add_generation_prompt %}>{% endif %}";

    @TempDir
    private static Path directory;

    private static LlamaModel model;

    @BeforeAll
    static void load() {
        model = LlamaModel.load(LlamaLibrary.bundled(), TinyModels.f32(directory), ModelParameters.DEFAULT);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @Test
    void render_templateThatTheLibraryKnows_isLaidOutByIt() {
        ChatTemplate template = template(CHATML);
        assertThat(template.render(conversation(), true))
                .isEqualTo("<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHello é<|im_end|>\n"
                        + "<|im_start|>assistant\n");
        assertThat(template.render(conversation(), false)).endsWith("Hello é<|im_end|>\n");
        assertThat(template.description()).contains("llama.cpp");
        assertThat(model.chatTemplate().render(conversation(), true)).isEqualTo(template.render(conversation(), true));
    }

    @Test
    void render_templateThatTheLibraryOnlyThinksItKnows_isTheModelsOwn() {
        ChatTemplate template = template(ZEPHYR);
        assertThat(template.render(conversation(), true))
                .contains("<|system|>\nBe brief.</s>\n")
                .contains("<|user|>\nHello é</s>\n")
                .endsWith("<|assistant|>\n")
                .doesNotContain("endoftext");
        assertThat(template.description()).contains("Jinja");
    }

    @Test
    void render_unknownTemplate_runsItWithoutASecondBeginning() {
        ChatTemplate template = template(OWN);
        assertThat(template.render(List.of(new ChatMessage("user", " #a \n"), new ChatMessage("assistant", "b")), true))
                .isEqualTo("(1:USER)#a;(2:ASSISTANT)b;>");
        assertThatThrownBy(() -> template.render(conversation(), true))
                .isInstanceOf(AdedException.InvalidRequest.class)
                .hasMessageContaining("refuses");
    }

    @Test
    void render_messageWithTemplateSyntax_isOnlyText() {
        String hostile = "{{ 7 * 7 }} {% for i in range(9) %}x{% endfor %} {# c #} {{ bos_token }}";
        for (String source : List.of(CHATML, ZEPHYR, OWN)) {
            assertThat(template(source).render(List.of(new ChatMessage("user", hostile)), true))
                    .contains(hostile);
        }
    }

    @Test
    void render_noOrBrokenTemplate_isChatMl() {
        for (String source : new String[] {null, "", "{% if %}{{ nope("}) {
            ChatTemplate template = template(source);
            assertThat(template.render(conversation(), true)).startsWith("<|im_start|>system\n");
            assertThat(template.description()).contains("ChatML");
        }
    }

    @Test
    void render_noMessages_isRefused() {
        assertThatThrownBy(() -> template(CHATML).render(List.of(), true))
                .isInstanceOf(AdedException.InvalidRequest.class);
    }

    private static List<ChatMessage> conversation() {
        return List.of(new ChatMessage("system", "Be brief."), new ChatMessage("user", "Hello é"));
    }

    private static ChatTemplate template(@Nullable String source) {
        LlamaVocabulary vocabulary = (LlamaVocabulary) model.vocabulary();
        return new ChatTemplates(new NativeTemplates(model.library().natives()), source, vocabulary.specialTexts());
    }
}
