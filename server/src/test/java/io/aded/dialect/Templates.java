package io.aded.dialect;

import io.aded.model.ChatTemplate;
import io.aded.template.ChatTemplates;
import io.aded.template.SpecialTexts;
import java.time.Instant;
import java.time.ZoneOffset;

/** Small templates, each of another kind. */
public final class Templates {
    private static final String LOOP = """
        {%- if tools %}<tools>{{ tools | tojson }}</tools>
        {% endif -%}
        {%- for m in messages %}
        {%- if m.role == 'assistant' -%}
        """;
    private static final String END = """
        {%- else %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}
        """;

    /** JSON between two marks, one pair a call, and reasoning of the latest answer before them. */
    public static final String TAGGED = LOOP + """
        {{ '<|assistant|>' }}
        {%- if m.reasoning_content and loop.last %}{{ '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' }}{% endif %}
        {{- m.content }}
        {%- for call in m.tool_calls or [] %}
        {{- ('\\n' if m.content or not loop.first else '') + '<tool_call>\\n{"name": "' + call.function.name }}
        {{- '", "arguments": ' + (call.function.arguments | tojson) + '}\\n</tool_call>' }}
        {%- endfor %}{{ '<|end|>' }}
        """ + END;

    /** A list of JSON objects behind one mark, with ids; arguments are given as text. */
    public static final String LISTED = LOOP + """
        {{ '<|assistant|>' + m.content }}
        {%- if m.tool_calls %}{{ '[CALLS][' }}
        {%- for call in m.tool_calls %}
        {{- '{"name": "' + call.function.name + '", "arguments": ' + call.function.arguments }}
        {{- ', "id": "' + call.id + '"}' + (', ' if not loop.last else '') }}
        {%- endfor %}{{ ']' }}{% endif %}{{ '<|end|>' }}
        """ + END;

    /** Each argument by itself. */
    public static final String KEYED = LOOP + """
        {{ '<|assistant|>' + m.content }}
        {%- for call in m.tool_calls or [] %}
        {{- '<tool_call>\\n<function=' + call.function.name + '>\\n' }}
        {%- for key, value in call.function.arguments | items %}
        {{- '<parameter=' + key + '>\\n' + (value if value is string else value | tojson) + '\\n</parameter>\\n' }}
        {%- endfor %}{{ '</function>\\n</tool_call>' + ('\\n' if not loop.last else '') }}
        {%- endfor %}{{ '<|end|>' }}
        """ + END;

    /** A call as in Python, strings between marks of their own. */
    public static final String QUOTED = LOOP + """
        {{ '<|assistant|>' + m.content }}
        {%- for call in m.tool_calls or [] %}
        {{- '<|tool_call>call:' + call.function.name + '{' }}
        {%- for key, value in call.function.arguments | items %}
        {{- key + ':' + ('<|"|>' + value + '<|"|>' if value is string else value | string | lower) }}
        {{- ',' if not loop.last else '' }}
        {%- endfor %}{{ '}<tool_call|>' }}
        {%- endfor %}{{ '<|end|>' }}
        """ + END;

    /** Nothing but the object, one call an answer. */
    public static final String BARE = LOOP + """
        {{ '<|assistant|>' }}
        {%- if m.tool_calls %}
        {%- if m.tool_calls | length > 1 %}{{ raise_exception('one call') }}{% endif %}
        {{- '{"name": "' + m.tool_calls[0].function.name + '", "parameters": ' }}
        {{- (m.tool_calls[0].function.arguments | tojson) + '}' }}
        {%- else %}{{ m.content }}{% endif %}{{ '<|end|>' }}
        """ + END;

    /** The name between marks, and then the arguments in a block; a section around all calls. */
    public static final String SECTIONED = LOOP + """
        {{ '<|assistant|>' + m.content }}
        {%- if m.tool_calls %}{{ '<|calls_begin|>' }}
        {%- for call in m.tool_calls %}
        {{- '<|call_begin|>function<|sep|>' + call.function.name + '\\n```json\\n' }}
        {{- (call.function.arguments | tojson) + '\\n```<|call_end|>' }}
        {%- endfor %}{{ '<|calls_end|>' }}{% endif %}{{ '<|end|>' }}
        """ + END;

    /** Channels: reasoning and text each have a mark of their own, and the answer begins anew between them. */
    public static final String CHANNELS = """
        {%- for m in messages %}
        {%- if m.role == 'assistant' %}
        {%- if m.reasoning_content %}
        {{- '<|start|>assistant<|channel|>analysis<|message|>' + m.reasoning_content + '<|stop|>' }}
        {%- endif %}{{ '<|start|>assistant<|channel|>final<|message|>' + m.content + '<|end|>' }}
        {%- else %}{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}
        {%- if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}
        """;

    /** Neither tools nor reasoning. */
    public static final String PLAIN = """
        {%- for m in messages %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endfor %}
        {%- if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}
        """;

    /** Reasoning that the prompt opens, unless it is switched off, and that earlier answers lose. */
    public static final String OPENED = """
        {%- for m in messages %}
        {%- if m.role == 'assistant' %}{{ '<|assistant|>' + m.content.split('</think>')[-1] + '<|end|>' }}
        {%- else %}{{ '<|' + m.role + '|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}
        {%- if add_generation_prompt %}{{ '<|assistant|>' }}
        {%- if enable_thinking is not defined or enable_thinking %}{{ '<think>\\n' }}
        {%- else %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}{% endif %}
        """;

    private Templates() {}

    /** A template of its source. */
    public static ChatTemplate of(String source) {
        return ChatTemplates.of(source, new SpecialTexts("<s>", "<|end|>", false), () -> Instant.EPOCH, ZoneOffset.UTC);
    }

    static Dialect dialect(String source) {
        return DialectProbe.probe(of(source), "<|end|>"::equals);
    }
}
