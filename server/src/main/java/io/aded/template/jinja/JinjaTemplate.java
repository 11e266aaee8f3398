package io.aded.template.jinja;

import io.aded.template.jinja.Node.Statement;
import io.aded.template.jinja.TemplateException.Kind;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;

/**
 * A template that was parsed and can be rendered, in the dialect that Hugging Face's transformers gives to chat
 * templates: jinja2 3.1 with {@code trim_blocks}, {@code lstrip_blocks}, loop controls, the immutable sandbox,
 * {@code raise_exception}, {@code strftime_now}, a {@code tojson} that does not escape for HTML, and {@code generation}
 * tags that print their body. Immutable and thread-safe.
 */
public final class JinjaTemplate {
    /** The longest source, in UTF-16 units; the longest known templates have some 30,000. */
    public static final int LONGEST_SOURCE = 1 << 20;

    private final List<Statement> statements;

    private JinjaTemplate(List<Statement> statements) {
        this.statements = statements;
    }

    /**
     * Parses a template.
     *
     * @throws TemplateException of kind {@code SYNTAX} if it is no valid program, or longer than
     *     {@link #LONGEST_SOURCE}
     */
    public static JinjaTemplate parse(String source) {
        if (source.length() > LONGEST_SOURCE) {
            throw new TemplateException(
                    Kind.SYNTAX, "the template has " + source.length() + " characters; allowed: " + LONGEST_SOURCE);
        }
        return new JinjaTemplate(Parser.parse(source));
    }

    /**
     * Renders the template.
     *
     * @param variables what the template is given, by name
     * @param now the time that {@code strftime_now} tells
     * @param bounds how much it may cost
     * @return the text, which tells its characters' origin
     * @throws TemplateException if the template refuses, fails, or reaches a bound
     */
    public Text render(Map<String, Value> variables, ZonedDateTime now, Bounds bounds) {
        try {
            return new Interpreter(new Meter(bounds), Globals.at(now)).render(statements, variables);
        } catch (StackOverflowError e) {
            throw new TemplateException(Kind.EXHAUSTED, "the chat template nests too deeply");
        }
    }
}
