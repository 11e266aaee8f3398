package io.aded.template.jinja;

/** A template that could not be parsed or rendered. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong. */
    public enum Kind {
        /** The template is no valid program. */
        SYNTAX,
        /** The template itself refused what it was given, by {@code raise_exception}; the message is its own. */
        REFUSED,
        /** An operation failed, as it would in Python: a type that does not fit, something that is not defined. */
        FAILED,
        /** A bound was reached: steps, output, nesting or time. */
        EXHAUSTED
    }

    private final Kind kind;

    TemplateException(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    /** What went wrong. */
    public Kind kind() {
        return kind;
    }

    static TemplateException failed(String message) {
        return new TemplateException(Kind.FAILED, message);
    }

    static TemplateException syntax(String message, int line) {
        return new TemplateException(Kind.SYNTAX, message + " (line " + line + ")");
    }
}
