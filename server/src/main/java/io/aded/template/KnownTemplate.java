package io.aded.template;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Layouts that can be named instead of a model's own, for files whose template is missing or wrong. Each is the plain
 * form of a family: a system message where the family knows one, users and assistants by turns.
 */
public enum KnownTemplate {
    /** ChatML: Qwen and many others; it stands in where a model has no usable template. */
    CHATML("chatml", """
        {%- for m in messages -%}
        {{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}
        """),
    /** Llama 2 and the first Mistral models: {@code [INST]}, with the system message inside the first one. */
    LLAMA2("llama2", """
        {%- set ns = namespace(system='') -%}
        {%- for m in messages -%}
        {%- if m.role == 'system' -%}{%- set ns.system = '<<SYS>>\\n' + m.content + '\\n<</SYS>>\\n\\n' -%}
        {%- elif m.role == 'assistant' -%}{{ ' ' + m.content + ' ' + eos_token }}
        {%- else -%}{{ bos_token + '[INST] ' + ns.system + m.content + ' [/INST]' }}{%- set ns.system = '' -%}
        {%- endif -%}
        {%- endfor -%}
        """),
    /** Llama 3 and later. */
    LLAMA3("llama3", """
        {{- bos_token -}}
        {%- for m in messages -%}
        {{ '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content + '<|eot_id|>' }}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif -%}
        """),
    /** Gemma: no system role; a system message goes in front of the first user's. */
    GEMMA("gemma", """
        {{- bos_token -}}
        {%- set ns = namespace(system='') -%}
        {%- for m in messages -%}
        {%- if m.role == 'system' -%}{%- set ns.system = m.content + '\\n\\n' -%}
        {%- else -%}
        {{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + ns.system + m.content \
        + '<end_of_turn>\\n' }}{%- set ns.system = '' -%}
        {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}
        """),
    /** Phi 3 and its kin. */
    PHI3("phi3", """
        {%- for m in messages -%}
        {{ '<|' + m.role + '|>\\n' + m.content + '<|end|>\\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{ '<|assistant|>\\n' }}{%- endif -%}
        """),
    /** Zephyr and TinyLlama. */
    ZEPHYR("zephyr", """
        {%- for m in messages -%}
        {{ '<|' + m.role + '|>\\n' + m.content + eos_token + '\\n' }}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{ '<|assistant|>\\n' }}{%- endif -%}
        """),
    /** Vicuna: roles written out. */
    VICUNA("vicuna", """
        {%- for m in messages -%}
        {%- if m.role == 'system' -%}{{ m.content + '\\n\\n' }}
        {%- elif m.role == 'assistant' -%}{{ 'ASSISTANT: ' + m.content + eos_token + '\\n' }}
        {%- else -%}{{ 'USER: ' + m.content + '\\n' }}
        {%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{ 'ASSISTANT:' }}{%- endif -%}
        """);

    private final String label;
    private final String source;

    KnownTemplate(String label, String source) {
        this.label = label;
        this.source = source;
    }

    /** The name in configurations. */
    public String label() {
        return label;
    }

    /** The template, in Jinja. */
    String source() {
        return source;
    }

    /** The layout of a name, or null if there is none. */
    public static @Nullable KnownTemplate named(String label) {
        return Arrays.stream(values())
                .filter(known -> known.label.equals(label))
                .findFirst()
                .orElse(null);
    }

    /** All names, for messages. */
    public static String names() {
        return Arrays.stream(values()).map(KnownTemplate::label).collect(Collectors.joining(", "));
    }
}
