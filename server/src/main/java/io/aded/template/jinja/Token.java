package io.aded.template.jinja;

/**
 * A token of a template.
 *
 * @param kind what it is
 * @param text an operator or a name as written, template data as it is printed, a string with its escapes resolved, a
 *     number without underscores
 * @param line where it begins, from 1
 */
record Token(Kind kind, String text, int line) {

    enum Kind {
        DATA,
        BLOCK_BEGIN,
        BLOCK_END,
        VARIABLE_BEGIN,
        VARIABLE_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    boolean isOperator(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    /** For messages. */
    String description() {
        return switch (kind) {
            case DATA -> "template data";
            case BLOCK_BEGIN -> "begin of statement block";
            case BLOCK_END -> "end of statement block";
            case VARIABLE_BEGIN -> "begin of print statement";
            case VARIABLE_END -> "end of print statement";
            case END -> "end of template";
            case NAME, STRING, INTEGER, FLOAT, OPERATOR -> "'" + text + "'";
        };
    }
}
